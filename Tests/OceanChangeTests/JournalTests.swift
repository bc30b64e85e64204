import Glibc
import TestSupport
import Testing

@testable import OceanChange

/// The journal's socket, with a socket of the test's own.
@Suite struct JournalTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = "\(directory.path)/socket"
  }

  /// A reader of datagrams, as the journal is one.
  private final class Reader {
    private let descriptor: Int32

    init(_ path: String) throws {
      descriptor = socket(
        AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      let result = withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(result == 0)
    }

    deinit { close(descriptor) }

    func next() -> String? {
      var buffer = [UInt8](repeating: 0, count: 1 << 18)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  /// Device and inode of this process's standard error.
  private var stream: String {
    var status = stat()
    fstat(STDERR_FILENO, &status)
    return "\(status.st_dev):\(status.st_ino)"
  }

  private func journal() throws -> Journal {
    guard let journal = Journal(stream: stream, path: path) else { throw Missing() }
    return journal
  }

  private struct Missing: Error {}

  @Test func `the journal is used only if standard error leads there`() {
    for stream in [nil, "", "1:2", "x", "\(stream)0", "0\(stream)"] as [String?] {
      let isUsed = Journal(stream: stream, path: path) != nil
      #expect(!isUsed, "\(stream ?? "nil")")
    }
    let isUsed = Journal(stream: stream, path: path) != nil
    #expect(isUsed)
    let isLong = Journal(stream: stream, path: String(repeating: "x", count: 200)) != nil
    #expect(!isLong)
  }

  /// Sends texts, and tells what became of each.
  private func send(_ texts: String..., to journal: inout Journal) -> [Journal.Outcome] {
    var outcomes: [Journal.Outcome] = []
    for text in texts { outcomes.append(journal.send(Array(text.utf8)) { Array("\($0) lost".utf8) }) }
    return outcomes
  }

  @Test func `without a journal a line goes elsewhere, and it may come back`() throws {
    var journal = try journal()
    var outcomes = send("one", to: &journal)
    var reader: Reader? = try Reader(path)
    outcomes += send("two", to: &journal)
    #expect(reader?.next() == "two")
    reader = nil
    var third = send("three", to: &journal)
    // A process that another test has just forked may hold the closed socket for a moment.
    for _ in 0..<5000 where third == [.taken] {
      usleep(1000)
      third = send("three", to: &journal)
    }
    outcomes += third
    unlink(path)
    reader = try Reader(path)
    // Longer than a datagram may be.
    outcomes += send("four", String(repeating: "x", count: 8 << 20), to: &journal)
    #expect(reader?.next() == "four")
    #expect(outcomes == [.refused, .taken, .refused, .taken, .refused])
  }

  @Test func `a journal that is behind keeps nobody waiting, and is told how much it missed`() throws {
    let reader = try Reader(path)
    var journal = try journal()
    var taken = 0
    while send("\(taken)", to: &journal) == [.taken] { taken += 1 }
    let dropped = send("x", "x", "x", "x", "x", "x", to: &journal)
    #expect(dropped.allSatisfy { $0 == .dropped })
    for number in 0..<taken { #expect(reader.next() == "\(number)") }
    #expect(reader.next() == nil)
    let outcome = send("again", to: &journal)
    #expect(outcome == [.taken])
    #expect(reader.next() == "7 lost")
    #expect(reader.next() == "again")
    #expect(reader.next() == nil)
  }
}
