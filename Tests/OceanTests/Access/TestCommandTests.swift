import Foundation
import Testing

/// Tests `ocean test`.
@Suite struct TestCommandTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.write("127.113.0.0/24\n127.114.0.1\n", to: "drop.netset")
    try workspace.writeConfig(service: [
      "idle_timeout: 5m", "ip_control: { black_list: [127.113.0.0/24], white_list: [127.113.0.9] }",
    ])
  }

  private func test(_ cases: String, _ options: String..., config: String? = nil) throws -> Command {
    try workspace.write("tests:\n" + cases, to: "cases.yaml")
    return try workspace.run(
      try oceanBinary(),
      ["test", workspace.path("cases.yaml"), "--config", config ?? workspace.config] + options)
  }

  @Test func `exits with 0 if all cases hold, and says so in a line`() throws {
    let result = try test(
      """
        - { name: one, from: 127.113.0.9, want: { verdict: allow, rule: 127.113.0.9 } }
        - { name: two, from: 127.113.0.1, to: pop3, want: { login: refused } }
        - { name: three, from: 127.0.0.1, user: anna, want: { mailbox: \(workspace.path("mail/example.org/anna")) } }
        - { name: four, from: 127.113.0.1, user: anna, want: { verdict: refuse } }
        - { name: five, at: 2020-01-01, want: { codes: OC0401 } }
      """)
    #expect(result.status == .exited(0), "\(result.output)\(result.errorOutput)")
    #expect(result.output.hasPrefix("5 cases: all hold (0."), "\(result.output)")
    #expect(result.output.split(separator: "\n").count == 1)
  }

  @Test func `exits with 1 if one does not, and names addresses and rule`() throws {
    let cases = """
        - { name: office, from: { file: drop.netset }, want: { verdict: refuse } }
        - { name: "<b>#1", from: 127.113.0.8/31, want: { verdict: allow } }

      """
    let human = try test(cases)
    #expect(human.status == .exited(1))
    #expect(human.output.contains("FAILED \(workspace.path("cases.yaml")):2: office\n"), "\(human.output)")
    #expect(human.output.contains("found    'pop3' allows 2 of its 257 addresses: 127.113.0.9, 127.114.0.1"))
    #expect(human.output.contains("2 of 2 cases do not hold"))
    let junit = try test(cases, "--format", "junit")
    #expect(junit.status == .exited(1))
    #expect(junit.output.contains(#"tests="2" failures="2""#) && junit.output.contains("&lt;b&gt;#1"))
    let document = try XMLCheck.attributes(of: "testcase", in: junit.output, workspace)
    #expect(document.contains("<b>#1"))
    let tap = try test(cases, "--format", "tap")
    #expect(tap.output.hasPrefix("TAP version 14\n1..2\nnot ok 1 - office\n  ---\n"), "\(tap.output)")
    #expect(tap.output.contains("not ok 2 - <b>\\#1\n"))
    let json = try test(cases, "--format", "json", "--coverage")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["failed_count"] as? Int == 2 && object["holds"] as? Bool == false)
    let found = (object["cases"] as? [[String: Any]])?.first?["findings"] as? [[String: Any]]
    #expect(found?.first?["addresses"] as? [String] == ["127.113.0.9/32", "127.114.0.1/32"])
    #expect(object["coverage"] != nil)
  }

  @Test func `exits with 2 for mistakes in the test file, in the config, and in what is asked`() throws {
    let mistakes = try test("  - { form: 127.0.0.1, want: { verdict: alow } }\n")
    #expect(mistakes.status == .exited(2) && mistakes.output.isEmpty)
    #expect(mistakes.errorOutput.contains("did you mean 'from'?"), "\(mistakes.errorOutput)")
    #expect(mistakes.errorOutput.contains("did you mean 'allow'?"))
    #expect(mistakes.errorOutput.hasSuffix("in the test files: no case was judged\n"))
    let missing = try workspace.ocean("test", workspace.path("none.yaml"), "--config", workspace.config)
    #expect(missing.status == .exited(2) && missing.errorOutput.contains("there is no such file"))
    let none = try workspace.ocean("test", "--config", workspace.config)
    #expect(none.status == .exited(2))
    let unsupported = try test(
      "  - { from: 127.0.0.1, want: { verdict: allow } }\n", "--coverage", "--format", "tap")
    #expect(unsupported.status == .exited(2))
    try workspace.writeConfig(service: ["nothing: 1"])
    let invalid = try test("  - { from: 127.0.0.1, want: { verdict: allow } }\n")
    #expect(invalid.status == .exited(2) && invalid.errorOutput.contains("unknown setting 'nothing'"))
  }

  @Test func `cases are judged although an expectation is broken, and it is named`() throws {
    try workspace.writeConfig(
      server: ["protect: 127.113.0.1"], service: ["ip_control: { black_list: [127.113.0.0/24] }"])
    let result = try test("  - { from: 127.113.0.2, want: { verdict: refuse } }\n")
    #expect(result.status == .exited(2))
    #expect(result.output.hasPrefix("1 case: it holds"))
    #expect(result.errorOutput.contains("OC0327"))
  }

  @Test func `codes are those of check at that time`() throws {
    let facts = try workspace.ocean("facts", workspace.config, "--out", workspace.path("facts.json"))
    #expect(facts.status == .exited(0))
    #expect(try test("  - { name: a, want: { codes: [OC0401] } }\n").status == .exited(0))
    let none = try test("  - { name: a, at: 2020-01-01, want: { codes: [] } }\n")
    #expect(none.status == .exited(1))
    #expect(none.output.contains("at 2020-01-01T00:00:00Z check gives OC0401"), "\(none.output)")
    let elsewhere = try test(
      "  - { from: 127.0.0.1, user: anna, want: { verdict: allow } }\n", "--facts",
      workspace.path("facts.json"))
    #expect(elsewhere.status == .exited(1))
    #expect(elsewhere.output.contains("this cannot be told: its accounts are on the host"))
  }
}

private enum XMLCheck {
  /// The names of elements, as a foreign parser reads them.
  static func attributes(of element: String, in text: String, _ workspace: Workspace) throws -> String {
    try workspace.write(text, to: "junit.xml")
    let script = """
      import sys, xml.etree.ElementTree as tree
      for found in tree.parse(sys.argv[1]).iter("\(element)"): print(found.get("name"))
      """
    return try workspace.run("/usr/bin/python3", ["-c", script, workspace.path("junit.xml")]).output
  }
}
