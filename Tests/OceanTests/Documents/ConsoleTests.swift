import Foundation
import TestSupport
import Testing

/// Types what documents show behind `$ `, and compares what is printed with what they show.
@Suite(.enabled(if: geteuid() == 0, "only root can make a host of its own"))
struct ConsoleTests {
  static let repository = {
    var url = URL(filePath: #filePath)
    while access((url / "Package.swift").path, F_OK) != 0, url.path != "/" { url.deleteLastPathComponent() }
    return url
  }()

  private static func blocks(_ path: String) throws -> [DocumentBlock] {
    DocumentBlock.blocks(of: try String(contentsOf: repository / path, encoding: .utf8))
  }

  /// The first config that a document shows.
  private static func config(in path: String) throws -> String {
    try #require(blocks(path).first { $0.language == "yaml" && $0.text.hasPrefix("version:") }).text
  }

  private static func consoles(_ path: String) throws -> [DocumentBlock] {
    try blocks(path).filter { $0.language == "console" }
  }

  /// Runs a block, and compares.
  private func type(_ block: DocumentBlock, on host: MailHost, in path: String) throws {
    for (command, output) in block.commands {
      let printed = try host.run(command)
      #expect(
        Self.isMatch(printed, output),
        "\(path):\(block.line): $ \(command)\n\(printed)-- is shown as:\n\(output)")
    }
  }

  /// Whether a text is what a document shows. A line `...` stands for any lines; times, digests and how long something
  /// took are those of another day.
  static func isMatch(_ printed: String, _ shown: String) -> Bool {
    func lines(_ text: String) -> [String] {
      let text = text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?/, with: "TIME")
        .replacing(/\d\d:\d\d:\d\d UTC/, with: "TIME").replacing(/\b[0-9a-f]{6}\b/, with: "DIGEST")
        .replacing(/\(\d+\.\d{3} s\)/, with: "(TIME)").replacing(/\b(\d+m )?\d+s\b/, with: "DURATION")
      return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        // Columns are as wide as their widest time.
        let indentation = line.prefix { $0 == " " }
        return indentation + line.split(separator: " ").joined(separator: " ")
      }
    }
    // Nobody is asked without a terminal.
    let shown = lines(shown).filter { !$0.hasPrefix("Apply? ") }
    return isMatch(lines(printed)[...], shown[...])
  }

  private static func isMatch(_ printed: ArraySlice<String>, _ shown: ArraySlice<String>) -> Bool {
    guard let line = shown.first else { return printed.isEmpty }
    let rest = shown.dropFirst()
    if line == "..." {
      return printed.indices.contains { isMatch(printed[$0...], rest) } || isMatch([], rest)
    }
    return printed.first == line && isMatch(printed.dropFirst(), rest)
  }

  @Test func `README`() throws {
    let path = "README.md"
    let consoles = try Self.consoles(path)
    #expect(consoles.count == 2)
    let host = try MailHost(config: try Self.config(in: path))
    try host.serve()
    try host.logIn("anna", from: "203.0.113.77")
    _ = try host.run("sed -i 's|203.0.113.0/26|203.0.113.0/25|' ocean.yaml")
    try type(consoles[0], on: host, in: path)
    _ = try host.run("echo '    idel_timeout: 20m' >>ocean.yaml")
    try type(consoles[1], on: host, in: path)
  }

  @Test func `docs/access.md, with the config of docs/running.md`() throws {
    let path = "docs/access.md"
    let list = (0..<814).map { "198.\(100 + $0 / 256).\($0 % 256).0/25\n" }.joined()
    let host = try MailHost(
      config: try Self.config(in: "docs/running.md"),
      files: [
        "lists/drop.netset": "198.18.0.0/15\n" + list, "domains/example.org.yaml": "address_lists: {}\n",
      ], days: 20)
    let consoles = try Self.consoles(path)
    #expect(consoles.count == 2)
    for block in consoles { try type(block, on: host, in: path) }
  }

  /// The config of docs/changes.md, in which what changes is on the lines that it names.
  private static func config(_ minutes: Int, _ blackList: String, blackListLine: Int) throws -> String {
    let top = try config(in: "README.md").components(separatedBy: "services:").first ?? ""
    let head =
      top + "expect: [{ from: 198.51.100.9, verdict: allow }, { from: 192.0.2.33, verdict: allow },"
      + " { from: 203.0.113.1, verdict: refuse }]\n"
    let tail = """
      services:
        pop3:
          ports: [110]
          idle_timeout: \(minutes)m
          tls: { explicit: required, implicit: [995] }
          ip_control:
            black_list: [\(blackList)]

      """
    let lines = (head + tail).split(separator: "\n").count
    return head + String(repeating: "#\n", count: blackListLine - lines) + tail
  }

  @Test func `docs/changes.md, with clients that are connected`() throws {
    let path = "docs/changes.md"
    let consoles = try Self.consoles(path)
    #expect(consoles.count == 4)
    let old = "203.0.113.0/26"
    let host = try MailHost(config: try Self.config(9, old, blackListLine: 31))
    let server = try host.serve()
    try host.write(try Self.config(10, old, blackListLine: 31))
    server.signal(SIGHUP)
    try eventually("a reload") { server.errorOutput.contains("9m -> 10m") ? true : nil }
    for (user, address) in [("anna", "203.0.113.77"), ("berta", "198.51.100.9"), ("clara", "192.0.2.33")] {
      try host.logIn(user, from: address)
    }
    try host.write(try Self.config(20, "\(old), 203.0.113.64/26", blackListLine: 32))
    try type(consoles[0], on: host, in: path)
    try type(consoles[1], on: host, in: path)
    let plan = try host.run("ocean status").split(separator: " ", maxSplits: 2)[1]
    #expect(try host.run("ocean confirm \(plan)") == "confirmed \(plan)\n")
    try type(consoles[3], on: host, in: path)
    try type(consoles[2], on: host, in: path)
  }

  @Test func `docs/testing.md, with the config of README`() throws {
    let path = "docs/testing.md"
    let cases = try #require(Self.blocks(path).first { $0.language == "yaml" }).text
    let config = try Self.config(in: "README.md")
      .replacing("[192.0.2.10]", with: "[192.0.2.10, \"2001:db8::10\"]")
      .replacing("[203.0.113.0/26]", with: "[203.0.113.0/26, 198.51.100.12/31]")
    let host = try MailHost(
      config: config + "address_lists: { office: [198.51.100.8/29] }\n", files: ["tests/office.yaml": cases])
    for block in try Self.consoles(path) { try type(block, on: host, in: path) }
  }

  @Test(arguments: [
    ("a f45d63 2026-11-25T15:02:34Z\n", "a 0bb302 2026-11-30T08:00:00Z\n", true),
    ("a\nb\nc\n", "a\n...\nc\n", true),
    ("a\nb\n", "a\n...\n", true), ("a\nb\n", "a\n", false), ("a\n", "b\n", false),
    ("a\nb\n", "...\nb\n", true),
    ("a\nc\n", "a\n...\nb\n", false), ("a\n\nb\n\nc\n", "...\n\nc\n", true),
    ("203.0.113.9\n", "203.0.113.8\n", false),
  ])
  func `only what another day changes may differ`(_ printed: String, _ shown: String, _ isMatch: Bool) {
    #expect(Self.isMatch(printed, shown) == isMatch)
  }
}
