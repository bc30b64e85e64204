import OceanHost
import OceanPlan
import TestPlans
import Testing

@Suite struct AccessLogLinesTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  private func read(_ log: String) throws -> AccessLogLines {
    try folder.configure("ip_control: { black_list: [192.0.2.0/24] }")
    try folder.write(log, to: "access.jsonl")
    var lines = AccessLogLines(
      Replay(try LoadedPlan(folder.path("ocean.yaml"), overriding: []) { _ in }.version, baseline: nil))
    try lines.read(folder.path("access.jsonl"), unpacked: "ocean replay ocean.yaml --log -")
    return lines
  }

  private static func session(_ peer: String) -> String {
    #"{"time":"2026-11-29T10:00:00Z","event":"session","service":"pop3","peer":"\#(peer)","outcome":"quit"}"#
  }

  @Test func `who would be refused is found`() throws {
    let lines = try read([Self.session("192.0.2.7"), Self.session("198.51.100.7")].joined(separator: "\n"))
    #expect(lines.replay.affected.map { "\($0.peer)" } == ["192.0.2.7"])
    #expect(lines.summary == nil)
  }

  /// A full disk leaves half a line.
  @Test func `half a line is counted and named`() throws {
    let lines = try read(Self.session("192.0.2.7") + "\n" + Self.session("192.0.2.8").prefix(40) + "\n\n")
    #expect(lines.unreadable == 1)
    #expect(lines.summary == "not read: 1 broken line, \(folder.path("access.jsonl")):2")
    #expect(throws: Never.self) { try lines.requireLines() }
  }

  @Test func `a file that is no log is a failure`() throws {
    let lines = try read("once upon a time\n")
    #expect(throws: Failure.self) { try lines.requireLines() }
  }

  @Test func `an empty log is one`() throws {
    #expect(throws: Never.self) { try read("").requireLines() }
  }

  @Test func `what is compressed comes with the command that unpacks it`() throws {
    var lines = try read("")
    let path = folder.path("log.gz")
    try Files.writePrivately([0x1f, 0x8b, 8, 0, 10], to: path)
    #expect {
      try lines.read(path, unpacked: "ocean replay ocean.yaml --log -")
    } throws: {
      ($0 as? Failure)?.message == "\(path) is compressed: zcat \(path) | ocean replay ocean.yaml --log -"
    }
  }
}
