/// Something that a store could not do and goes on without, so that no caller is told; for the log.
package enum StoreNote: Equatable, Sendable {
  /// An index was not saved: the next login must find out again what it would have said.
  case indexNotSaved(StoreError)
  /// An index was not read, and the mailbox is opened as if it had no index. Unique ids that only the index
  /// knew may be different now.
  case indexNotRead(StoreError)
  case indexDamaged(path: String)
  /// A message could not be read at login: it is listed with its length on disk.
  case notCounted(StoreError)
  /// A message was sent, and will still be shown as new.
  case notMarkedSeen(StoreError)
  /// Removed messages still count for programs that deliver.
  case notInQuota(StoreError)
  /// Files in a tmp/ that nobody had used for 36 hours were removed.
  case abandonedRemoved(count: Int, path: String)
  case abandonedNotRemoved(StoreError)
}

extension StoreNote: CustomStringConvertible {
  /// The subject of the note, in a few words.
  package var subject: String {
    switch self {
    case .indexNotSaved: "an index is not saved"
    case .indexNotRead: "an index is not read"
    case .indexDamaged: "an index is damaged and made again"
    case .notCounted: "a message cannot be read"
    case .notMarkedSeen: "a message is not marked as seen"
    case .notInQuota: "removed messages still count for the quota"
    case .abandonedRemoved: "files left behind by deliveries are removed"
    case .abandonedNotRemoved: "files left behind by deliveries are not removed"
    }
  }

  /// One clause. Paths are as they are on disk: the log escapes them.
  package var reason: String {
    switch self {
    case .indexNotSaved(let error), .indexNotRead(let error), .notCounted(let error),
      .notMarkedSeen(let error), .notInQuota(let error), .abandonedNotRemoved(let error):
      "\(error)"
    case .abandonedRemoved(let count, let path):
      "\(path) had \(count) \(count == 1 ? "file" : "files") that nobody has used for 36 hours"
    case .indexDamaged(let path): "\(path) does not end as it was written"
    }
  }

  package var description: String { "\(subject): \(reason)" }
}
