import Foundation
import TestSupport
import Testing

/// A server whose accounts are those of a Dovecot beside it, and what clients, logs and commands say once that is away.
@Suite(.enabled(if: Dovecot.canRun, "\(InstalledDovecot.absence)"))
struct DovecotAccountsTests {
  @Test func `Dovecot checks passwords, and while it is away clients are told to come again`() throws {
    let workspace = try Workspace()
    try workspace.makeMaildir()
    try workspace.writeConfig()
    try workspace.write(
      workspace.read("ocean.yaml").replacing(
        "  main: { passwd_file: users.passwd }",
        with: "  beside: { dovecot: { auth: dovecot/run/auth-client, users: dovecot/run/auth-userdb } }"),
      to: "ocean.yaml")
    var dovecot: Dovecot? = try Dovecot(workspace)
    #expect(dovecot != nil)
    let checked = try workspace.ocean("check", workspace.path("ocean.yaml"))
    #expect(checked.output.contains("0 errors"), "\(checked.output)")
    #expect(!checked.output.contains("auth-"), "\(checked.output)")
    let server = try Server(workspace)
    for user in ["anna", "anna@example.org"] {
      let client = try server.loggedIn(user)
      try client.ok("QUIT")
    }
    for (user, password) in [("anna", "wrong"), ("nobody", Workspace.secret), ("anna@example.net", "x")] {
      #expect(try server.greeted().logIn(user, password).hasPrefix("-ERR [AUTH]"), "\(user)")
    }
    let found = try workspace.ocean(
      "explain", workspace.path("ocean.yaml"), "--from", "127.0.0.1", "--to", "pop3", "--user", "anna")
    #expect(found.output.contains("anna@example.org (in dovecot:"), "\(found.output)")
    // It goes on answering for a moment on connections that are open.
    dovecot = nil
    try eventually("users of Dovecot are told to come again") {
      try server.greeted().logIn("anna", Workspace.secret).hasPrefix("-ERR [SYS/TEMP]") ? true : nil
    }
    for password in [Workspace.secret, "wrong", "wrong", "wrong", "wrong", "wrong", "wrong"] {
      #expect(try server.greeted().logIn("anna", password).hasPrefix("-ERR [SYS/TEMP]"))
    }
    let status = try workspace.ocean("status", workspace.path("ocean.yaml"))
    #expect(status.output.contains("its users cannot log in for now"), "\(status.output)")
    let away = try workspace.ocean("check", workspace.path("ocean.yaml"))
    #expect(away.output.contains("/dovecot/run/auth-client"), "\(away.output)")
    try server.stop()
    #expect(server.log.components(separatedBy: "an account source is away").count == 2, "\(server.log)")
    workspace.expectNoSecret(in: server.log + found.output + status.output + checked.output)
  }
}
