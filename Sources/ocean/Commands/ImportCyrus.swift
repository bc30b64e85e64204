import ArgumentParser
import OceanHost
import OceanImport
import OceanReport
import OceanStore
import OceanSyntax

extension Import {
  struct Cyrus: ParsableCommand {
    static let configuration = CommandConfiguration(
      "cyrus", "Make a Maildir from a mailbox of Cyrus IMAP, with the unique ids that clients know.",
      discussion: """
        Reads Cyrus 2.4 to 3.8, running or not, and changes nothing there. The Maildir belongs to the owner of the directory \
        it is made in, if this is run as root. Run again, it brings the Maildir up to date: what is new comes in, what was \
        expunged goes, flags become those in Cyrus; once other mail has come into the Maildir, only what is new comes in.
        """,
      exits: [0: "all messages are there", 1: "it failed, or messages have no file", 2: "wrong usage"],
      example: "ocean import cyrus /var/spool/cyrus/mail/a/user/anna Maildir")

    @Argument(
      help: "The folder in which Cyrus keeps the mailbox, as its 'mbpath' prints it.", completion: .directory)
    var folder: String

    @Argument(help: "The Maildir, in a directory that is there.", completion: .directory)
    var maildir: String

    @OptionGroup var screen: ScreenOptions

    func run() throws {
      try reporting {
        let report: CyrusImport.Report
        do throws(CyrusImportError) {
          report = try Progress.showing("copying \(folder)", on: screen.errors) {
            _ throws(CyrusImportError) in
            try CyrusImport.run(from: folder, to: maildir)
          }
        } catch {
          throw Failure(CyrusText.sentence(error, folder: folder, maildir: maildir).escapedForDisplay)
        }
        print(CyrusText.text(report, maildir: maildir).escapedLines)
        if !report.missing.isEmpty {
          throw Failure(CyrusText.missing(report.missing, in: folder).escapedForDisplay)
        }
      }
    }
  }
}
