import Glibc
import OceanAccess
import Synchronization
import TestSupport
import Testing

@testable import OceanEngine

/// The file of last logins, as the server writes it.
@Suite struct LoginFileTests {
  private final class Clock: Sendable {
    private let seconds = Atomic<Int64>(1000)
    func advance(by count: Int64) { seconds.wrappingAdd(count, ordering: .relaxed) }
    var now: Int64 { seconds.load(ordering: .relaxed) }
  }

  private let directory: TemporaryDirectory
  private let lines = LoggedLines()
  private let clock = Clock()
  private let line = "S\t1\tanna\tpop3\t192.0.2.1\t-\tquit\t1\t1\t1\t1\n"

  init() throws { directory = try TemporaryDirectory() }

  private func file(in name: String = "") -> LoginFile {
    LoginFile(LoginTable(in: directory.path + name), logger: lines.logger) { [clock] in clock.now }
  }

  private func write(to writer: LineWriter<LoginFile>, _ count: Int = 1) {
    for _ in 0..<count { writer.write(line) }
    #expect(writer.flush(within: 20_000))
  }

  private func sessions(in name: String = "") throws -> Int {
    try LoginTable(in: directory.path + name).logins(of: ["anna"]).sessions.count
  }

  @Test func `nothing is made before somebody logs in`() throws {
    let writer = LineWriter(to: file(), capacity: 1 << 20)
    #expect(writer.flush(within: 20_000))
    #expect(access("\(directory.path)/logins", F_OK) != 0)
    write(to: writer, 3)
    #expect(try sessions() == 3)
    #expect(lines.taken.isEmpty)
  }

  @Test func `a failure is said once, tried again in a minute, and its end is said`() throws {
    let writer = LineWriter(to: file(in: "/state"), capacity: 1 << 20)
    for _ in 0..<5 { write(to: writer) }
    #expect(lines.taken.count == 1)
    #expect(
      lines.taken[0].hasPrefix(
        "last logins are not written; 'ocean mailbox who' will not show them reason=cannot open"))
    #expect(mkdir("\(directory.path)/state", 0o700) == 0)
    clock.advance(by: 59)
    write(to: writer)
    #expect(lines.taken.count == 1)
    clock.advance(by: 1)
    write(to: writer)
    #expect(lines.taken.count == 2 && lines.taken.last == "last logins are written again lost_lines=6")
    #expect(try sessions(in: "/state") == 1)
  }

  @Test func `a damaged file is set aside, which is said`() throws {
    let path = "\(directory.path)/logins"
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    _ = Glibc.write(descriptor, "what", 4)
    close(descriptor)
    let writer = LineWriter(to: file(), capacity: 1 << 20)
    write(to: writer)
    #expect(
      lines.taken == [
        "some last logins are lost kept_as=\(path).damaged path=\(path) reason=it is not a table of logins of this version"
      ])
    #expect(try sessions() == 1)
  }

  @Test func `a long file becomes short again`() throws {
    let writer = LineWriter(to: file(), capacity: 8 << 20)
    for _ in 0..<60 { write(to: writer, 1000) }
    var status = stat()
    #expect(stat("\(directory.path)/logins", &status) == 0)
    #expect(status.st_size < 1_100_000, "\(status.st_size)")
    #expect(try sessions() == 8)
    #expect(lines.taken.isEmpty)
  }
}
