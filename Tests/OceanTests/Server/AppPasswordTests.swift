import Foundation
import Testing

/// Tests app passwords from the line that `ocean passwd` makes to what the server's log says of them.
struct AppPasswordTests {
  @Test func `an app password is made, lets in, and is refused where it may not be used`() throws {
    let workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host")
    try workspace.writeConfig(
      services: "  pop3: { ports: [1110] }\n  inner: { ports: [1111] }\n", ports: [])
    let config = workspace.read("ocean.yaml").replacing("log: { access: access.jsonl }", with: "")
    try workspace.write(config, to: "ocean.yaml")

    let made = try workspace.ocean(
      "passwd", "--app", "phone", "--services", "pop3", "anna", input: "\n")
    #expect(made.status == .exited(0))
    let password = try #require(
      made.errorOutput.firstMatch(of: /[a-z]{4}-[a-z]{4}-[a-z]{4}-[a-z]{4}/).map { String($0.output) })
    #expect(made.output.hasPrefix(":anna:phone:{SSHA512}") && made.output.hasSuffix(":services=pop3\n"))
    #expect(!made.output.contains(password))
    try workspace.write(workspace.read("users.passwd") + made.output, to: "users.passwd")

    let server = try Server(workspace)
    func fetch(_ port: Int) throws -> Command {
      try workspace.run(
        "curl",
        ["--silent", "--show-error", "--user", "anna:\(password)", "pop3://\(workspace.address):\(port)/1"])
    }
    let fetched = try fetch(1110)
    #expect(fetched.output.contains("Subject: one"), "\(fetched.errorOutput)")
    // The client is told nothing but that the login is denied.
    let denied = try fetch(1111)
    #expect(denied.status == .exited(67), "\(denied.errorOutput)")
    try server.stop()
    let lines = try logLines(server.log).filter { $0["app"] == "phone" }
    #expect(
      lines.compactMap { $0["message"] } == [
        "pop3: login anna@example.org with app password phone from 127.0.0.1 without TLS",
        "inner: login failed from 127.0.0.1 without TLS: the app password phone is right, but not at this service "
          + "(services), user anna",
      ])
    #expect(!server.log.contains(password))
    let who = try workspace.ocean("mailbox", "who", "anna", workspace.config)
    #expect(who.output.contains("phone") && who.output.contains("not at this service"))
  }
}
