import Glibc
import OceanHost
import OceanReplay
import TestPlans
import Testing

@Suite struct AccessLogsTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  private func read(_ paths: [String]) throws -> AccessLogs {
    try folder.configure("ip_control: { black_list: [192.0.2.0/24] }")
    let plan = try LoadedPlan(folder.path("ocean.yaml"), overriding: []) { _ in }.version
    // 2026-11-29T12:00:00Z
    var logs = AccessLogs(Replay(plan, baseline: nil), now: 1_795_953_600_000_000_000)
    try logs.read(paths) { _, _ in }
    return logs
  }

  private func read(_ log: String) throws -> AccessLogs {
    try folder.write(log, to: "access.jsonl")
    return try read([folder.path("access.jsonl")])
  }

  private func failure(_ paths: [String]) -> String? {
    do {
      _ = try read(paths)
      return nil
    } catch {
      return (error as? Failure)?.message
    }
  }

  private static func session(_ peer: String, at time: String = "2026-11-29T10:00:00Z") -> String {
    #"{"time":"\#(time)","event":"session","service":"pop3","peer":"\#(peer)","outcome":"quit","seconds":1.000}"#
  }

  private func pack(_ program: String, _ name: String) throws {
    let child = try ChildOutput([program, "-kf", folder.path(name)])
    let isPacked = child.end()
    #expect(isPacked)
  }

  @Test func `who would be refused is found`() throws {
    let logs = try read([Self.session("192.0.2.7"), Self.session("198.51.100.7")].joined(separator: "\n"))
    #expect(logs.replay.affected.map { "\($0.peer)" } == ["192.0.2.7"])
    #expect(logs.faults == AccessLogs.Faults())
  }

  @Test func `every fault is counted and no line is lost`() throws {
    let log = [
      Self.session("192.0.2.7"), String(Self.session("192.0.2.8").prefix(40)), "", "  ", "{}",
      String(repeating: "x", count: 70_000), Self.session("192.0.2.9") + "\r",
      Self.session("192.0.2.10", at: "2027-01-01T00:00:00Z"), String(repeating: " ", count: 65_536),
      Self.session("192.0.2.11"), #"{"time":"2026-11-2"#,
    ]
    let logs = try read(log.joined(separator: "\n"))
    var expected = AccessLogs.Faults()
    let path = folder.path("access.jsonl")
    (expected.broken, expected.places) = (1, ["\(path):2"])
    (expected.foreign, expected.foreignPlace) = (1, "\(path):5")
    (expected.cutOff, expected.tooLong, expected.withCarriageReturn, expected.future) = (1, 1, 1, 1)
    #expect(logs.faults == expected)
    #expect(Set(logs.replay.affected.map { "\($0.peer)" }).count == 4)
  }

  @Test func `lines are read as they are, wherever a block of the file ends`() throws {
    var lines: [String] = []
    for number in 0..<20_000 {
      switch number % 1000 {
      case 7: lines.append(String(repeating: "x", count: 65_530 + number / 1000))
      case 8: lines.append(String(repeating: "y", count: 300_000))
      case 9: lines.append("")
      default:
        let second = number / 1000 * 2 + 10
        lines.append(
          Self.session("198.51.\(number / 256 % 256).\(number % 256)", at: "2026-11-29T10:00:\(second)Z"))
      }
    }
    for isPacked in [false, true] {
      try folder.write(lines.joined(separator: "\n"), to: "log")
      if isPacked { try pack("gzip", "log") }
      let logs = try read([folder.path(isPacked ? "log.gz" : "log")])
      #expect(logs.replay.connections == 20_000 - 3 * 20)
      // Those of up to 65,536 octets are broken, and longer ones are too long.
      #expect(logs.faults.broken == 7 && logs.faults.tooLong == 13 + 20 && logs.faults.cutOff == 0)
      #expect(logs.replay.lateLines == 0)
    }
  }

  @Test func `logs are read in the order of their times`() throws {
    try folder.write(
      Self.session("192.0.2.1", at: "2026-11-27T10:00:00Z") + "\n"
        + Self.session("192.0.2.1", at: "2026-11-27T12:00:00Z") + "\n", to: "b.jsonl")
    try folder.write(Self.session("192.0.2.1", at: "2026-11-25T10:00:00Z") + "\n", to: "a.jsonl")
    try folder.write(Self.session("192.0.2.1", at: "2026-11-27T11:00:00Z") + "\n", to: "c.jsonl")
    try folder.write("", to: "d.jsonl")
    try pack("gzip", "a.jsonl")
    let logs = try read(["b.jsonl", "a.jsonl.gz", "c.jsonl", "d.jsonl"].map { folder.path($0) })
    #expect(logs.replay.connections == 4 && logs.replay.lateLines == 0)
    #expect(logs.faults.empty == [folder.path("d.jsonl")])
  }

  @Test func `a file that is not a log is a failure`() throws {
    try folder.write("once upon a time\nthere was\n", to: "tale")
    try folder.write("", to: "empty")
    try folder.write(Self.session("192.0.2.1") + "\n", to: "log")
    let path = { (name: String) in self.folder.path(name) }
    #expect(
      failure([path("tale")])?.hasSuffix(
        "/tale:1: this is not a line of an access log, and neither is any other") == true)
    #expect(failure([path("empty")]) == "\(path("empty")): the log is empty")
    #expect(failure([path("none")]) == "cannot read \(path("none")): No such file or directory")
    #expect(failure([folder.path("")])?.hasSuffix("it is a directory; give the log itself") == true)
    #expect(
      failure([path("log"), path("log")])
        == "\(path("log")) and \(path("log")) are the same file: its lines would count twice")
    #expect(failure([path("log"), path("empty")]) == nil)
  }

  @Test func `a log that was cut off after it was compressed is a failure`() throws {
    try folder.write(
      (0..<5000).map { Self.session("192.0.2.\($0 % 200)") }.joined(separator: "\n"), to: "log")
    try pack("gzip", "log")
    let path = folder.path("log.gz")
    #expect(truncate(path, 500) == 0)
    #expect(failure([path]) == "\(path) is damaged or cut off: gzip cannot decompress all of it")
  }
}
