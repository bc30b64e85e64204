import Foundation
import Testing

/// Tests rolling back, and knowing which plan runs.
@Suite struct RollbackTests {
  private let workspace: Workspace
  private let server: Server

  init() throws {
    workspace = try Workspace()
    server = try Server(workspace)
  }

  /// The plan's six digits.
  private func running() throws -> String { try workspace.runningDigits() }

  /// Applies a config that differs from others in one value.
  private func apply(_ minutes: Int, _ options: String...) throws -> (plan: String, output: String) {
    try workspace.writeConfig(service: ["idle_timeout: \(minutes)m"])
    let applied = try workspace.run(oceanBinary(), ["apply", workspace.config] + options)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    return (try running(), applied.output)
  }

  private func rollback(_ arguments: String...) throws -> Command {
    try workspace.run(oceanBinary(), ["rollback"] + arguments + ["--config", workspace.config])
  }

  /// The rows of the history: the number of steps back, the plan, and the note at the end without its time.
  private func history() throws -> [String] {
    let output = try workspace.ocean("history", workspace.config).output
    return output.components(separatedBy: "\n").filter { $0.contains(workspace.config) }.map { row in
      let columns = row.components(separatedBy: " ").filter { !$0.isEmpty }
      let note = columns.drop { $0 != workspace.config }.dropFirst().filter { !$0.hasSuffix("Z") }
      return (columns.prefix(columns[0].count < 6 ? 2 : 1) + note).joined(separator: " ")
    }
  }

  @Test func `every change names the command that takes it back, and that command does`() throws {
    let first = try running()
    let (second, output) = try apply(20)
    let undo = "  undo: ocean rollback \(first) -c \(workspace.config)\n"
    #expect(output.hasSuffix("exactly as planned.\n" + undo), "\(output)")
    let back = try rollback(first)
    #expect(back.status == .exited(0), "\(back.errorOutput)")
    #expect(try running() == first)
    #expect(back.output.hasSuffix("  undo: ocean rollback \(second) -c \(workspace.config)\n"))
    // Doing it again changes nothing, so that nobody has to remember whether it is done.
    #expect(try rollback(first).output == "no effect: \(first) is running already\n")
    #expect(try rollback(second).status == .exited(0))
    #expect(try running() == second)
    try server.stop()
  }

  @Test func `without a plan the last change is taken back, once`() throws {
    let first = try running()
    let (second, _) = try apply(20)
    let (third, _) = try apply(30)
    #expect(try rollback().status == .exited(0))
    #expect(try running() == second)
    let again = try rollback()
    #expect(again.status == .exited(1) && again.errorOutput.contains("\(third) was already reverted at "))
    #expect(try running() == second)
    // A reverted plan is not a step.
    let reverted = "\(third) reverted by \(NSUserName())"
    #expect(try history() == ["0 \(second) runs", reverted, "\(second)", "1 \(first)"])
    #expect(try rollback("1").status == .exited(0))
    #expect(try running() == first)
    #expect(try rollback("1").errorOutput.contains("there is no plan so far back"))
    #expect(try rollback(String(third.prefix(5)) + "/").errorOutput.contains("is neither a number nor six"))
    try server.stop()
  }

  /// The newest of the kept plans.
  private func newestPlan() throws -> String {
    let plans = workspace.path("state/plans")
    let name = try FileManager.default.contentsOfDirectory(atPath: plans).filter { $0.hasSuffix(".json") }
      .max()
    return try "\(plans)/\(#require(name))"
  }

  @Test func `a kept plan that cannot be read is named, and mail is served`() throws {
    _ = try apply(20)
    let (third, _) = try apply(30)
    let newest = try newestPlan()
    try server.stop()
    let bytes = try Data(contentsOf: URL(filePath: newest))
    try Data(bytes.prefix(bytes.count / 3)).write(to: URL(filePath: newest))
    let first = try Server(workspace)
    #expect(first.log.components(separatedBy: "\(newest) cannot be used: it ").count == 2, "\(first.log)")
    #expect(try running() == third)
    // It was written again, as the same plan runs.
    #expect(try Data(contentsOf: URL(filePath: newest)).count == bytes.count)
    let (_, _) = try apply(40, "--confirm-within", "1h")
    first.process.signal(SIGKILL)
    _ = try first.process.wait()

    try Data().write(to: URL(filePath: newestPlan()))
    let second = try Server(workspace)
    #expect(
      second.log.components(separatedBy: "\(newest) cannot be used: it is empty").count == 2, "\(second.log)")
    #expect(second.log.contains(", the last that was confirmed, can be used and was not reverted"))
    #expect(try running() != third)
    for command in ["status", "history"] {
      let output = try workspace.ocean(command, workspace.config).output
      #expect(output.contains("damaged   \(newest): it is empty"), "\(output)")
    }
    try second.stop()
  }

  @Test func `an apply without effect is not a change that could be taken back`() throws {
    let (first, _) = try apply(20)
    let config = workspace.read("ocean.yaml")
    let (second, _) = try apply(30)
    #expect(try rollback().status == .exited(0))
    try workspace.write(config, to: "ocean.yaml")
    #expect(
      try workspace.ocean("apply", workspace.config).output == "no effect: \(first) is running already\n")
    let again = try rollback()
    #expect(again.status == .exited(1) && again.errorOutput.contains("\(second) was already reverted at "))
    #expect(try running() == first)
    try server.stop()
  }

  @Test func `a plan that waits is the first step, and what was before it the second`() throws {
    let (first, _) = try apply(20)
    let (second, _) = try apply(30)
    let (third, output) = try apply(40, "--confirm-within", "1h")
    #expect(
      output.contains(
        "  keep: ocean confirm \(third) -c \(workspace.config)\n  undo: ocean rollback \(second) ")
    )
    let history = try history()
    #expect(history.prefix(3) == ["0 \(third) runs, reverts", "1 \(second)", "2 \(first)"], "\(history)")
    let back = try rollback()
    #expect(back.output.hasSuffix("  undo: ocean apply \(workspace.config)\n"), "\(back.output)")
    #expect(try running() == second)
    // The time might have run out: the rollback does not go further back than was said.
    #expect(try rollback().status == .exited(1))
    #expect(try rollback(second).output.hasPrefix("no effect"))
    #expect(try self.history().prefix(2) == ["\(third) reverted by \(NSUserName())", "0 \(second) runs"])
    let status = try workspace.ocean("status", workspace.config).output
    #expect(status.contains("\nfile      \(workspace.config): reverted 2"), "\(status)")
    #expect(status.contains("; 'ocean apply \(workspace.config)' applies it again\n"))
    try workspace.writeConfig(service: ["idle_timeout: 50m"])
    let other = try workspace.ocean("status", workspace.config).output
    #expect(other.contains("\nreverted  \(third) of \(workspace.config) at 2"), "\(other)")
    try server.stop()
  }

  @Test func `a rollback can be on probation, too`() throws {
    let first = try running()
    let (second, _) = try apply(20)
    for isConfirmed in [false, true] {
      let back = try rollback(first, "--confirm-within", isConfirmed ? "1h" : "1s")
      #expect(back.output.contains("\nNOT CONFIRMED. Reverts to \(second) at "), "\(back.output)")
      if isConfirmed {
        #expect(try rollback(second, "--confirm-within", "1h").errorOutput.contains("waits to be confirmed"))
        #expect(try workspace.ocean("confirm", first, workspace.config).status == .exited(0))
      } else {
        try eventually("the plan before is back") { try running() == second ? true : nil }
      }
    }
    #expect(try running() == first)
    let rows = try history()
    #expect(
      rows == [
        "0 \(first) runs", "\(first) reverted", "\(second) reverted by \(NSUserName())", "\(first)",
      ], "\(rows)")
    // The config still says what was reverted.
    server.process.signal(SIGKILL)
    try server.process.wait()
    let again = try Server(workspace)
    #expect(try running() == first)
    try again.stop()
  }

  @Test func `a plan that may be one that was taken back does not run by itself`() throws {
    let (first, _) = try apply(20)
    let (second, _) = try apply(30)
    #expect(try rollback(first).status == .exited(0))
    let note = workspace.path("state/plans/withheld")
    try workspace.write(
      String(workspace.read("state/plans/withheld").dropLast(9)), to: "state/plans/withheld")
    try server.reload(
      expecting: "it is not known which plans were reverted, because \(note) cannot be used: ")
    #expect(try running() == first)
    server.process.signal(SIGKILL)
    try server.process.wait()
    let again = try Server(workspace)
    #expect(try running() == first)
    #expect(again.log.contains("it is not known which plans were reverted"))
    // Once somebody decides, it is known again.
    let applied = try workspace.ocean("apply", workspace.config)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    #expect(try running() == second)
    try again.reload(expecting: "reloaded: no change")
    try again.stop()
  }

  @Test func `several that were taken back stay so, one that comes back does not`() throws {
    let first = try running()
    let (second, _) = try apply(20)
    let text = workspace.read("ocean.yaml")
    let (third, _) = try apply(30)
    #expect(try rollback().status == .exited(0))
    #expect(try rollback(first).status == .exited(0))
    for config in [workspace.read("ocean.yaml"), text] {
      try workspace.write(config, to: "ocean.yaml")
      try server.reload(expecting: "this config was reverted")
      #expect(try running() == first)
    }
    #expect(try rollback(second).status == .exited(0))
    try server.reload(expecting: "reloaded: no change")
    #expect(try running() == second)
    #expect(try rollback(third).status == .exited(0))
    try server.stop()
  }

  @Test func `a list that changes every night is one decision`() throws {
    try workspace.write("127.61.0.0/16\n", to: "drop.netset")
    let first = try running()
    try workspace.writeConfig(service: ["ip_control: { black_list: [{ file: drop.netset }] }"])
    _ = try workspace.ocean("apply", workspace.config)
    for night in 0..<3 {
      try workspace.write("127.\(62 + night).0.0/16\n", to: "drop.netset")
      try server.reload()
    }
    #expect(try history() == ["0 \(running()) runs", "1 \(first)"])
    // The same config in other words is the same decision; with a different entry it is a different one.
    let text = workspace.read("ocean.yaml")
    let listed = try running()
    try workspace.write(text + "# a comment\n", to: "ocean.yaml")
    try server.reload(expecting: "reloaded: no change")
    try workspace.write(
      text.replacingOccurrences(of: "[{ file", with: "[127.70.0.0/16, { file"), to: "ocean.yaml")
    #expect(
      try workspace.ocean("apply", workspace.config).output.contains("  undo: ocean rollback \(listed) "))
    #expect(try history() == ["0 \(running()) runs", "1 \(listed)", "2 \(first)"])
    #expect(try rollback("2").status == .exited(0))
    #expect(try running() == first)
    try server.stop()
  }

  @Test func `the plan that waits can be given more time, and is not confirmed by the way`() throws {
    let (plan, _) = try apply(20, "--confirm-within", "1h")
    let again = try workspace.ocean("apply", workspace.config)
    #expect(again.status == .exited(1))
    #expect(again.errorOutput.contains("plan \(plan) is running already, and waits to be confirmed until 2"))
    let longer = try workspace.ocean("apply", workspace.config, "--confirm-within", "2h")
    #expect(
      longer.output.contains(
        try Regex("^the deadline moved from [0-9:]{8} to [0-9:]{8} UTC: \(plan) is running already")),
      "\(longer.output)")
    #expect(longer.output.contains("\n\nNOT CONFIRMED. Reverts at "))
    let status = try workspace.ocean("status", workspace.config).output
    #expect(
      status.contains("UNCONFIRMED, reverts in 1h 59m") || status.contains("reverts in 2h"), "\(status)")
    #expect(try workspace.ocean("confirm", plan, workspace.config).status == .exited(0))
    try server.stop()
  }

  @Test func `plan and status say what they compare with`() throws {
    let words = try workspace.ocean("plan", workspace.config).output
    #expect(
      words.firstMatch(of: /^against   running [0-9a-f]{6}, confirmed 20\d\d-[-0-9T:]+Z\n/) != nil, "\(words)"
    )
    try FileManager.default.createDirectory(
      atPath: workspace.path("elsewhere"), withIntermediateDirectories: false)
    try workspace.write(
      workspace.read("ocean.yaml").replacingOccurrences(of: "state: state\n", with: "state: elsewhere\n"),
      to: "ocean.yaml")
    let nothing = try workspace.ocean("plan", workspace.config).output
    #expect(
      nothing.hasPrefix("against   nothing: no server runs on \(workspace.path("elsewhere"))\n\n"),
      "\(nothing)")
    let status = try workspace.ocean("status", workspace.config, "--socket", workspace.socket).output
    #expect(status.contains("\nrestart   needed for server.state (\(workspace.config):"), "\(status)")
    try server.stop()
  }
}
