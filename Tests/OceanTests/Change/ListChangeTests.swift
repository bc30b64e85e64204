import Foundation
import Testing

/// Tests list files. A list file is a decision like a config if somebody applies it, and part of the outside
/// world if a reload brings it.
@Suite struct ListChangeTests {
  private let workspace: Workspace
  private let server: Server
  private static let good = "127.61.0.0/16\n"
  private static let bad = good + "127.62.0.0/16\n"

  init() throws {
    workspace = try Workspace()
    try workspace.write(Self.good, to: "drop.netset")
    try workspace.writeConfig(service: ["ip_control: { black_list: [{ file: drop.netset }] }"])
    server = try Server(workspace)
  }

  /// The plan's six digits.
  private func running() throws -> String { try workspace.runningDigits() }

  private func isRefused(_ source: String, by server: Server? = nil) throws -> Bool {
    let server = server ?? self.server
    if (try? server.greeted(from: source)) != nil { return false }
    return try server.client(from: source).rest() == ""
  }

  private func apply(_ options: String...) throws -> String {
    let applied = try workspace.run(oceanBinary(), ["apply", workspace.config] + options)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    return applied.output
  }

  private func rollback(_ arguments: String...) throws -> Command {
    try workspace.run(oceanBinary(), ["rollback"] + arguments + ["--config", workspace.config])
  }

  private func reconfigure(_ more: String...) throws {
    try workspace.writeConfig(service: ["ip_control: { black_list: [{ file: drop.netset }] }"] + more)
  }

  private var note: String {
    "  note: \(workspace.path("drop.netset")) on disk differs from the list that runs"
  }

  @Test func `a list that nobody confirms comes back as it was, and stays away`() throws {
    let first = try running()
    try workspace.write(Self.bad, to: "drop.netset")
    let output = try apply("--confirm-within", "1s")
    #expect(output.contains("  undo: ocean rollback \(first) -c \(workspace.config)\n"), "\(output)")
    try eventually("the list before is back") { try running() == first ? true : nil }
    #expect(try !isRefused("127.62.0.1") && isRefused("127.61.0.1"))
    try server.waitForLog("drop.netset on disk differs from the list that runs")
    let status = try workspace.ocean("status", workspace.config).output
    #expect(
      status.contains(
        "\nfile      \(workspace.config): its list \(workspace.path("drop.netset")) was reverted 2"),
      "\(status)")

    // The bad list is on disk: neither a reload nor a restart brings it, whatever the config says.
    let refusal = "what is in the address list \(workspace.path("drop.netset")) was reverted"
    try server.reload(expecting: refusal)
    try workspace.write("# an hour later\n" + Self.bad, to: "drop.netset")
    try reconfigure("idle_timeout: 20m")
    try server.reload(expecting: refusal)
    try server.stop()
    for _ in 0..<2 {
      let again = try Server(workspace)
      #expect(again.log.contains("was reverted: running \(first)"), "\(again.log)")
      #expect(try running() == first)
      #expect(try !isRefused("127.62.0.1", by: again))
      try again.stop()
    }
    // A different list is a different decision.
    try workspace.write("127.61.0.0/16\n127.63.0.0/16\n", to: "drop.netset")
    let again = try Server(workspace)
    #expect(try isRefused("127.63.0.1", by: again))
    #expect(try !isRefused("127.62.0.1", by: again))
    try again.stop()
  }

  @Test func `a restart inside the window brings the list before`() throws {
    let first = try running()
    try workspace.write(Self.bad, to: "drop.netset")
    _ = try apply("--confirm-within", "1h")
    #expect(try isRefused("127.62.0.1"))
    server.process.signal(SIGKILL)
    try server.process.wait()
    let again = try Server(workspace)
    #expect(try running() == first)
    #expect(try !isRefused("127.62.0.1", by: again) && isRefused("127.61.0.1", by: again))
    try again.stop()
  }

  @Test func `a list that was applied is taken back and brought again as it was`() throws {
    let first = try running()
    try workspace.write(Self.bad, to: "drop.netset")
    #expect(try apply().hasSuffix("  undo: ocean rollback \(first) -c \(workspace.config)\n"))
    let second = try running()
    let back = try rollback()
    #expect(
      back.output.contains(note) && back.output.contains("  done  access: pop3: wider\n"), "\(back.output)")
    #expect(back.output.hasSuffix("  undo: ocean rollback \(second) -c \(workspace.config)\n"))
    #expect(try running() == first)
    #expect(try !isRefused("127.62.0.1"))
    #expect(try rollback().errorOutput.contains("\(second) was already reverted at "))
    try server.reload(expecting: "what is in the address list ")
    try workspace.write("127.64.0.0/16\n", to: "drop.netset")
    #expect(try rollback(second).output.contains(note))
    #expect(try running() == second)
    #expect(try isRefused("127.62.0.1"))
    // A rollback by number, past a change that came after it.
    try workspace.write(Self.bad, to: "drop.netset")
    try reconfigure("idle_timeout: 20m")
    #expect(try !apply().contains(note))
    let third = try running()
    #expect(try rollback("2").status == .exited(0))
    #expect(try running() == first)
    #expect(try rollback(third).status == .exited(0))
    #expect(try running() == third)
    try server.stop()
  }

  @Test func `the list of the night stays where another change is taken back`() throws {
    try reconfigure("idle_timeout: 20m")
    _ = try apply()
    try workspace.write(Self.bad, to: "drop.netset")
    try server.reload()
    #expect(try isRefused("127.62.0.1"))
    try workspace.write(Self.good, to: "drop.netset")
    #expect(try rollback().status == .exited(0))
    #expect(try !isRefused("127.62.0.1"))
    // The reverted change was not the list.
    try reconfigure()
    try workspace.write(Self.bad, to: "drop.netset")
    try server.reload()
    #expect(try isRefused("127.62.0.1"))
    // A change on top waits to be confirmed: the plan that ran comes back, whatever is on disk by then.
    let before = try running()
    try reconfigure("idle_timeout: 30m")
    _ = try apply("--confirm-within", "1h")
    try workspace.write("127.65.0.0/16\n", to: "drop.netset")
    #expect(try rollback().output.contains(note))
    #expect(try running() == before)
    #expect(try isRefused("127.62.0.1") && !isRefused("127.65.0.1"))
    try server.stop()
  }

  @Test func `what was taken back is brought by an apply alone, config and list apart`() throws {
    let first = try running()
    let config = workspace.read("ocean.yaml")
    try workspace.write(Self.bad, to: "drop.netset")
    try reconfigure("idle_timeout: 20m")
    _ = try apply("--confirm-within", "1h")
    let second = try running()
    #expect(try rollback().status == .exited(0))
    try server.reload(expecting: "this config was reverted")
    // The config is corrected, the list is not.
    let changed = workspace.read("ocean.yaml")
    try workspace.write(config, to: "ocean.yaml")
    try server.reload(expecting: "what is in the address list ")
    #expect(try running() == first)
    #expect(try apply().contains("  done  access: pop3: narrower\n"))
    try server.reload(expecting: "reloaded: no change")
    // The list is wanted now, the config is not.
    try workspace.write(changed, to: "ocean.yaml")
    try server.reload(expecting: "this config was reverted")
    #expect(try apply().contains("-> \(second)\n"))
    try server.stop()
  }

  @Test func `lists that are applied every night do not push other plans out`() throws {
    let first = try running()
    try reconfigure("idle_timeout: 20m")
    for night in 0..<12 {
      try workspace.write("127.\(70 + night).0.0/16\n", to: "drop.netset")
      _ = try apply()
    }
    let history = try workspace.ocean("history", workspace.config).output
    // These are the heading, the first plan, and the last five lists.
    #expect(history.split(separator: "\n").count == 7, "\(history)")
    #expect(history.contains(" \(first) "), "\(history)")
    try server.stop()
  }

  @Test func `the history never changes`() throws {
    func rows() throws -> [Substring] {
      try workspace.ocean("history", workspace.config).output.split(separator: "\n").dropFirst().map {
        // The first entry may be the third later, and the running plan need not run then.
        $0.drop { $0 == " " || $0.isNumber && !$0.isLetter }.split(separator: "  runs")[0]
      }
    }
    func expectKept(_ rows: [Substring]) throws {
      let now = try self.workspace.ocean("history", workspace.config).output
      for row in rows { #expect(now.contains(row), "\(row) is no longer in\n\(now)") }
    }
    try reconfigure("idle_timeout: 20m")
    _ = try apply()
    _ = try rollback()
    try reconfigure("idle_timeout: 30m")
    _ = try apply("--confirm-within", "1h")
    _ = try rollback()
    let before = try rows().filter { $0.contains("reverted") }
    #expect(before.count == 2)
    // The history counts in seconds, so the next second must begin.
    let second = time(nil)
    try eventually("the clock goes on") { time(nil) > second ? true : nil }
    try workspace.write(Self.bad, to: "drop.netset")
    try reconfigure()
    _ = try apply()
    try expectKept(before)
    try workspace.write(Self.good, to: "drop.netset")
    try server.reload()
    try expectKept(before)
    try reconfigure("idle_timeout: 30m")
    _ = try apply()
    try expectKept(before)
    try server.stop()
  }
}
