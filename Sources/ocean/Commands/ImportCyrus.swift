import ArgumentParser
import OceanCompiler
import OceanHost
import OceanStore
import OceanSyntax

extension Import {
  struct Cyrus: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a Maildir of a mailbox of Cyrus IMAP, with the unique ids that clients know.",
      discussion: """
        Of Cyrus 2.4 to 3.8, running or not. Changes nothing of Cyrus's. The Maildir belongs to the owner of the directory \
        it is made in, if this is run as root. Run again, it brings the Maildir up to date: what is new comes in, what was \
        expunged goes, flags become those in Cyrus; once other mail has come into the Maildir, only what is new comes in. \
        Exits with 0, 1 if it failed or messages have no file, 2 on wrong usage.
        """)

    @Argument(help: "The folder in which Cyrus keeps the mailbox, as its 'mbpath' prints it.")
    var folder: String

    @Argument(help: "The Maildir, in a directory that is there.")
    var maildir: String

    func run() throws {
      try ControlOptions.run {
        let report: CyrusImport.Report
        do throws(CyrusImportError) {
          report = try CyrusImport.run(from: folder, to: maildir)
        } catch {
          throw Failure(Self.sentence(error, folder: folder, maildir: maildir).escapedForDisplay)
        }
        print(Self.text(report, maildir: maildir).escapedLines)
        if !report.missing.isEmpty { throw Failure(missing(report.missing).escapedForDisplay) }
      }
    }

    private static func sentence(_ error: CyrusImportError, folder: String, maildir: String) -> String {
      switch error {
      case .store, .noParent: "\(error)"
      case .notAMailbox, .index: "\(folder): \(error)"
      case .inUse, .foreignMail, .foreignList, .otherMailbox, .beyond: "\(maildir): \(error)"
      }
    }

    private static func text(_ report: CyrusImport.Report, maildir: String) -> String {
      let uids =
        report.uids.map { uids in
          uids.count == 1 ? "UID \(uids.lowerBound)" : "UIDs \(uids.lowerBound) to \(uids.upperBound)"
        } ?? "no UIDs yet"
      var lines = [
        "\(counted(report.messages, "message")) in \(maildir): \(uids) of UIDVALIDITY \(report.validity), "
          + "\(report.seen) seen",
        "  by this run: \(report.added) came in, \(report.removed) expunged, \(report.changed) with other flags",
      ]
      if report.isInUse {
        lines.append("  other mail is in there: nothing else of Cyrus than what is new was taken over")
      }
      if report.gone > 0 {
        lines.append("  \(report.gone) more that had come in before were removed from there, and stay so")
      }
      if report.hidden > 0 {
        lines.append(
          "  \(report.hidden) that Cyrus did not show by POP3 (pop3showafter): clients will fetch them")
      }
      lines +=
        report.idsAreUIDs
        ? [
          "  unique ids: the UIDs alone, as in mailboxes from before Cyrus 2.1; mail.uidl: any { dovecot: ... }"
        ]
        : [
          "  unique ids: mail.uidl: { dovecot: \"%v.%u\" }",
          "  with uidl_format in imapd.conf: \"%u\" for uidonly, \"%v-%u\" for courier, \"%08Xu%08Xv\" for dovecot",
        ]
      return lines.joined(separator: "\n")
    }

    private func missing(_ messages: [CyrusIndex.Message]) -> String {
      let uids = messages.prefix(10).map { "\($0.uid)." }.joined(separator: ", ")
      let more = messages.count > 10 ? " and \(messages.count - 10) more" : ""
      let advice =
        messages.contains(where: \.isArchived)
        ? "Cyrus has archived some: copy cyrus.index and the messages of both partitions into one folder first"
        : "Cyrus cannot send them either; if it expunged them just now, or they turn up, run this again"
      return "\(folder): no file for \(counted(messages.count, "message")), \(uids)\(more): \(advice)"
    }
  }
}
