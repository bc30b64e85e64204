import Foundation
import Testing

/// Tests that passwords come in, and never go out.
struct SecretTests {
  @Test(arguments: ["yescrypt", "bcrypt", "sha512-crypt", "ssha512", "plain"])
  func `what passwd prints lets its owner in`(scheme: String) throws {
    let workspace = try Workspace()
    let made = try workspace.ocean(
      "passwd", "anna@example.org", "--scheme", scheme, input: Workspace.secret + "\n")
    #expect(made.status == .exited(0))
    #expect(made.output.hasPrefix("anna@example.org:{") && made.output.hasSuffix("::::::\n"))
    #expect(made.output.split(separator: "\n").count == 1)
    try workspace.write(made.output, to: "users.passwd")

    let server = try Server(workspace)
    for user in ["anna", "anna@example.org"] {
      let client = try server.loggedIn(user)
      try client.ok("QUIT")
    }
    let client = try server.greeted()
    for wrong in [
      "", " ", Workspace.secret + " ", String(Workspace.secret.dropLast()), Workspace.secret.lowercased(),
    ].prefix(2) {
      #expect(!(try client.logIn("anna", wrong).hasPrefix("+OK")))
    }
    try server.stop()
  }

  @Test func `an empty password is none`() throws {
    let workspace = try Workspace()
    for input in ["", "\n"] {
      let made = try workspace.ocean("passwd", "anna", input: input)
      #expect(made.status == .exited(1))
      #expect(made.errorOutput == "ocean: an empty password is not accepted\n")
    }
    let made = try workspace.ocean("passwd", "an:na", input: "x\n")
    #expect(made.status == .exited(2) && made.output.isEmpty)
  }

  /// The mistakes: a password in the wrong field, without braces, in braces, with an unknown scheme.
  private static let mistakes = """
    anna:{PLAIN}\(Workspace.secret)::::::
    berta:\(Workspace.secret)::::::
    clara:{\(Workspace.secret)}::::::
    \(Workspace.secret):{PLAIN}x::::::
    {PLAIN}\(Workspace.secret)
    dora:{NTLM}\(Workspace.secret)::::::
    emil:{PLAIN}x:\(Workspace.secret):\(Workspace.secret):::: \(Workspace.secret)=\(Workspace.secret) \(Workspace.secret)
    {PLAIN}:\(Workspace.secret)::::::

    """

  @Test func `no command shows a secret of the account file`() throws {
    let workspace = try Workspace()
    try workspace.write(Self.mistakes, to: "users.passwd")
    let config = workspace.path("ocean.yaml")
    for arguments in [
      ["check", config], ["check", config, "--format", "json"], ["plan", config],
      ["plan", config, "--format", "json"],
      ["plan", config, "--out", workspace.path("saved.plan")],
    ] {
      let command = try Command(try oceanBinary(), arguments, directory: workspace.directory)
      try command.wait()
      workspace.expectNoSecret(in: command.output)
      workspace.expectNoSecret(in: command.errorOutput)
    }
    workspace.expectNoSecret(in: workspace.read("saved.plan"))
    let server = try Server(workspace)
    _ = try server.loggedIn()
    try server.reload(expecting: "reloaded: no change")
    try server.stop()
  }

  @Test func `no log shows what clients send as passwords`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    let client = try server.greeted()
    for line in [
      "PASS \(Workspace.secret)", "PASS", "USER anna \(Workspace.secret)", "PAS \(Workspace.secret)",
      "APOP anna \(Workspace.secret)",
      "\(Workspace.secret)", "USER anna", "PASS \(Workspace.secret)\u{7}",
    ] {
      #expect(try client.command(line).contains(Workspace.secret) == false)
    }
    #expect(try client.logIn("anna", Workspace.secret + "x").hasPrefix("-ERR [AUTH]"))
    #expect(try client.logIn().hasPrefix("+OK"))
    try client.ok("QUIT")
    try server.stop()
  }
}
