import Foundation
import Testing

/// Tests `ocean check --coverage`.
@Suite struct CoverageTests {
  @Test func `rules that no expectation would miss are listed below the report`() throws {
    let workspace = try Workspace()
    try workspace.write("127.0.2.0/25\n127.0.2.128/25\n", to: "drop.netset")
    try workspace.writeConfig(
      server: ["protect: 127.113.0.9"],
      service: [
        "ip_control:",
        "  white_list: 127.113.0.9",
        "  black_list: [127.113.0.0/24, { file: drop.netset }]",
      ])
    let lines = workspace.read("ocean.yaml").split(separator: "\n", omittingEmptySubsequences: false)
    let line = try #require(lines.firstIndex { $0.contains("black_list") }) + 1
    let usual = try workspace.ocean("check", workspace.config)
    let covered = try workspace.ocean("check", workspace.config, "--coverage")
    #expect(covered.status == .exited(0))
    #expect(covered.output.hasPrefix(usual.output))
    let listing = String(covered.output.dropFirst(usual.output.count)).replacing(#/ {2,}/#, with: "  ")
    #expect(
      listing == """

        UNNOTICED  RULE  SERVICE  SETTING
        \(workspace.config):\(line)  127.113.0.0/24  pop3  black_list
        drop.netset  2 of 2 entries  pop3  black_list

        coverage: 1 expectation would notice the loss of 1 of 4 rules

        """)

    try workspace.writeConfig(service: ["ip_control: { black_list: 127.113.0.0/24 }", "nothing: 1"])
    let invalid = try workspace.ocean("check", workspace.config, "--coverage")
    #expect(invalid.status == .exited(1))
    #expect(invalid.output.hasSuffix("invalid\n"))
    #expect(
      try workspace.ocean("check", workspace.config, "--coverage", "--format", "json").status == .exited(2))
  }
}
