import Foundation
import Testing

/// Tests `ocean rollback --dry-run`: it says what the rollback then does.
@Suite struct DryRunTests {
  private let workspace: Workspace
  private let server: Server

  init() throws {
    workspace = try Workspace()
    server = try Server(workspace)
  }

  private func running() throws -> String { try workspace.runningPlan() }

  private func rollback(_ arguments: String...) throws -> Command {
    try workspace.run(oceanBinary(), ["rollback", "--config", workspace.config] + arguments)
  }

  private struct Preview: Decodable {
    struct Diff: Decodable {
      let from: String
      let to: String
      let changes: [Report.Change]
    }
    struct Target: Decodable {
      struct Author: Decodable {
        let event: String
      }
      let digest: String
      let by: Author
    }
    let from: String
    let to: String
    let diff: Diff
    let target: Target
    let refusal: String?
  }

  private struct Report: Decodable {
    struct Change: Decodable, Equatable {
      let path: String
      let before: String?
      let after: String?
    }
    let to: String
    let changes: [Change]
  }

  @Test func `a dry run says what the rollback does, and does nothing`() throws {
    let first = try running()
    try workspace.write("127.61.0.0/16\n", to: "drop.netset")
    try workspace.writeConfig(
      service: ["idle_timeout: 20m", "ip_control: { black_list: [{ file: drop.netset }] }"],
      ports: [Workspace.port, 1111])
    #expect(try workspace.ocean("apply", workspace.config).status == .exited(0))
    let second = try running()
    let history = try workspace.ocean("history", workspace.config).output

    let words = try rollback("--dry-run")
    #expect(words.status == .exited(0), "\(words.errorOutput)")
    let digits = first.dropFirst(7).prefix(6)
    #expect(
      words.output.hasPrefix("back to   \(digits), confirmed 2")
        && words.output.contains(" by start, made from \(workspace.config)\nagainst   running "),
      "\(words.output)")
    #expect(words.output.contains("\n    20m -> 10m ") && words.output.contains("\n    - drop.netset\n"))
    #expect(words.output.contains("\nplan \(digits): ") && words.output.contains(" Nothing was changed.\n"))
    let preview: Preview = try rollback("--dry-run", "--format", "json").json()
    #expect(preview.from == second && preview.to == first && preview.target.by.event == "start")
    #expect(try running() == second)
    #expect(try workspace.ocean("history", workspace.config).output == history)

    let report: Report = try rollback("--format", "json").json()
    #expect(report.to == first && report.changes == preview.diff.changes)

    // There, a port opens, and the list is today's.
    try workspace.write("127.62.0.0/16\n", to: "drop.netset")
    let forth = try rollback("--dry-run", String(second.dropFirst(7)))
    #expect(
      forth.output.contains("\nnote: whether \(workspace.address):1111 can be opened is not tried\n"),
      "\(forth.output)")
    #expect(
      forth.output.contains("\n    + drop.netset\n") && forth.output.contains("\n    127.62.0.0/16\n"))
    #expect(forth.output.contains("\nnote: the list \(workspace.path("drop.netset")) is today's\n"))
    let next: Preview = try rollback(String(second.dropFirst(7)), "--dry-run", "--format", "json").json()
    #expect(next.target.digest == second && next.to != second)
    #expect(try rollback(String(second.dropFirst(7))).status == .exited(0))
    #expect(try running() == next.to)
    try server.stop()
  }

  @Test func `what would be refused is refused`() throws {
    for arguments in [["--dry-run"], []] {
      let refused = try workspace.run(
        oceanBinary(), ["rollback", "3", "--config", workspace.config] + arguments)
      #expect(refused.status == .exited(1))
      #expect(refused.errorOutput.contains("there is no plan so far back"), "\(refused.errorOutput)")
    }
    // The settings of another start are in the history as well.
    let first = try running()
    try server.stop()
    try workspace.writeConfig(
      server: ["drain_timeout: 0s", "limits: { connections_per_ip: 199, ipv6_prefix: 56 }"])
    let other = try Server(workspace)
    let dry = try rollback("--dry-run")
    #expect(dry.status == .exited(1))
    let reason = "server.limits.ipv6_prefix can only change with a restart"
    #expect(
      dry.errorOutput == "ocean: the server would refuse this rollback: \(reason)\n", "\(dry.errorOutput)")
    #expect(dry.output.contains("back to   \(first.dropFirst(7).prefix(6)), "))
    let real = try rollback()
    #expect(real.status == .exited(1) && real.errorOutput.contains(reason), "\(real.errorOutput)")
    try other.stop()
  }

  @Test func `a plan that waits would give way to the one before`() throws {
    let first = try running()
    try workspace.writeConfig(service: ["idle_timeout: 20m"])
    _ = try workspace.ocean("apply", workspace.config, "--confirm-within", "1h")
    let waiting = try running()
    let dry = try rollback("--dry-run")
    #expect(dry.output.contains("\nagainst   running \(waiting.dropFirst(7).prefix(6)), NOT CONFIRMED: "))
    #expect(dry.output.contains("\nplan \(first.dropFirst(7).prefix(6)): 1 change."), "\(dry.output)")
    #expect(try running() == waiting)
    #expect(try workspace.ocean("status", workspace.config).output.contains(" UNCONFIRMED, reverts in 59m"))
    try server.stop()
  }
}
