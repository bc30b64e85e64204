import Foundation
import Testing

/// Tests the messages for a command that was mistyped.
struct UsageTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test(arguments: [
    (["chekc", "ocean.yaml"], "There is no command 'chekc'; did you mean 'check'?"),
    (["cert", "nwe", "a.test"], "There is no command 'nwe'; did you mean 'new'?"),
    (["mailbox", "xyzzy"], "There is no command 'xyzzy'; there are check, rebuild, who."),
    (["reload"], "There is no command 'reload': 'ocean apply' shows what changes and"),
    (["restart", "ocean.yaml"], "There is no command 'restart': 'systemctl restart ocean' restarts"),
    (["start"], "There is no command 'start': 'systemctl start ocean' starts"),
    (["stop"], "There is no command 'stop': 'systemctl stop ocean' stops"),
    (["who", "anna"], "There is no command 'who': 'ocean sessions' lists who is logged in"),
    (["help", "nonsense"], "There is no command 'nonsense'"),
    (["status", "-c", "no\u{1b}[31m.yaml", "-x"], "Unknown option '-x'"),
    (["check", "--format", "\u{1b}[31m"], "The value '\\u{1b}[31m' is invalid"),
    (["passwd", "a b"], "'a b': an account's name has no colons, spaces or control characters."),
    (
      ["confirm", "ocean.yaml"],
      "'ocean.yaml' is a file, and what is confirmed is a plan: ocean confirm DIGEST -c /"
    ),
    (["confirm", "./a b.yml", "f45d63"], "The digest comes first: ocean confirm f45d63 -c '/"),
    (["confirm", "xyzzy1"], "'xyzzy1' is not a plan's digest, which has six hexadecimal digits at least"),
    (["rollback", "ocean.yaml"], "'ocean.yaml' is a file; to go back to an earlier plan"),
    (["rollback", "ocean.yaml"], "ocean rollback -c /"),
    (["rollback", "xyzzy1"], "'xyzzy1' is neither a number nor six hexadecimal digits of a plan's digest."),
    (["unban", "ocean.yaml"], "is not an address or network; the config is given with -c /"),
    (["mailbox", "check", "ocean.yaml"], "is a config: the account comes first, then the config."),
    (["mailbox", "rebuild", "ocean.yaml", "anna"], "is a config: the account comes first, then the config."),
    (["passwd", "users.passwd"], "'users.passwd' is a file, and this makes a line for an account"),
    (["cert", "show", "ocean.yaml"], "'ocean plan ocean.yaml' shows those of a config."),
    (["apply", "f45d63"], "if it is the digest of an earlier plan, go back to that with: ocean rollback f4"),
    (["apply", "-"], "Only a file can be applied: 'ocean status' names it"),
    (["check", "a.yaml", "-c", "b.yaml"], "two are named: a.yaml and --config b.yaml."),
    (["kick", "a.yaml", "7", "-c", "b.yaml"], "two are named: a.yaml and --config b.yaml."),
    (["check", "-c", "a.yaml", "--explain", "OC0214"], "Give a config file, or --explain and a code."),
  ])
  func `a mistake is named`(_ arguments: [String], _ message: String) throws {
    let command = try workspace.run(oceanBinary(), arguments)
    #expect(command.status == .exited(2))
    #expect(command.errorOutput.contains(message), "\(command.errorOutput)")
    #expect(command.output.isEmpty)
  }

  /// Each command with its config in three ways, and what it exits with: no server runs.
  @Test(arguments: [
    ("check", [], Int32(0)), ("plan", [], 0), ("explain", ["--from", "127.0.0.1"], 0), ("facts", [], 0),
    ("replay", ["--log", "access.jsonl"], 1), ("apply", [], 1), ("confirm", ["f45d63"], 1),
    ("history", [], 1), ("status", [], 1), ("sessions", [], 1), ("kick", ["7"], 1), ("blocks", [], 1),
    ("mailbox check", ["anna"], 0), ("mailbox rebuild", ["anna"], 0),
  ])
  func `a config is an argument or an option`(_ name: String, _ others: [String], _ status: Int32) throws {
    let config = workspace.path("ocean.yaml")
    // Nothing is to differ but how the config is named.
    try workspace.deliver("Subject: one\r\n\r\nText.\r\n", as: "1.test")
    let words = name.split(separator: " ").map(String.init)
    let wordings = [others + [config], others + ["-c", config], ["--config=\(config)"] + others + [config]]
    let runs = try wordings.map { try workspace.run(oceanBinary(), words + $0) }
    #expect(runs.allSatisfy { $0.status == .exited(status) }, "\(runs.map(\.errorOutput))")
    #expect(Set(runs.map(\.errorOutput)).count == 1)
    if name != "facts" { #expect(Set(runs.map(\.output)).count == 1) }
    #expect(!(runs[0].output + runs[0].errorOutput).contains("/etc/ocean"))
  }

  @Test func `commands with other arguments take the config as an option`() throws {
    try workspace.write("version: 1\ncases: []\n", to: "cases.yaml")
    let config = workspace.path("ocean.yaml")
    for arguments in [["rollback", "-c"], ["unblock", "--all", "-c"], ["diff", "f45d63", "f45d64", "-c"]] {
      let command = try workspace.run(oceanBinary(), arguments + [config])
      #expect(command.status == .exited(1))
      #expect(command.errorOutput.contains(workspace.path("state")), "\(arguments): \(command.errorOutput)")
    }
    let test = try workspace.ocean("test", workspace.path("cases.yaml"), "-c", workspace.path("none.yaml"))
    #expect(test.status == .exited(2) && test.errorOutput.contains("none.yaml: there is no such file"))
  }

  /// With 2 these commands say that something changes, or that somebody is affected.
  @Test(arguments: [["plan"], ["diff", "ocean.yaml"], ["replay"], ["plan", "a.yaml", "-c", "b.yaml"]])
  func `wrong usage is never taken for changes`(_ arguments: [String]) throws {
    let command = try workspace.run(oceanBinary(), arguments + ["--nonsense"])
    #expect(command.status == .exited(1))
    #expect(command.errorOutput.contains("Usage: ocean \(arguments[0])"), "\(command.errorOutput)")
  }

  @Test func `a saved plan says which server to ask`() throws {
    let plan = workspace.path("plan.json")
    #expect(try workspace.ocean("plan", workspace.path("ocean.yaml"), "--out", plan).status == .exited(0))
    let status = try workspace.ocean("status", "-c", plan)
    #expect(status.status == .exited(1))
    #expect(status.errorOutput.contains(workspace.path("state")), "\(status.errorOutput)")
  }

  @Test func `the usage shown is that of the command`() throws {
    #expect(try workspace.ocean("passwd", "a b").errorOutput.contains("Usage: ocean passwd "))
  }

  @Test func `the version is told with its commit and libssl, and status tells that of the server`() throws {
    let version = try workspace.ocean("--version")
    #expect(version.status == .exited(0))
    let form = /ocean \d+\.\d+\.\d+( \([0-9a-f]{8}\+?, \d{4}-\d\d-\d\d\))?, OpenSSL \d\S+ .*\n/
    #expect(version.output.wholeMatch(of: form) != nil, "\(version.output)")
    #expect(try workspace.ocean("-V").output == version.output)
    #expect(try workspace.ocean("check", "--version").output == version.output)
    let server = try Server(workspace)
    let status = try workspace.ocean("status", "-c", workspace.path("ocean.yaml"))
    #expect(
      status.output.contains("\nversion   \(version.output.dropFirst("ocean ".count))"), "\(status.output)")
    try server.stop()
  }

  /// The parser wraps by COLUMNS, and cannot do so in a few.
  @Test func `help is given on the narrowest terminal`() throws {
    let help = try workspace.run("/usr/bin/env", ["COLUMNS=20", oceanBinary(), "check", "--help"])
    #expect(help.status == .exited(0) && help.output.contains("--strict"))
  }

  @Test func `a name that is not UTF-8 is refused, and not another file's`() throws {
    let made = try workspace.run(
      "/bin/sh", ["-c", "exec \"$0\" check $(printf 'l\\351t.yaml')", oceanBinary()])
    #expect(made.status == .exited(2) && made.errorOutput.contains("is not UTF-8"), "\(made.errorOutput)")
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
    #expect(try run("check", "-c", "-").output == check.output)
    try workspace.writeConfig(service: ["idle_timeout: 5"])
    let broken = try run("check", "-")
    #expect(broken.status == .exited(1) && broken.output.contains(" --> -:17:19"), "\(broken.output)")
  }
}
