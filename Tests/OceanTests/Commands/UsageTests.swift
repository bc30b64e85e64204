import Foundation
import Testing

/// Tests the messages for a command that was mistyped.
struct UsageTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test(arguments: [
    (["chekc", "ocean.yaml"], "There is no command 'chekc'; did you mean 'check'?"),
    (["cert", "nwe", "a.test"], "There is no command 'nwe'; did you mean 'new'?"),
    (["mailbox", "xyzzy"], "There is no command 'xyzzy'; there are check, rebuild."),
    (["passwd", "a b"], "An account's name has no colons, spaces or control characters."),
    (
      ["confirm", "ocean.yaml"],
      "'ocean.yaml' is a file, and what is confirmed is a plan: ocean confirm DIGEST ocean.yaml\n"
    ),
    (["confirm", "./a b.yml", "f45d63"], "The digest comes first: ocean confirm f45d63 './a b.yml'"),
    (["confirm", "xyzzy1"], "'xyzzy1' is not a plan's digest, which has six hexadecimal digits at least"),
    (["rollback", "ocean.yaml"], "'ocean.yaml' is a file; to go back to an earlier plan"),
    (["rollback", "ocean.yaml"], "ocean rollback --config ocean.yaml\n"),
    (["rollback", "xyzzy1"], "'xyzzy1' is neither a number nor six hexadecimal digits of a plan's digest."),
    (["unban", "ocean.yaml"], "is not an address or network; the config is given with --config ocean.yaml."),
    (["mailbox", "check", "ocean.yaml"], "is a config: the account comes first, then the config."),
    (["mailbox", "rebuild", "ocean.yaml", "anna"], "is a config: the account comes first, then the config."),
    (["passwd", "users.passwd"], "'users.passwd' is a file, and this makes a line for an account"),
    (["cert", "show", "ocean.yaml"], "'ocean plan ocean.yaml' shows those of a config."),
  ])
  func `a mistake is named`(_ arguments: [String], _ message: String) throws {
    let command = try workspace.run(oceanBinary(), arguments)
    #expect(command.status == .exited(2))
    #expect(command.errorOutput.contains(message), "\(command.errorOutput)")
    #expect(command.output.isEmpty)
  }

  @Test func `a digest is no file to apply`() throws {
    let command = try workspace.ocean("apply", "f45d63")
    #expect(command.status == .exited(1))
    #expect(
      command.errorOutput
        == "ocean: there is no file f45d63; if it is the digest of an earlier plan, go back to that with: ocean rollback f45d63\n"
    )
  }

  @Test func `the usage shown is that of the command`() throws {
    #expect(try workspace.ocean("passwd", "a b").errorOutput.contains("Usage: ocean passwd "))
  }

  @Test func `help is given, and names a default once`() throws {
    for arguments in [["help", "plan"], ["plan", "--help"]] {
      let help = try workspace.run(oceanBinary(), arguments)
      #expect(help.status == .exited(0))
      #expect(help.output.components(separatedBy: "/etc/ocean/ocean.yaml").count == 2, "\(help.output)")
    }
  }

  @Test func `a config comes from standard input, and lies in the working directory`() throws {
    func run(_ arguments: String...) throws -> Command {
      try workspace.run(
        "sh",
        [
          "-c", "cd \"$1\" && shift && cat ocean.yaml | \"$0\" \"$@\"", try oceanBinary(),
          workspace.directory.path,
        ]
          + arguments)
    }
    let check = try run("check", "-")
    #expect(check.status == .exited(0), "\(check.output)")
    #expect(try run("diff", "-", "ocean.yaml").status == .exited(0))
    let plan = try run("plan", "-", "--format", "json")
    #expect(
      plan.output
        == (try run("plan", "ocean.yaml", "--format", "json")).output.replacing("ocean.yaml", with: "-"))
    #expect(try run("apply", "-").errorOutput.hasPrefix("ocean: only a file can be applied"))
    try workspace.writeConfig(service: ["idle_timeout: 5"])
    let broken = try run("check", "-")
    #expect(broken.status == .exited(1) && broken.output.contains(" --> -:17:19"), "\(broken.output)")
  }
}
