/// Why nothing, or not everything, was taken over from Cyrus, and what to do.
package enum CyrusImportError: Error, Equatable, Sendable {
  /// There is no `cyrus.index` in the folder.
  case notAMailbox
  case index(CyrusIndex.Issue)
  /// The directory in which the Maildir is to be made does not exist.
  case noParent(String)
  /// Another import into this Maildir is running.
  case inUse
  /// A Maildir that no import began contains this message.
  case foreignMail(String)
  /// A line of `dovecot-uidlist` is not about a message of this mailbox, or makes no sense.
  case foreignList(line: Int)
  /// The Maildir was made of another mailbox, or of this one before its messages got new UIDs.
  case otherMailbox(there: UInt32, here: UInt32)
  /// More UIDs were given in the Maildir than the mailbox has.
  case beyond(there: UInt32, here: UInt32)
  case store(StoreError)
}

extension CyrusImportError: CustomStringConvertible {
  /// A clause about the folder of Cyrus (`notAMailbox`, `index`) or the Maildir; `store` names its path
  /// itself.
  package var description: String {
    switch self {
    case .notAMailbox:
      "not a mailbox of Cyrus: it has no cyrus.index. Cyrus's 'mbpath' tells where a mailbox is; if imapd.conf has "
        + "metapartition_files, copy cyrus.index and the messages into one folder first"
    case .index(let issue): "\(issue)"
    case .noParent(let directory):
      "make the directory \(directory) first; its owner will own the mail"
    case .inUse: "another import into it is running"
    case .foreignMail(let name):
      "it holds mail that did not come from Cyrus (\(name)): use a new directory"
    case .foreignList(let line):
      "line \(line) of its dovecot-uidlist is not about a message of this mailbox: another server has given UIDs there, "
        + "so that those of Cyrus may be taken"
    case .otherMailbox(let there, let here):
      "it was made from a mailbox with the UIDVALIDITY \(there), but this one has \(here): use a new directory"
    case .beyond(let there, let here):
      "the last UID there is \(there), and \(here) in this mailbox: another server has given UIDs there, or this is an "
        + "older copy of the mailbox"
    case .store(let error): "\(error)"
    }
  }
}
