import ArgumentParser
import Glibc
import OceanCommandLine
import OceanControlAPI
import OceanHost
import OceanReport
import OceanSyntax

@main
struct Ocean: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ocean",
    abstract: "A POP3 server whose config is checked, previewed and explained before it runs.",
    subcommands: [
      Init.self, Check.self, PlanCommand.self, Diff.self, Explain.self, Test.self, ReplayCommand.self,
      Serve.self, Apply.self, Confirm.self, Rollback.self, History.self, Status.self, Sessions.self,
      Kick.self,
      Blocks.self, Unblock.self, Passwd.self, Accounts.self, Cert.self, MailboxCommand.self, Import.self,
      Schema.self,
      FactsCommand.self, FleetCommand.self,
    ])

  /// As in CHANGELOG.md.
  static let version = "0.1.0"
  static let versionDate = "2026-11-30"

  @Flag(
    name: [.customShort("V"), .customLong("version")],
    help: "Show the version, its commit, and that of libssl.")
  private var showsVersion = false

  /// Is called for any command: the version is told wherever it is asked for.
  func validate() throws {
    if showsVersion { throw CleanExit.message("ocean \(ServerProgram.own.text)") }
  }

  /// Like `ParsableCommand.main`, with ocean's exit codes instead of those of sysexits.h.
  static func main() {
    Process.holdStandardDescriptors()
    Terminal.color = Terminal.Color(in: CommandLine.arguments)
    if CommandLine.argc == 0 {
      printSentence("cannot read /proc/self/cmdline; is /proc mounted?")
      Terminal.exit(1)
    }
    do {
      try checkText()
      let words = Array(CommandLine.arguments.dropFirst())
      try tree.check(words)
      var command = try tree.parse(words)
      try command.run()
      Terminal.exit(0)
    } catch let code as ExitCode {
      Terminal.exit(code.rawValue)
    } catch {
      let screen = Screen(of: STDOUT_FILENO, color: Terminal.color)
      // The parser cannot wrap in fewer columns, and asks COLUMNS in any case. What is wrong on a command line is
      // quoted.
      setenv("COLUMNS", "\(max(screen.width, 40))", 1)
      let text = fullMessage(for: error).escapedLines
      if exitCode(for: error) == .success {
        print(text)
        Terminal.exit(0)
      }
      printError(painted(text))
      // For `plan` and `diff`, also those of a fleet, 2 means changes.
      let command = CommandLine.arguments.dropFirst().first { $0 != "fleet" }
      Terminal.exit(["plan", "diff", "replay"].contains(command) ? 1 : 2)
    }
  }

  /// A mistake in the command line, with its first word as that of other errors.
  private static func painted(_ text: String) -> String {
    let word = "Error:"
    guard text.hasPrefix(word) else { return text }
    return Screen(of: STDERR_FILENO, color: Terminal.color).paint(word, .error) + text.dropFirst(word.count)
  }

  /// - Throws: if a word is not UTF-8. Names of files are texts here: it would mean another file.
  private static func checkText() throws {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let word = CommandLine.unsafeArgv[index], String(validatingCString: word) == nil else { continue }
      throw ValidationError(
        "'\(String(cString: word).escapedForDisplay)' is not UTF-8; give the file a name in UTF-8, for example with convmv or mv."
      )
    }
  }

  /// The commands, and words that are commands of other servers.
  static var tree: CommandTree {
    CommandTree(
      Ocean.self,
      elsewhere: [
        "reload":
          "'ocean apply' shows what changes and applies it; 'systemctl reload ocean', or SIGHUP, applies it unseen",
        "restart":
          "'systemctl restart ocean' restarts the server; most changes of a config need only 'ocean apply', and 'ocean plan' "
          + "says which need a restart",
        "start": "'systemctl start ocean' starts the service, and 'ocean serve' a server in the foreground",
        "stop": "'systemctl stop ocean' stops the service, and SIGTERM any server",
        "who":
          "'ocean sessions' lists who is logged in, and 'ocean mailbox who USER' an account's last logins",
      ])
  }
}
