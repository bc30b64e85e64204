import Foundation
import Testing

/// Tests what the history says: who made a change, and what they said about it.
@Suite struct HistoryTests {
  private let workspace: Workspace
  private let server: Server

  init() throws {
    workspace = try Workspace()
    server = try Server(workspace)
  }

  private struct History: Decodable {
    struct Plan: Decodable {
      struct Author: Decodable, Equatable {
        let event: String
        var uid: UInt32?
        var user: String?
        var comment: String?
      }
      let by: Author
    }
    let plans: [Plan]
  }

  private func authors() throws -> [History.Plan.Author] {
    let history: History = try workspace.ocean("history", workspace.config, "--format", "json").json()
    return history.plans.map(\.by)
  }

  @Test func `the history says who made a change, and why`() throws {
    try workspace.writeConfig(service: ["idle_timeout: 20m"])
    let comment = "INC-7: \u{1b}[31m50% & more = \"less\"\u{202e}"
    let applied = try workspace.ocean("apply", workspace.config, "--comment", comment)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    try workspace.writeConfig(service: ["idle_timeout: 30m"])
    try server.reload()
    let back = try workspace.ocean("rollback", "--config", workspace.config, "--comment", "as before")
    #expect(back.status == .exited(0), "\(back.errorOutput)")
    let (uid, user) = (getuid(), NSUserName())
    #expect(
      try authors() == [
        .init(event: "rollback", uid: uid, user: user, comment: "as before"), .init(event: "reload"),
        .init(event: "apply", uid: uid, user: user, comment: comment), .init(event: "start"),
      ])
    let json = try workspace.ocean("history", workspace.config, "--format", "json").output
    #expect(json.contains(#"\u202e"#) && !json.contains("\u{202e}"), "\(json)")
    let text = try workspace.ocean("history", workspace.config).output
    #expect(
      text.contains("\n      INC-7: \\u{1b}[31m50% & more = \"less\"\\u{202e}\n")
        && text.contains("  SIGHUP  ") && text.contains("  start  "), "\(text)")
    #expect(server.log.contains("\"by\":\"\(user)\""), "\(server.log)")
    try server.stop()
  }

  @Test func `a comment has a limit`() throws {
    let long = String(repeating: "a", count: 201)
    for arguments in [["apply", workspace.config], ["rollback", "--config", workspace.config]] {
      let command = try workspace.run(oceanBinary(), arguments + ["--comment", long])
      #expect(command.status == .exited(2))
      #expect(
        command.errorOutput.contains("a comment has at most 200 characters, and this one has 201"),
        "\(command.errorOutput)")
      let blank = try workspace.run(oceanBinary(), arguments + ["--comment", "  "])
      #expect(blank.status == .exited(2))
      #expect(
        blank.errorOutput.contains("this one is blank: write one, or leave it out"), "\(blank.errorOutput)")
    }
    try server.stop()
  }

  /// The socket's group may make changes as well.
  @Test func `another user is named`() throws {
    guard getuid() == 0 else { return }
    try workspace.setMode(0o711, of: "state")
    #expect(chown(workspace.socket, 0, 60) == 0)
    try workspace.writeConfig(service: ["idle_timeout: 20m"])
    let plan = workspace.path("change.plan")
    _ = try workspace.ocean("plan", workspace.config, "--out", plan)
    try workspace.setMode(0o644, of: "change.plan")
    let applied = try workspace.run(
      "setpriv",
      ["--reuid", "games", "--regid", "60", "--clear-groups", oceanBinary(), "apply", plan, "--socket"]
        + [workspace.socket])
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    #expect(try authors().first == .init(event: "apply", uid: 5, user: "games"))
    try server.stop()
  }
}
