import Foundation
import Testing

/// Tests changes of a running server: `apply` does what `plan` announces, and it can be rolled back.
@Suite struct ApplyTests {
  private let workspace: Workspace
  private let server: Server

  init() throws {
    workspace = try Workspace()
    server = try Server(workspace)
  }

  private struct Change: Decodable, Equatable {
    let path: String
    let before: String?
    let after: String?
  }

  private struct Announcement: Decodable {
    struct Against: Decodable {
      let from: String
      let effect: String
      let changes: [Change]
    }
    let digest: String
    let against: Against?
  }

  private struct Report: Decodable {
    struct Sessions: Decodable, Equatable {
      let kept: Int
      let ended: Int
    }
    let from: String
    let to: String
    let changes: [Change]
    let sessions: Sessions
  }

  private struct Status: Decodable {
    struct Unconfirmed: Decodable {
      let previous: String
    }
    let plan: String
    let file: String
    let unconfirmed: Unconfirmed?
  }

  private func status() throws -> Status {
    try workspace.ocean("status", workspace.config, "--format", "json").json()
  }

  /// Writes a config that differs somewhere in everything.
  private func change(_ extra: [String] = []) throws {
    try workspace.writeConfig(
      server: ["drain_timeout: 1s", "limits: { connections_per_ip: 150 }"],
      service: ["idle_timeout: 20m", "ip_control: { black_list: [127.60.0.0/16] }"] + extra,
      ports: [Workspace.port, 1111])
  }

  @Test func `apply does what plan announced, and nothing else`() throws {
    let inside = try server.loggedIn()
    try change()
    let announced = try workspace.ocean("plan", workspace.config, "--format", "json")
    #expect(announced.status == .exited(2))
    let plan: Announcement = try announced.json()
    let words = try workspace.ocean("plan", workspace.config)
    #expect(words.status == .exited(2))
    #expect(words.output.contains("inputs    changed since: \(workspace.config)\n"), "\(words.output)")
    #expect(
      words.output.contains(
        "access    pop3: narrower\n    newly refused: 65536 IPv4, 0 IPv6\n    127.60.0.0/16\n"))
    #expect(
      words.output.contains("sessions  1 open: 1 kept, 0 ended\nlisteners 1 kept, 1 opened, 0 closed\n"))
    // A preview changes nothing.
    #expect(try status().plan == plan.against?.from)

    let report: Report = try workspace.ocean("apply", workspace.config, "--format", "json").json()
    #expect(report.from == plan.against?.from && report.to == plan.digest)
    #expect(report.changes == plan.against?.changes)
    #expect(report.changes.count >= 5)
    #expect(report.sessions == .init(kept: 1, ended: 0))
    #expect(try status().plan == plan.digest)
    try inside.ok("NOOP")
    _ = try server.greeted(port: 1111)
    #expect(try server.client(from: "127.60.0.1").rest() == "")
    let again = try workspace.ocean("plan", workspace.config)
    #expect(again.status == .exited(0) && again.output.contains(": no effect. Nothing was applied."))
    #expect(try workspace.ocean("apply", workspace.config).output.hasPrefix("no effect: "))
    try server.stop()
  }

  /// "exactly as planned" alone would hide who is locked out.
  @Test func `apply shows all that plan shows, and says the same again as done`() throws {
    let inside = try server.loggedIn()
    try workspace.writeConfig(service: ["ip_control: { default: refuse, white_list: [127.0.0.0/9] }"])
    let planned = try workspace.ocean("plan", workspace.config).output
    let applied = try workspace.ocean("apply", workspace.config).output
    let shown = try #require(planned.components(separatedBy: " Nothing was applied.").first)
    #expect(shown.contains("newly refused: 8388608 IPv4"))
    #expect(applied.hasPrefix(shown + "\n\n"), "\(applied)")
    let done = applied.dropFirst(shown.count)
    #expect(
      done.contains("  done  access: pop3: narrower\n            newly refused: 8388608 IPv4"), "\(done)")
    #expect(
      done.contains("  done  sessions: 1 kept, 0 ended\n  done  listeners: 1 kept, 0 opened, 0 closed\n"))
    try inside.ok("NOOP")
    try server.stop()
  }

  @Test func `in one file the refusal stands behind the plan`() throws {
    try change()
    _ = try workspace.ocean("apply", workspace.config, "--confirm-within", "1h")
    try workspace.writeConfig(service: ["idle_timeout: 30m"])
    let run = try workspace.run(
      "/bin/sh", ["-c", #""$0" apply "$1" 2>&1"#, try oceanBinary(), workspace.config])
    #expect(run.status == .exited(1))
    #expect(run.output.hasPrefix("against "), "\(run.output)")
    #expect(run.output.contains("\nocean: the server refuses: plan "), "\(run.output)")
    try server.stop()
  }

  @Test(
    arguments: [("n", 1), ("", 1), ("yes please", 1), ("\u{4}", 1), ("y", 0), (" YES ", 0)], [false, true])
  func `on a terminal it asks`(_ expected: (answer: String, status: Int32), _ isSaved: Bool) throws {
    let (answer, status) = expected
    try change()
    let before = try self.status().plan
    // A plan that was compared with nothing is asked about like any other.
    let saved = workspace.path("saved.plan")
    _ = try workspace.ocean("plan", workspace.config, "--against", "none", "--out", saved)
    let asked = try workspace.dialog(
      [try oceanBinary(), "apply", isSaved ? saved : workspace.config], [("Apply? [y/N] ", answer)])
    #expect(asked.code == Int(status), "\(asked.screen)")
    if status == 1 { #expect(asked.screen.hasSuffix("\nocean: nothing was applied\n"), "\(asked.screen)") }
    #expect(try (self.status().plan == before) == (status == 1))
    try server.stop()
  }

  @Test func `a reviewed plan is applied as reviewed, or not at all`() throws {
    try change()
    let saved = workspace.path("reviewed.plan")
    _ = try workspace.ocean("plan", workspace.config, "--out", saved)
    // Meanwhile a different plan is applied.
    try workspace.writeConfig(service: ["idle_timeout: 30m"])
    let applied = try workspace.ocean("apply", workspace.config)
    #expect(applied.output.contains(", exactly as planned."), "\(applied.output)")
    let stale = try workspace.ocean("apply", saved)
    #expect(stale.status == .exited(4), "\(stale.errorOutput)")
    #expect(stale.errorOutput.contains("look at 'ocean plan' again"))
    _ = try workspace.ocean("rollback", "--config", workspace.config)
    #expect(try workspace.ocean("apply", saved).status == .exited(0))
    #expect(try status().file == saved)
    try server.stop()
  }

  /// A plan file begins with what it changes, which may be long.
  @Test func `every command tells a saved plan from a config, whatever it changes`() throws {
    try workspace.write(workspace.read("ocean.yaml"), to: "before.yaml")
    let names = (0..<20).map { "  s\($0): { ports: [\(2110 + $0)] }\n" }.joined()
    try workspace.write(workspace.read("ocean.yaml") + names, to: "ocean.yaml")
    let saved = workspace.path("long.plan")
    let planned = try workspace.ocean("plan", workspace.config, "--out", saved)
    #expect(planned.status == .exited(2), "\(planned.errorOutput)")
    #expect(!workspace.read("long.plan").prefix(30_000).contains("\"digest\""))
    try workspace.write(
      """
      {"time":"2026-11-25T14:15:38.577Z","event":"session","service":"s7","peer":"127.10.0.1","outcome":"quit"}

      """, to: "log.jsonl")
    for (arguments, status) in [
      (["diff", workspace.path("before.yaml"), saved], Int32(2)), (["diff", saved, workspace.config], 0),
      (["explain", saved, "--from", "127.10.0.1", "--to", "s7"], 0),
      (["plan", workspace.config, "--against", saved], 0),
      (["replay", saved, "--log", workspace.path("log.jsonl"), "--baseline", saved], 0),
      (["apply", saved], 0),
    ] {
      let command = try workspace.run(oceanBinary(), arguments)
      #expect(command.status == .exited(status), "\(arguments): \(command.output)\(command.errorOutput)")
    }
    _ = try server.greeted(port: 2129)
    // Commands that take configs say what it is.
    for arguments in [["check", saved], ["plan", saved]] {
      let command = try workspace.run(oceanBinary(), arguments)
      #expect(command.status == .exited(1))
      #expect((command.output + command.errorOutput).contains("this is a saved plan, not a config"))
    }
    try server.stop()
    let second = try Server(workspace, serving: "long.plan")
    _ = try second.greeted(port: 2110)
    try second.stop()
  }

  private struct LiveAnnouncement: Decodable {
    struct Against: Decodable {
      struct Server: Decodable {
        struct Listeners: Decodable, Equatable { let kept, opened, closed: Int }
        let listeners: Listeners
        let open_sessions: Int
        let changed_inputs: [String]
      }
      struct Session: Decodable {
        let peer: String
        let user: String?
        let could_not_come_back: Bool
        let on_closing_port: Bool
      }
      let classes: [String]
      let sessions: [Session]?
      let server: Server?
    }
    let against: Against?
  }

  @Test func `JSON has the sessions that something becomes of, and a saved plan has not`() throws {
    let outside = try server.client(from: "127.60.0.1")
    _ = try outside.line()
    let inside = try server.loggedIn()
    try change()
    let command = try workspace.ocean(
      "plan", workspace.config, "--format", "json", "--fail-on", "sessions-locked-out", "--out",
      workspace.path("saved.plan"))
    #expect(command.status == .exited(3))
    let plan: LiveAnnouncement = try command.json()
    let against = try #require(plan.against)
    #expect(against.classes.contains("sessions-locked-out"))
    #expect(against.sessions?.map(\.peer) == ["127.60.0.1"])
    #expect(
      against.sessions?.first?.could_not_come_back == true
        && against.sessions?.first?.on_closing_port == false)
    #expect(against.server?.open_sessions == 2 && against.server?.changed_inputs == [workspace.config])
    #expect(against.server?.listeners == .init(kept: 1, opened: 1, closed: 0))
    #expect(!workspace.read("saved.plan").contains("127.60.0.1\""))
    let diff = try workspace.ocean("diff", workspace.config, workspace.config, "--format", "json")
    #expect(diff.output.contains("\"sessions\":null"), "\(diff.output)")
    try inside.ok("QUIT")
    try server.stop()
  }

  @Test func `a saved plan that was compared with nothing says so, and is not applied by a script`() throws {
    let before = try status().plan
    _ = try workspace.ocean("facts", workspace.config, "--out", workspace.path("facts.json"))
    for (name, setting) in [("one", "idle_timeout: 20m"), ("two", "max_connections: 7")] {
      try workspace.writeConfig(service: [setting])
      let saved = try workspace.ocean(
        "plan", workspace.config, "--facts", workspace.path("facts.json"), "--out", workspace.path(name))
      #expect(saved.status == .exited(0), "\(saved.errorOutput)")
    }
    for format in ["human", "json"] {
      let refused = try workspace.ocean("apply", workspace.path("one"), "--format", format)
      #expect(refused.status == .exited(4))
      #expect(
        refused.errorOutput
          == "ocean: \(workspace.path("one")) was compared with nothing when it was made, so nobody has reviewed "
          + "these changes; nothing was applied. With --yes they are applied all the same\n",
        "\(refused.errorOutput)")
      #expect(refused.output.contains("\n    10m -> 20m ") == (format == "human"), "\(refused.output)")
      #expect(try status().plan == before)
    }
    #expect(try workspace.ocean("apply", workspace.path("one"), "--yes").status == .exited(0))
    // It runs already: nobody needs to review that.
    let again = try workspace.ocean("apply", workspace.path("one"))
    #expect(again.status == .exited(0) && again.output.hasPrefix("no effect: "), "\(again.errorOutput)")
    let second = try workspace.ocean("apply", workspace.path("two"), "--yes")
    #expect(second.status == .exited(0), "\(second.errorOutput)")
    #expect(
      second.output.contains(
        "\nwarning   \(workspace.path("two")) was compared with nothing when it was made"))
    // The second plan undoes the first one.
    #expect(second.output.contains("\n    20m -> 10m "), "\(second.output)")
    try server.stop()
  }

  @Test func `a plan that nobody confirms is taken back`() throws {
    let before = try status().plan
    try change()
    let applied = try workspace.ocean("apply", workspace.config, "--confirm-within", "2s", "--probe")
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    #expect(applied.output.contains("NOT CONFIRMED. Reverts to "))
    #expect(applied.output.contains("done  probe: \(workspace.address):1111 greeting ("), "\(applied.output)")
    #expect(try status().unconfirmed?.previous == before)
    let other = try workspace.ocean("apply", workspace.config)
    #expect(other.status == .exited(1) && other.errorOutput.contains("waits to be confirmed"))
    try eventually("the plan before is back") { try status().plan == before ? true : nil }
    #expect(try status().unconfirmed == nil)
    #expect(throws: POP3Client.ConnectError.self) { try server.client(port: 1111) }
    // A reload does not bring it back unnoticed; an apply does.
    server.process.signal(SIGHUP)
    try server.waitForLog("this config was reverted")
    #expect(try status().plan == before)
    #expect(try workspace.ocean("apply", workspace.config).status == .exited(0))
    #expect(try status().plan != before)
    try server.stop()
  }

  @Test func `confirmed is confirmed`() throws {
    try change()
    _ = try workspace.ocean("apply", workspace.config, "--confirm-within", "1h")
    let plan = try status().plan
    let digits = String(plan.dropFirst(7).prefix(6))
    #expect(try workspace.ocean("confirm", "000000", workspace.config).status == .exited(1))
    let confirmed = try workspace.ocean("confirm", digits, workspace.config)
    #expect(confirmed.output == "confirmed \(digits)\n", "\(confirmed.errorOutput)")
    #expect(try status().unconfirmed == nil)
    server.process.signal(SIGKILL)
    try server.process.wait()
    let again = try Server(workspace)
    #expect(try status().plan == plan)
    try again.stop()
  }

  @Test func `a restart within the window reverts`() throws {
    let before = try status().plan
    try change()
    _ = try workspace.ocean("apply", workspace.config, "--confirm-within", "1h")
    #expect(try status().plan != before)
    server.process.signal(SIGKILL)
    try server.process.wait()
    for _ in 0..<2 {
      let again = try Server(workspace)
      #expect(again.log.contains("was not confirmed, or was reverted: running"))
      #expect(try status().plan == before)
      try again.stop()
    }
    // A different config is a different decision.
    try workspace.writeConfig(service: ["idle_timeout: 30m"])
    let third = try Server(workspace)
    #expect(!third.log.contains("was not confirmed"))
    try third.stop()
  }

  @Test func `what was taken back does not return with another list, and lists need not be there to go back`()
    throws
  {
    try workspace.write("127.61.0.0/16\n", to: "drop.netset")
    let list = "ip_control: { black_list: [{ file: drop.netset }] }"
    try workspace.writeConfig(service: [list])
    _ = try workspace.ocean("apply", workspace.config)
    try workspace.writeConfig(service: [list, "idle_timeout: 20m"])
    _ = try workspace.ocean("apply", workspace.config, "--confirm-within", "1h")
    try FileManager.default.removeItem(atPath: workspace.path("drop.netset"))
    let back = try workspace.ocean("rollback", "--config", workspace.config)
    #expect(back.status == .exited(0), "\(back.errorOutput)")
    #expect(back.output.contains("drop.netset on disk differs from the list that runs"), "\(back.output)")
    let before = try status().plan
    #expect(try server.client(from: "127.61.0.1").rest() == "")
    // The same config gives a different plan.
    try workspace.write("127.62.0.0/16\n", to: "drop.netset")
    server.process.signal(SIGHUP)
    try server.waitForLog("this config was reverted")
    // After a change that fails it is still so.
    let squatter = try Squatter(workspace.address, port: 1111)
    let text = workspace.read("ocean.yaml")
    try workspace.writeConfig(ports: [Workspace.port, 1111])
    #expect(try workspace.ocean("apply", workspace.config, "--confirm-within", "1h").status == .exited(1))
    squatter.close()
    try workspace.write(text, to: "ocean.yaml")
    #expect(try status().plan == before)
    try server.stop()
    let again = try Server(workspace)
    #expect(again.log.contains("was reverted: running"))
    _ = try again.greeted(from: "127.61.0.1")
    #expect(try again.client(from: "127.62.0.1").rest() == "")
    try again.stop()
  }

  @Test func `rollback goes to earlier plans with today's lists`() throws {
    try workspace.write("127.61.0.0/16\n", to: "drop.netset")
    try workspace.writeConfig(service: ["ip_control: { black_list: [{ file: drop.netset }] }"])
    _ = try workspace.ocean("apply", workspace.config)
    let listed = try status().plan
    #expect(try server.client(from: "127.61.0.1").rest() == "")
    try change()
    _ = try workspace.ocean("apply", workspace.config)
    _ = try server.greeted(from: "127.61.0.1")
    #expect(try workspace.ocean("history", workspace.config).output.split(separator: "\n").count == 4)
    try workspace.write("127.62.0.0/16\n", to: "drop.netset")
    let back = try workspace.ocean("rollback", "--config", workspace.config)
    #expect(back.status == .exited(0), "\(back.errorOutput)")
    #expect(try status().plan != listed)
    _ = try server.greeted(from: "127.61.0.1")
    #expect(try server.client(from: "127.62.0.1").rest() == "")
    #expect(try workspace.ocean("rollback", "99", "--config", workspace.config).status == .exited(1))
    try server.stop()
  }

  /// Whatever keeps it out, not rules alone.
  @Test func `who could not come back is told, whatever would keep it out`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig()
    let server = try Server(workspace)
    let client = try server.greeted(from: "127.60.0.1")
    #expect(try client.logIn().hasPrefix("+OK"))
    for (setting, reason) in [
      ("plaintext_login: [127.61.0.1]", "plaintext_login"),
      ("proxy_from: [127.60.0.0/16]\n    plaintext_login: always", "proxy_from"),
    ] {
      try workspace.writeConfig(service: [setting])
      let plan = try workspace.ocean("plan", workspace.config, "--fail-on", "sessions-locked-out")
      #expect(plan.status == .exited(3), "\(plan.output)")
      #expect(
        plan.output.contains(
          "    1 could not come back: 127.60.0.1 anna@example.org\n        1: \(reason)\n"), "\(plan.output)")
    }
    // The server decides the same about it.
    let applied = try workspace.ocean("apply", workspace.config, "--yes", "--sessions", "end")
    #expect(applied.output.contains("sessions: 0 kept, 1 ended"), "\(applied.output)\(applied.errorOutput)")
    try server.stop()
  }

  @Test(arguments: [("keep", 2, 0), ("drain", 1, 1), ("end", 0, 2)])
  func `sessions that would not be let in are treated as asked`(
    _ treatment: String, _ kept: Int, _ ended: Int
  ) throws {
    let inside = try server.greeted(from: "127.60.0.1")
    #expect(try inside.logIn().hasPrefix("+OK"))
    let outside = try server.greeted(from: "127.60.0.2")
    try change()
    let words = try workspace.ocean("plan", workspace.config)
    #expect(
      words.output.contains(
        "    2 could not come back: 127.60.0.1 anna@example.org, 127.60.0.2 (not logged in)\n"))
    #expect(
      try workspace.ocean("plan", workspace.config, "--fail-on", "access-widened").status == .exited(2))
    #expect(
      try workspace.ocean("plan", workspace.config, "--fail-on", "sessions-locked-out").status == .exited(3))
    let preview = try workspace.ocean(
      "plan", workspace.config, "--sessions", treatment, "--fail-on", "sessions-ended")
    #expect(
      preview.output.contains("\nsessions  2 open: \(kept) kept, \(ended) ended\n"), "\(preview.output)")
    #expect(preview.status == .exited(ended > 0 ? 3 : 2))
    let report: Report = try workspace.ocean(
      "apply", workspace.config, "--sessions", treatment, "--format", "json"
    ).json()
    #expect(report.sessions == .init(kept: kept, ended: ended))
    if kept == 2 { try outside.ok("CAPA") } else { #expect(try outside.rest().hasPrefix("-ERR [SYS/TEMP]")) }
    if kept > 0 { try inside.ok("NOOP") } else { #expect(try inside.rest().hasPrefix("-ERR [SYS/TEMP]")) }
    try server.stop()
  }

  @Test func `a change that fails leaves everything as it was`() throws {
    let before = try status().plan
    let squatter = try Squatter(workspace.address, port: 1111)
    try change()
    let failed = try workspace.ocean("apply", workspace.config, "--confirm-within", "5m")
    #expect(failed.status == .exited(1))
    #expect(failed.errorOutput.contains("another program listens there"), "\(failed.errorOutput)")
    #expect(try status().plan == before && status().unconfirmed == nil)
    _ = try server.loggedIn()
    squatter.close()
    let applied = try workspace.ocean("apply", workspace.config)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    try server.stop()
  }

  @Test func `a broken expectation stops a change, unless it is overridden by name`() throws {
    try change()
    let lines = workspace.read("ocean.yaml") + "\nexpect:\n  - { from: 127.60.0.7, verdict: allow }\n"
    try workspace.write(lines, to: "ocean.yaml")
    let place =
      "\(workspace.config):\(lines.split(separator: "\n", omittingEmptySubsequences: false).count - 1)"
    let refused = try workspace.ocean("apply", workspace.config)
    #expect(refused.status == .exited(1) && refused.errorOutput.contains("error[OC0327]"))
    let nothing = try workspace.ocean("apply", workspace.config, "--override", "ocean.yaml:1")
    #expect(nothing.status == .exited(1))
    #expect(
      nothing.errorOutput
        == "ocean: there is no broken expectation at ocean.yaml:1 to override: the broken ones are at \(place)\n"
    )
    // The place as it is shown, by another path, and with the column that the message has.
    let line = place.split(separator: ":").last ?? ""
    for written in [place, "./ocean.yaml:\(line)", "\(place):11"] {
      let applied = try workspace.run(
        "sh",
        [
          "-c", "cd \"$1\" && exec \"$0\" plan \"$2\" --override \"$3\"", try oceanBinary(),
          workspace.directory.path, workspace.config, written,
        ])
      #expect(applied.status == .exited(2), "\(applied.errorOutput)")
    }
    let applied = try workspace.ocean("apply", workspace.config, "--override", place)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    #expect(applied.output.contains("  done  expectations: 0 of 1\n"))
    let valid = try workspace.ocean("plan", workspace.config, "--override", place)
    try workspace.write(
      lines.replacingOccurrences(of: "verdict: allow", with: "verdict: refuse"), to: "ocean.yaml")
    let none = try workspace.ocean("plan", workspace.config, "--override", place)
    #expect(
      valid.status == .exited(0) && none.errorOutput.hasSuffix("to override: no expectation is broken\n"))
    try server.stop()
  }

  @Test func `a kill at any moment of an apply ends on one plan or the other, whole`() throws {
    let old = try status().plan
    var current = server
    try workspace.write(workspace.read("ocean.yaml"), to: "old.yaml")
    try change()
    let new = try #require(
      try workspace.ocean("plan", workspace.config, "--against", "none", "--format", "json").output
        .firstMatch(of: /"digest" : "(sha256:[0-9a-f]{64})"/)?.1)
    var seen: Set<String> = []
    for delay in 0..<5 {
      let apply = try Command(
        try oceanBinary(), ["apply", workspace.config, "--confirm-within", "1h"],
        directory: workspace.directory)
      // Compiling and asking take most of the time; the change itself takes a few milliseconds.
      try eventually("it is under way, or over") {
        !apply.isRunning || current.log.contains("waiting for 'ocean confirm'") || apply.output.contains("->")
          ? true : nil
      }
      usleep(UInt32(delay) * 1000)
      current.process.signal(SIGKILL)
      try current.process.wait()
      try apply.wait()
      // This was served before the config was changed.
      current = try Server(workspace, serving: "old.yaml")
      let running = try status().plan
      #expect(running == old)
      seen.insert(running)
      let answer = try current.client(port: Workspace.port)
      #expect(try answer.line().hasPrefix("+OK"))
      #expect(throws: POP3Client.ConnectError.self) { try current.client(port: 1111) }
      // The config that was not confirmed is not run unnoticed either.
      try current.stop()
      current = try Server(workspace)
      #expect([old, String(new)].contains(try status().plan))
      try current.stop()
      current = try Server(workspace, serving: "old.yaml")
    }
    #expect(seen == [old])
    try current.stop()
  }

  @Test func `who locks out their own address is warned`() throws {
    try change()
    let command = try workspace.run(
      oceanBinary(), ["plan", workspace.config],
      environment: ["SSH_CONNECTION": "127.60.0.9 50022 127.0.2.10 22"])
    #expect(command.output.contains("you are connected from 127.60.0.9, which 'pop3' would refuse"))
    try server.stop()
  }

  @Test(arguments: ["5", "0s", "2d", "soon"])
  func `a time to confirm needs a unit and has a range`(_ time: String) throws {
    let apply = try workspace.ocean("apply", workspace.config, "--confirm-within", time)
    #expect(apply.status == .exited(2))
    #expect(
      apply.errorOutput.contains("Write a time from 1s to 1d with its unit, like 5m or 1h30m."),
      "\(apply.errorOutput)")
    try server.stop()
  }

  @Test func `what is applied is named by its shortest path, and where a plan cannot be saved is said`()
    throws
  {
    try change()
    try FileManager.default.createDirectory(
      atPath: workspace.path("inner"), withIntermediateDirectories: false)
    let apply = try workspace.run(
      "sh",
      ["-c", "cd \"$1\" && exec \"$0\" apply .././/ocean.yaml", try oceanBinary(), workspace.path("inner")])
    #expect(apply.status == .exited(0), "\(apply.errorOutput)")
    #expect(try status().file == workspace.config)
    let saved = try workspace.ocean("plan", workspace.config, "--out", workspace.path("no/where.plan"))
    #expect(saved.status == .exited(1))
    #expect(
      saved.errorOutput.hasSuffix(
        "ocean: cannot write \(workspace.path("no/where.plan")): there is no directory \(workspace.path("no"))\n"
      ),
      "\(saved.errorOutput)")
    try server.stop()
  }

  @Test func `plans that cannot be used change nothing`() throws {
    let before = try status().plan
    try change()
    let saved = workspace.path("saved.plan")
    _ = try workspace.ocean("plan", workspace.config, "--out", saved)
    let text = workspace.read("saved.plan")
    for (broken, reason) in [
      (
        text.replacingOccurrences(of: "\"idle_timeout\" : \"20m\"", with: "\"idle_timeout\" : \"21m\""),
        "it says"
      ),
      (
        text.replacingOccurrences(of: "\"format_version\" : 6", with: "\"format_version\" : 9"),
        "its format is 9"
      ),
      (String(text.prefix(text.count / 2)), "is not a usable plan"),
      (
        text.replacingOccurrences(of: "\"text\" : \"127.60.0.0/16\"", with: "\"text\" : \"127.60.0.0/17\""),
        "the rules of 'services.pop3.ip_control.black_list' are not its addresses"
      ),
    ] {
      #expect(broken != text, "\(reason)")
      try workspace.write(broken, to: "broken.plan")
      let refused = try workspace.ocean("apply", workspace.path("broken.plan"))
      #expect(refused.status == .exited(1) && refused.errorOutput.contains(reason), "\(refused.errorOutput)")
    }
    #expect(try status().plan == before)
    try server.stop()
  }

  /// Expectations are not part of the plan, but the server has them all the same, to compare with.
  @Test func `what is expected of the plan that runs is what was applied last`() throws {
    let config = workspace.read("ocean.yaml")
    func plan() throws -> Command { try workspace.ocean("plan", workspace.config) }
    #expect(try plan().output.hasSuffix(": no effect. Nothing was applied.\n"))
    for (expectations, line) in [
      (
        "expect: [{ from: 127.113.0.9, verdict: allow }]\n", "\nexpect    0 -> 1, 1 of 1 hold\n    + from 127"
      ),
      ("", "\nexpect    1 -> 0\n    - from 127.113.0.9 to every service: allow "),
    ] {
      try workspace.write(config + expectations, to: "ocean.yaml")
      let planned = try plan()
      #expect(planned.output.contains(line) && planned.status == .exited(2), "\(planned.output)")
      #expect(!planned.output.contains("\n\n\n"))
      #expect(planned.output.hasSuffix(": no change except of expectations. Nothing was applied.\n"))
      let applied = try workspace.ocean("apply", workspace.config)
      #expect(applied.output.contains(line), "\(applied.output)")
      #expect(applied.output.contains("\n\nno effect: ") && applied.status == .exited(0), "\(applied.output)")
      #expect(try plan().status == .exited(0))
    }
    try server.stop()
  }
}

/// Another program that occupies a port.
private final class Squatter {
  private let descriptor: Int32

  init(_ address: String, port: Int) throws {
    // No child of another test may inherit it.
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard POP3Client.withAddress(address, port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1) == 0
    else {
      throw Failure("cannot listen on \(address):\(port)")
    }
  }

  func close() { Glibc.close(descriptor) }
}
