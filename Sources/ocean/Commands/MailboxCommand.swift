import ArgumentParser
import Glibc
import OceanAccess
import OceanCompiler
import OceanControlAPI
import OceanEngine
import OceanHost
import OceanPlan
import OceanReport
import OceanStore
import OceanSyntax
import Synchronization

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
      try target.forEachMaildir { mailboxes, maildir throws(StoreError) in
        let report = try Progress.showing("reading \(maildir)", on: target.screen.errors) {
          _ throws(StoreError) in
          try mailboxes.store.checkIndex(of: maildir, uidls: mailboxes.uidls, locks: mailboxes.locks)
        }
        let findings = report.findings.map(\.description.escapedForDisplay)
        isSound = isSound && report.isSound
        guard let messages = report.messages else { return findings.joined(separator: "\n  ") }
        let verdict =
          report.isSound
          ? "sound"
          : report.isIndexWrong ? "not sound; '\(target.rebuilding)' makes it again" : "not sound"
        return (["\(MailboxCommand.counted(messages)) in the index: \(verdict)"] + findings)
          .joined(separator: "\n  ")
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
      try target.forEachMaildir { mailboxes, maildir throws(StoreError) in
        let result = try Progress.showing("reading \(maildir)", on: target.screen.errors) {
          _ throws(StoreError) in
          try mailboxes.store.rebuildIndex(of: maildir, uidls: mailboxes.uidls, locks: mailboxes.locks)
        }
        let notes = mailboxes.notes.take()
        isWhole = isWhole && result.isSaved && notes.isEmpty
        let outcome = result.isSaved ? "index written" : "the index is not written"
        return (["\(MailboxCommand.counted(result.messages)), \(outcome)"] + notes).joined(separator: "\n  ")
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
    var format = ControlOptions.Format.human

    func run() throws {
      try ControlOptions.run {
        let logins = try AccountLogins(of: target.user, by: try target.config.path)
        switch format {
        case .human: print(LoginsText.text(of: logins, on: target.screen.output))
        case .json: printBytes(try ControlAPI.encode(logins))
        }
      }
    }
  }

  fileprivate static func counted(_ messages: Int) -> String {
    messages == 1 ? "1 message" : "\(messages) messages"
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

    /// Runs `body` for each of the account's Maildirs, and prints what it returns.
    fileprivate func forEachMaildir(
      _ body: (Mailboxes, _ maildir: String) throws(StoreError) -> String
    ) throws {
      try ControlOptions.run {
        let mailboxes = try Mailboxes(of: user, file: try config.path, on: screen.errors)
        for maildir in mailboxes.maildirs {
          guard access(maildir, F_OK) == 0 || errno != ENOENT else {
            print("\(maildir): not there yet; nobody has written to this account".escapedForDisplay)
            continue
          }
          do throws(StoreError) {
            print("\(maildir.escapedForDisplay): \(try body(mailboxes, maildir))")
          } catch .inUse {
            let whose = "--user \(mailboxes.account.shellQuoted)"
            throw Failure(
              "\(maildir) is in use: wait until the session ends ('\(server.command("sessions \(whose)"))' shows it) or end it ('\(server.command("kick \(whose)"))')"
            )
          } catch {
            throw Failure("\(error)".escapedForDisplay)
          }
        }
      }
    }
  }

  /// The Maildirs that a login opens, with the server's own store.
  fileprivate struct Mailboxes {
    /// One Maildir, unless services keep different accounts under that name.
    let maildirs: [String]
    /// The account's full name.
    let account: String
    let store: MaildirStore
    let uidls: UIDLScheme
    let locks: LockPlace
    let notes = Notes()

    /// Collects, for people, what the store goes on without.
    final class Notes: Sendable {
      private let lines = Mutex<[String]>([])

      func add(_ note: StoreNote) { lines.withLock { $0.append(note.reason.escapedForDisplay) } }

      func take() -> [String] {
        lines.withLock { lines in
          defer { lines = [] }
          return lines
        }
      }
    }

    /// Becomes the server's user: the server could not write files that root made here.
    init(of login: String, file: String, on screen: Screen) throws(Failure) {
      let plan = try LoadedPlan(asking: file, on: screen).plan
      do throws(Failure) {
        (account, maildirs) = try plan.maildirs(of: login)
      } catch {
        throw Failure(error.message.escapedForDisplay)
      }
      uidls = UIDLScheme(plan.mail.uidl)
      locks = LockPlace(plan.mail)
      try Process.prepare(plan)
      do throws(StoreError) {
        store = try MaildirStore(plan) { [notes] _, note in notes.add(note) }
      } catch {
        throw Failure("\(error)".escapedForDisplay)
      }
    }
  }
}
