import Foundation
import Testing

/// Tests where the output goes, and what happens to it.
struct OutputTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func shell(_ script: String) throws -> Command {
    try workspace.run("sh", ["-c", "cd '\(workspace.directory.path)'; \(script)", try oceanBinary()])
  }

  @Test(arguments: [
    "\"$0\" schema", "\"$0\" facts ocean.yaml", "\"$0\" check ocean.yaml --format json",
    "\"$0\" plan ocean.yaml", "echo secret | \"$0\" passwd anna", "\"$0\" --version",
  ])
  func `output that a full disk does not take is a failure`(command: String) throws {
    let full = try shell("\(command) >/dev/full")
    #expect(full.status == .exited(1))
    #expect(full.errorOutput.contains("ocean: cannot write "), "\(full.errorOutput)")
    let closed = try shell("\(command) >&-")
    #expect(closed.status == .exited(1) && closed.errorOutput.contains("ocean: cannot write "))
  }

  @Test func `a reader that has enough is not a failure`() throws {
    let command = try shell("\"$0\" schema 2>errors | head -c 1; cat errors")
    // This holds also if SIGPIPE is ignored.
    let ignoring = try shell("trap \"\" PIPE; \"$0\" schema 2>errors | head -c 1; cat errors")
    #expect(ignoring.output == "{")
    #expect(command.output == "{" && command.errorOutput.isEmpty)
  }

  /// Only a file is replaced; anything else is written to.
  @Test(arguments: ["facts ocean.yaml", "plan ocean.yaml"])
  func `what is saved goes where it was to go`(command: String) throws {
    try workspace.write("old", to: "target.json")
    let piped = try shell(
      """
      mkfifo pipe; cat pipe > piped & "$0" \(command) --out pipe; wait; test -p pipe
      """)
    #expect(piped.status == .exited(0), "\(piped.errorOutput)")
    #expect(workspace.read("piped").hasPrefix("{"))
    let linked = try shell("ln -s target.json link; \"$0\" \(command) --out link; test -L link")
    #expect(linked.status == .exited(0), "\(linked.errorOutput)")
    #expect(workspace.read("target.json").hasPrefix("{"))
    let directory = try shell("mkdir folder; \"$0\" \(command) --out folder")
    #expect(directory.status == .exited(1) && directory.errorOutput.contains("folder"))
  }

  @Test func `of a file of accounts taken for a config nothing is shown`() throws {
    try workspace.write(
      "# accounts\nanna@example.org:{PLAIN}swordfish::::::\nben:$y$j9T$abc::::::\n", to: "users.passwd")
    for arguments in [["users.passwd"], ["including.yaml"]] {
      try workspace.write("version: 1\ninclude: users.passwd\n", to: "including.yaml")
      let check = try workspace.run(oceanBinary(), ["check", workspace.path(arguments[0])])
      #expect(check.status == .exited(2) || check.status == .exited(1))
      #expect(check.output.contains("this is a file of accounts, not a config"))
      #expect(!check.output.contains("swordfish") && !check.output.contains("$y$"))
    }
  }

  @Test func `a secret in the place of its place is not shown`() throws {
    try workspace.write(
      workspace.read("ocean.yaml")
        + "certificates: { main: { chain: a.pem, key: a.key, passphrase: \"swordfish\" } }\n",
      to: "ocean.yaml")
    let check = try workspace.ocean("check", workspace.config)
    #expect(check.output.contains("a secret itself does not belong here"))
    #expect(!check.output.contains("swordfish"))
  }

  // MARK: - On a terminal

  /// What a terminal gets from a command, with ESC as `^`.
  private func terminal(_ command: String) throws -> String {
    try workspace.write(command.replacing("ocean ", with: "'\(try oceanBinary())' "), to: "command")
    let run = try shell("unset NO_COLOR; TERM=xterm script -qec 'sh ./command' /dev/null </dev/null")
    return run.output.replacing("\u{1b}", with: "^").replacing("\r\n", with: "\n")
  }

  @Test(arguments: [
    ("ocean check nowhere.yaml", "^[1;31mocean:^[0m cannot read nowhere.yaml"),
    ("ocean check nowhere.yaml --color never", "ocean: cannot read nowhere.yaml"),
    ("NO_COLOR=1 ocean check nowhere.yaml", "ocean: cannot read nowhere.yaml"),
    ("ocean check --nothing", "^[1;31mError:^[0m Unknown option '--nothing'"),
    ("ocean check --nothing --color=never", "Error: Unknown option '--nothing'"),
    ("ocean status --socket nowhere", "^[1;31mocean:^[0m "),
  ])
  func `the name before an error has the colour of errors`(command: String, start: String) throws {
    let shown = try terminal(command)
    #expect(shown.hasPrefix(start), "\(shown)")
    let piped = try shell("TERM=xterm \"$0\" \(command.dropFirst(command.hasPrefix("NO") ? 17 : 6))")
    #expect(!(piped.output + piped.errorOutput).contains("\u{1b}"))
  }

  @Test func `long work shows that it goes on, and leaves nothing behind`() throws {
    let list = (0..<150_000).map { "10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)\n" }
    try workspace.write(list.shuffled().joined(), to: "long.list")
    try workspace.writeConfig(service: ["ip_control: { black_list: [{ file: long.list }] }"])
    for command in ["check", "plan --against none", "explain --from 192.0.2.1", "facts"] {
      let shown = try terminal("ocean \(command) -c ocean.yaml")
      // Until something else is printed, there is that one line.
      let lines = shown.split(separator: "^[K", omittingEmptySubsequences: false)
      #expect(lines.count > 2, "\(command): \(shown.prefix(300))")
      #expect(lines.dropLast().allSatisfy { $0.hasPrefix("\r") && !$0.contains("\n") }, "\(command)")
      #expect(lines.dropLast().last == "\r", "\(command): it is cleared")
      let piped = try shell("\"$0\" \(command) -c ocean.yaml")
      #expect(!(piped.output + piped.errorOutput).contains("\r"), "\(command)")
    }
  }
}
