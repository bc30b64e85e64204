/// What a store could not do and goes on without, so that no caller is told: for the log.
package enum StoreNote: Equatable, Sendable {
  /// The index of a mailbox: the next login finds out again what it would have told.
  case indexNotSaved(StoreError)
  /// As if there were none. Unique ids that it alone knew may be others now.
  case indexNotRead(StoreError)
  case indexDamaged(path: String)
  /// A message that could not be read at login: it is listed with its length on disk.
  case notCounted(StoreError)
  /// A message that was sent, and will be shown as new.
  case notMarkedSeen(StoreError)
  /// What was removed still counts for who delivers.
  case notInQuota(StoreError)
  /// Files in a tmp/ that nobody has used for 36 hours are gone.
  case abandonedRemoved(count: Int, path: String)
  case abandonedNotRemoved(StoreError)
}

extension StoreNote: CustomStringConvertible {
  /// What it is about, in a few words.
  package var subject: String {
    switch self {
    case .indexNotSaved: "an index is not saved"
    case .indexNotRead: "an index is not read"
    case .indexDamaged: "an index is damaged and made anew"
    case .notCounted: "a message cannot be read"
    case .notMarkedSeen: "a message is not marked as seen"
    case .notInQuota: "removed messages still count for the quota"
    case .abandonedRemoved: "what deliveries have left behind is removed"
    case .abandonedNotRemoved: "what deliveries have left behind is not removed"
    }
  }

  /// One clause. Paths are as they are on disk: escaping is for the log.
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
