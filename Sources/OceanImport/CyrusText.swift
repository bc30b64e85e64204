import OceanCompiler
package import OceanStore

/// The result of importing a Cyrus mailbox, or why it failed, for people.
package enum CyrusText {
  package static func sentence(_ error: CyrusImportError, folder: String, maildir: String) -> String {
    switch error {
    case .store, .noParent: "\(error)"
    case .notAMailbox, .index: "\(folder): \(error)"
    case .inUse, .foreignMail, .foreignList, .otherMailbox, .beyond: "\(maildir): \(error)"
    }
  }

  package static func text(_ report: CyrusImport.Report, maildir: String) -> String {
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
      lines.append("  other mail is in there: only what is new was taken over from Cyrus")
    }
    if report.gone > 0 {
      lines.append("  \(report.gone) more that had come in before were removed from there, and stay removed")
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

  package static func missing(_ messages: [CyrusIndex.Message], in folder: String) -> String {
    let uids = messages.prefix(10).map { "\($0.uid)." }.joined(separator: ", ")
    let more = messages.count > 10 ? " and \(messages.count - 10) more" : ""
    let advice =
      messages.contains(where: \.isArchived)
      ? "Cyrus has archived some: copy cyrus.index and the messages of both partitions into one folder first"
      : "Cyrus cannot send them either; if it expunged them just now, or they turn up, run this again"
    return "\(folder): no file for \(counted(messages.count, "message")), \(uids)\(more): \(advice)"
  }
}
