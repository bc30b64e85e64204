/// The result of a look at a Maildir and its index.
package struct IndexReport: Equatable, Sendable {
  package enum Finding: Equatable, Sendable {
    /// The index is missing: the mailbox was not opened yet, or indexes are not kept.
    case missing
    /// The file is not an index, or not whole: the next session makes a new one.
    case damaged
    /// The end of the index was cut off: the next session reads what it said again.
    case torn
    /// Files came, changed their names or went after the index was written: the next session takes that in.
    case behind(new: Int, renamed: Int, gone: Int)
    /// The index does not have a file, although its folder has not changed since.
    case unlisted(path: String)
    /// The index has a message without a file, although its folder has not changed since.
    case lost(path: String)
    /// The index has a different size than the message. A claimed size is corrected when the message is sent.
    case wrongSize(path: String, listed: UInt64, counted: UInt64, isClaimed: Bool)
    /// Two messages have the same unique id.
    case sameID(path: String, id: String)
    /// A message that clients are told about cannot be read.
    case unreadable(StoreError)
    /// The server's user cannot remove anything from a folder.
    case fixedFolder(StoreError)
    /// The index is there and cannot be read.
    case unreadableIndex(StoreError)
    /// The index could not be written.
    case fixedIndex(StoreError)
    /// What stands in the index's place is not a regular file.
    case foreignIndex(path: String)
    /// The other server's list, from which unique ids are taken, cannot be read.
    case unreadableList(StoreError)
    /// `maildirsize` is not a regular file of its own.
    case foreignQuota(path: String)
    /// `maildirsize` could not be written.
    case fixedQuota(StoreError)
  }

  package internal(set) var findings: [Finding] = []
  /// The number of messages in the index; nil if it is missing or cannot be read.
  package internal(set) var messages: Int?

  /// Whether there is nothing to put right: the next session takes care of what is missing or cut off by
  /// itself.
  package var isSound: Bool {
    !findings.contains {
      switch $0 {
      case .missing, .torn, .behind: false
      case .damaged, .unlisted, .lost, .wrongSize, .sameID, .unreadable, .fixedFolder, .unreadableIndex,
        .fixedIndex, .foreignIndex, .unreadableList, .foreignQuota, .fixedQuota:
        true
      }
    }
  }

  /// Whether a new index would be better than this one.
  package var isIndexWrong: Bool {
    findings.contains {
      switch $0 {
      case .damaged, .unlisted, .lost, .wrongSize, .sameID: true
      case .missing, .torn, .behind, .unreadable, .fixedFolder, .unreadableIndex, .fixedIndex, .foreignIndex,
        .unreadableList, .foreignQuota, .fixedQuota:
        false
      }
    }
  }
}

extension IndexReport.Finding: CustomStringConvertible {
  /// One clause. Paths are as they are on disk: the caller that shows them escapes them.
  package var description: String {
    switch self {
    case .missing: "there is no index yet; the next session makes one"
    case .damaged: "the index is damaged; the next session makes a new one, as 'ocean mailbox rebuild' does"
    case .torn: "the end of the index was cut off; the next session reads what is missing"
    case .behind(let new, let renamed, let gone):
      "since the index was written: \(new) new, \(renamed) renamed, \(gone) gone; the next session takes that in"
    case .unlisted(let path): "\(path) is not in the index, although its folder has not changed"
    case .lost(let path): "\(path) is in the index but missing, although its folder has not changed"
    case .wrongSize(let path, let listed, let counted, let isClaimed):
      "\(path) takes \(counted) octets, not \(listed)"
        + (isClaimed ? " as its name or another server's list says" : "")
    case .sameID(let path, let id): "\(path) has the unique id of another message: \(id)"
    case .unreadable(let error): "\(error); clients are told that this message cannot be read"
    case .fixedFolder(let error): "\(error); messages there can be neither removed nor marked as seen"
    case .unreadableIndex(let error): "\(error); until it can be read, sessions do without the index"
    case .foreignIndex(let path): "\(path), where the index belongs, is not a regular file; remove it"
    case .unreadableList(let error):
      "\(error); logins that find new messages are refused, as mail.uidl takes their ids from there"
    case .foreignQuota(let path):
      "\(path) is a link or not a regular file, and is left alone; what is removed still counts for the quota"
    case .fixedQuota(let error): "\(error); what is removed still counts for the quota"
    case .fixedIndex(let error): "\(error); the index cannot be saved, and each login reads again what is new"
    }
  }
}
