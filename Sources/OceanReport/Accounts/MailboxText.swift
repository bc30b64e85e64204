import OceanCompiler
package import OceanStore
import OceanSyntax

/// What became of an account's Maildirs and their indexes, for people. Further lines are indented.
package enum MailboxText {
  /// - Parameter rebuilding: the command that makes the index again.
  package static func text(of report: IndexReport, rebuilding: String) -> String {
    let findings = report.findings.map(\.description.escapedForDisplay)
    guard let messages = report.messages else { return findings.joined(separator: "\n  ") }
    let verdict =
      report.isSound
      ? "sound" : report.isIndexWrong ? "not sound; '\(rebuilding)' makes it again" : "not sound"
    return (["\(counted(messages, "message")) in the index: \(verdict)"] + findings)
      .joined(separator: "\n  ")
  }

  /// - Parameter notes: what the store went on without.
  package static func text(ofRebuilt messages: Int, isSaved: Bool, notes: [String]) -> String {
    let outcome = isSaved ? "index written" : "the index is not written"
    return (["\(counted(messages, "message")), \(outcome)"] + notes.map(\.escapedForDisplay)).joined(
      separator: "\n  ")
  }

  /// Why a Maildir cannot be looked at, and what to do about it.
  package static func sentence(
    _ error: StoreError, _ maildir: String, of account: String, on server: ServerName
  ) -> String {
    guard error == .inUse else { return "\(error)".escapedForDisplay }
    let whose = "--user \(account.shellQuoted)"
    return
      "\(maildir) is in use: wait until the session ends ('\(server.command("sessions \(whose)"))' shows it) or end it ('\(server.command("kick \(whose)"))')"
  }
}
