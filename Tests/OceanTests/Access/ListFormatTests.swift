import Foundation
import TestSupport
import Testing

/// Tests published lists in other formats: the command that a message names makes a list of them.
@Suite struct ListFormatTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test(arguments: [
    ("# address\tlists\n198.51.100.3\t10\n198.51.100.4\t2\n", "198.51.100.3, 198.51.100.4"),
    ("198.51.100.0/24  reject\n2001:db8::/32 550 no\n", "198.51.100.0/24, 2001:db8::/32"),
    ("\"203.0.113.5\",\"NL\"\r\n\"203.0.113.6\",\"AT\"\r\n", "203.0.113.5, 203.0.113.6"),
    ("id;dst_ip\n; old 192.0.2.1\n1;203.0.113.5\n2;203.0.113.9 # x; y\n", "203.0.113.5, 203.0.113.9"),
    (
      "# prefix,country\n198.51.100.0/24,AT,AT-9,Vienna,\n2001:db8::/32,AT,,,\n",
      "198.51.100.0/24, 2001:db8::/32"
    ),
    (
      "{\"cidr\":\"198.51.100.0/24\",\"sblid\":\"SBL1\"}\n{\"type\":\"metadata\",\"size\":60}\n",
      "198.51.100.0/24"
    ),
    ("198.51.100.3; 198.51.100.4; 203.0.113.9\n", "198.51.100.3, 198.51.100.4, 203.0.113.9"),
  ])
  func `the command for another format makes a list`(_ text: String, _ entries: String) throws {
    try workspace.write(text, to: "it's a list.txt")
    try name("\"it's a list.txt\"")
    let check = try workspace.ocean("check", workspace.config)
    #expect(check.status == .exited(1))
    #expect(check.output.components(separatedBy: "OC0325").count == 2, "\(check.output)")
    let command = try #require(
      check.output.split(separator: "\n").last { $0.contains(".list'") }, "\(check.output)")
    #expect(try workspace.run("sh", ["-c", String(command)]).status == .exited(0), "\(command)")

    try name("\"it's a list.txt.list\"")
    let converted = try workspace.ocean("check", workspace.config)
    #expect(converted.status == .exited(0), "\(converted.output)")
    try name(entries)
    let plan = try workspace.ocean("plan", workspace.config, "--format", "json").json(Plan.self)
    try name("\"it's a list.txt.list\"")
    #expect(
      try workspace.ocean("plan", workspace.config, "--format", "json").json(Plan.self).digest == plan.digest)
  }

  /// The printed command gives the addresses that the file names, each as often as it stands there and
  /// nothing else, whatever the form of the file. If they may mean more, no command is printed.
  @Test(arguments: 1...8) func `a command gives what the file means, or there is none`(_ seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let files = (0..<40).map { _ in GeneratedList(&random) }
    for (index, file) in files.enumerated() { try workspace.write(file.text, to: "\(index).txt") }
    let lists = files.indices.map { "{ file: \($0).txt }" }.joined(separator: ", ")
    try workspace.writeConfig(service: ["ip_control: { black_list: [\(lists)] }"])
    struct Report: Decodable {
      struct Diagnostic: Decodable { let code: String; let message: String; let help: String? }
      let diagnostics: [Diagnostic]
    }
    let report = try workspace.ocean("check", workspace.config, "--format", "json").json(Report.self)
    var commands = 0
    for (index, file) in files.enumerated() {
      let found = report.diagnostics.filter { $0.code == "OC0325" && $0.message.hasPrefix("\(index).txt:") }
      #expect(!found.isEmpty, "\(file.text)")
      let lines = found.flatMap { ($0.help ?? "").split(separator: "\n") }
      guard let command = lines.first(where: { $0.hasSuffix("\(index).txt.list") }) else {
        #expect(!file.needsCommand, "\(file.text)\n\(found)")
        continue
      }
      commands += 1
      #expect(file.entries != nil, "\(command)\n\(file.text)")
      #expect(try workspace.run("sh", ["-c", String(command)]).status == .exited(0), "\(command)")
      let made = workspace.read("\(index).txt.list").split(whereSeparator: \.isNewline)
        .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
      #expect(made == file.entries, "\(command)\n\(file.text)")
    }
    #expect(commands > 0)
  }

  private struct Plan: Decodable { var digest: String }

  /// Makes the black list a file or entries.
  private func name(_ entries: String) throws {
    let list = entries.hasPrefix("\"") ? "{ file: \(entries) }" : entries
    try workspace.writeConfig(service: ["ip_control: { black_list: [\(list)] }"])
  }

  @Test func `of a key that is named as a list nothing is kept or shown`() throws {
    try workspace.write(
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIH0itqqN\n-----END PRIVATE KEY-----\n", to: "mail.key"
    )
    try name("\"mail.key\"")
    for arguments in [
      ["check", workspace.config], ["facts", workspace.config], ["plan", workspace.config],
    ] {
      let command = try workspace.run(oceanBinary(), arguments)
      for output in [command.output, command.errorOutput] {
        #expect(!output.contains("MC4C") && !output.contains("PRIVATE KEY"), "\(output)")
      }
    }
  }
}
