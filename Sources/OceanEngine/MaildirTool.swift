package import OceanPlan
package import OceanStore
import Synchronization

/// What commands do to Maildirs, with the server's own store: the same locks, indexes and sources of unique ids.
package struct MaildirTool: Sendable {
  /// An index that was made again.
  package struct Rebuilt: Sendable {
    package let messages: Int
    package let isSaved: Bool
    /// What the store went on without, for instance messages that it could not read.
    package let notes: [String]

    package var isWhole: Bool { isSaved && notes.isEmpty }
  }

  private let store: MaildirStore
  private let uidls: UIDLScheme
  private let locks: LockPlace
  private let notes = Notes()

  /// Collects what the store goes on without.
  private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ note: StoreNote) { lines.withLock { $0.append(note.reason) } }

    func take() -> [String] {
      lines.withLock { lines in
        defer { lines = [] }
        return lines
      }
    }
  }

  package init(_ plan: Plan) throws(StoreError) {
    uidls = UIDLScheme(plan.mail.uidl)
    locks = LockPlace(plan.mail)
    store = try MaildirStore(plan) { [notes] _, note in notes.add(note) }
  }

  /// Reads every message, and changes nothing.
  package func check(_ maildir: String) throws(StoreError) -> IndexReport {
    try store.checkIndex(of: maildir, uidls: uidls, locks: locks)
  }

  /// Makes the index again.
  package func rebuild(_ maildir: String) throws(StoreError) -> Rebuilt {
    let (messages, isSaved) = try store.rebuildIndex(of: maildir, uidls: uidls, locks: locks)
    return Rebuilt(messages: messages, isSaved: isSaved, notes: notes.take())
  }
}
