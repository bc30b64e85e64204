import ArgumentParser
import Glibc
import OceanControlAPI
import OceanEngine
import OceanHost
import OceanReport
import OceanStore
import OceanSyntax

struct MailboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mailbox",
    abstract: "Check a mailbox, make its index again, or show who logged in.",
    discussion: """
      An index is what the server remembers of a Maildir: sizes and unique ids of its messages. Works while the server \
      runs, as root or as the server's user.
      """,
    subcommands: [Check.self, Rebuild.self, Who.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      "check", "Check that everything can be read and removed, and that the index is right. Changes nothing.",
      discussion: """
        Reads every message, as the server's user, and checks whether that user may remove messages and save the index. \
        Mail that came after the index was written is not a mistake: the next session takes it in.
        """,
      exits: [0: "all is well", 1: "it is not, or that is not known", 2: "wrong usage"],
      example: "ocean mailbox check anna@example.org")

    @OptionGroup var target: Target

    func run() throws {
      var isSound = true
      try target.forEachMaildir { tool, maildir throws(StoreError) in
        let report = try tool.check(maildir)
        isSound = isSound && report.isSound
        return MailboxText.text(of: report, rebuilding: target.rebuilding)
      }
      if !isSound { throw ExitCode(1) }
    }
  }

  struct Rebuild: ParsableCommand {
    static let configuration = CommandConfiguration(
      "rebuild", "Make the index again, by reading every message.",
      discussion: "Unique ids that clients know stay, where the old index can be read.",
      exits: [0: "the index is written", 1: "it failed, or a message could not be read", 2: "wrong usage"],
      example: "ocean mailbox rebuild anna@example.org")

    @OptionGroup var target: Target

    func run() throws {
      var isWhole = true
      try target.forEachMaildir { tool, maildir throws(StoreError) in
        let result = try tool.rebuild(maildir)
        isWhole = isWhole && result.isWhole
        return MailboxText.text(ofRebuilt: result.messages, isSaved: result.isSaved, notes: result.notes)
      }
      if !isWhole { throw ExitCode(1) }
    }
  }

  struct Who: ParsableCommand {
    static let configuration = CommandConfiguration(
      "who", "Show the last logins of an account.",
      discussion: """
        From where and when, what was fetched and removed, how each session ended, and which logins failed: the last 8 \
        sessions and 4 failures, of the 100,000 accounts with the latest sessions. Works without a server, too, and as \
        root, the server's user or a member of its group.
        """,
      exits: [0: "the logins are shown, if there are any", 1: "they cannot be read", 2: "wrong usage"],
      example: "ocean mailbox who anna@example.org")

    @OptionGroup var target: Target

    @Option(help: "human or json.")
    var format = OutputFormat.human

    func run() throws {
      try reporting {
        let logins = try AccountLogins(of: target.user, by: try target.config.path)
        switch format {
        case .human: print(LoginsText.text(of: logins, on: target.screen.output))
        case .json: printBytes(try ControlAPI.encode(logins))
        }
      }
    }
  }
}

extension MailboxCommand {
  /// The account whose mailbox is meant.
  struct Target: ParsableArguments {
    @Argument(help: ArgumentHelp("The account, as it logs in.", valueName: "user"))
    var user: String

    @OptionGroup var config: ConfigArgument

    @OptionGroup var screen: ScreenOptions

    func validate() throws {
      guard user.isConfigName else { return }
      throw ValidationError(
        "'\(user.escapedForDisplay)' is a config: the account comes first, then the config.")
    }

    private var server: ServerName { ServerName(socket: nil, config: config.named) }

    /// The command that makes the index again.
    fileprivate var rebuilding: String { server.command("mailbox rebuild \(user.shellQuoted)") }

    /// Runs `body` for each of the account's Maildirs, one unless services keep different accounts under that name, and
    /// prints what it returns.
    fileprivate func forEachMaildir(
      _ body: (MaildirTool, _ maildir: String) throws(StoreError) -> String
    ) throws {
      try reporting {
        let plan = try LoadedPlan(asking: try config.path, on: screen.errors).plan
        let (account, maildirs) = try plan.maildirs(of: user)
        // The server could not write files that root made here.
        try Process.prepare(plan)
        let tool: MaildirTool
        do throws(StoreError) { tool = try MaildirTool(plan) } catch {
          throw Failure("\(error)".escapedForDisplay)
        }
        for maildir in maildirs {
          guard access(maildir, F_OK) == 0 || errno != ENOENT else {
            print("\(maildir): not there yet; nobody has written to this account".escapedForDisplay)
            continue
          }
          do throws(StoreError) {
            let text = try Progress.showing("reading \(maildir)", on: screen.errors) { _ throws(StoreError) in
              try body(tool, maildir)
            }
            print("\(maildir.escapedForDisplay): \(text)")
          } catch {
            throw Failure(MailboxText.sentence(error, maildir, of: account, on: server))
          }
        }
      }
    }
  }
}
