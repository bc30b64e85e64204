import ArgumentParser

@main
struct Ocean: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ocean",
    abstract: "A POP3 server whose config is checked, previewed and explained before it runs.",
    version: version,
    subcommands: [
      Check.self, PlanCommand.self, Diff.self, Explain.self, ReplayCommand.self, Serve.self, Apply.self,
      Confirm.self,
      Rollback.self, History.self, Status.self, Sessions.self, Kick.self,
      Bans.self,
      Unban.self, Passwd.self, Cert.self, MailboxCommand.self, Import.self, Schema.self,
      FactsCommand.self,
    ])

  static let version = "0.1.0"

  /// Like `ParsableCommand.main`, with ocean's exit codes instead of those of sysexits.h.
  static func main() {
    Process.holdStandardDescriptors()
    if CommandLine.argc == 0 {
      printError("ocean: cannot read /proc/self/cmdline; is /proc mounted?")
      Terminal.exit(1)
    }
    do {
      var command = try parseAsRoot()
      try command.run()
      Terminal.exit(0)
    } catch let code as ExitCode {
      Terminal.exit(code.rawValue)
    } catch {
      let text = fullMessage(for: error)
      if exitCode(for: error) == .success {
        print(text)
        Terminal.exit(0)
      }
      printError(text)
      // For `plan` and `diff`, 2 means changes.
      Terminal.exit(["plan", "diff", "replay"].contains(CommandLine.arguments.dropFirst().first) ? 1 : 2)
    }
  }
}
