import Glibc
import Synchronization

/// A mailbox as sessions see it: messages with their sizes and numbers. Immutable, so that sessions and the
/// cache share it; about fifty bytes a message.
final class Snapshot: Sendable {
  /// In order of delivery.
  let table: MessageTable
  /// The positions in `table` by message number; nil if they are the same.
  let order: [UInt32]?
  let state: MaildirState
  /// The scheme whose unique ids and order were last taken over (see `UIDLScheme.identity`).
  let scheme: UInt64
  let totalOctets: UInt64
  /// Messages whose octets are a guess, because they could not be read.
  let unknownSizes: Int
  /// Whether the counting was cancelled, so that not all sizes were looked for.
  let isPartial: Bool
  private let position = Mutex<IndexPosition?>(nil)
  private let places = Mutex(LocalFolders())
  /// When tmp/ was last looked through, by the clock that stamps files; 0 if not since the start.
  let tidied = Atomic<Int64>(0)
  /// Whether other hosts know all ids that they would not make of the names.
  let isShared = Atomic<Bool>(false)

  init(
    table: MessageTable, order: [UInt32]?, state: MaildirState, scheme: UInt64, isPartial: Bool = false,
    saved: IndexPosition?
  ) {
    (self.table, self.state, self.scheme, self.isPartial) = (table, state, scheme, isPartial)
    self.order = order.flatMap { Self.isIdentity($0) ? nil : $0 }
    var (total, unknown): (UInt64, Int) = (0, 0)
    for record in table.records {
      let size = record.messageSize
      total &+= size.octets
      if !size.isKnown { unknown += 1 }
    }
    (totalOctets, unknownSizes) = (total, unknown)
    self.saved = saved
  }

  /// The place of this snapshot on disk, if it is there; changes when a session appends what it found out.
  var saved: IndexPosition? {
    get { position.withLock { $0 } }
    set { position.withLock { $0 = newValue } }
  }

  /// The folders in which event loops may look for the messages, as of the last time that a thread that may
  /// wait opened them.
  var folders: LocalFolders {
    get { places.withLock { $0 } }
    set { places.withLock { $0 = newValue } }
  }

  private static func isIdentity(_ order: [UInt32]) -> Bool {
    for (number, position) in order.enumerated() where position != number { return false }
    return true
  }

  var count: Int { table.count }

  var byteCount: Int { table.byteCount + (order?.count ?? 0) * 4 }

  /// Whether there may be unique ids that only an index knows: not all are made from messages' names.
  var hasIDsOfItsOwn: Bool {
    scheme != UIDLScheme.ocean.identity
      || table.records.contains { !$0.flags.isDisjoint(with: [.copy, .assigned]) }
  }

  /// Whether there may be ids that other hosts have not learned of.
  func hasUnsharedIDs() -> Bool {
    guard !isShared.load(ordering: .relaxed) else { return false }
    guard !hasIDsOfItsOwn else { return true }
    isShared.store(true, ordering: .relaxed)
    return false
  }

  /// The position in the table of the message with a number.
  func position(of index: Int) -> Int { order.map { Int($0[index]) } ?? index }

  func size(of index: Int) -> MessageSize { table.records[position(of: index)].messageSize }

  func withUIDL<R>(of index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    table.withUIDL(of: position(of: index), body)
  }

  /// A copy with the sizes that a session has found out, by position.
  func correcting(_ sizes: [Int: MessageSize]) -> Snapshot {
    var table = table
    for (position, size) in sizes { table.setSize(size, of: position) }
    let corrected = Snapshot(table: table, order: order, state: state, scheme: scheme, saved: saved)
    corrected.folders = folders
    corrected.isShared.store(isShared.load(ordering: .relaxed), ordering: .relaxed)
    return corrected
  }
}
