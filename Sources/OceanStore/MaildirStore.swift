import Glibc
import OceanBase

/// Opens Maildirs. There is one in a process; all calls may block and may come from any thread.
package final class MaildirStore: Sendable {
  /// Called with what the store goes on without in a Maildir, on the thread that called the store.
  package typealias Noting = @Sendable (_ maildir: String, StoreNote) -> Void

  /// Is told when a call goes to the store's own files, the locks and indexes, and when it is back from there; on the thread
  /// that called the store. They may be on another file system than the mail, which may not answer.
  package typealias Visiting = @Sendable (_ isThere: Bool) -> Void

  private let locks: MailboxLocks
  private let visiting: Visiting
  private let snapshots: SnapshotStore

  /// - Parameters:
  ///   - lockDirectory: where the lock files are (`LockFiles`); all processes that share the mailboxes must
  ///     use the same.
  ///   - cacheBytes: the most memory for snapshots of mailboxes that are not open.
  ///   - index: where to keep indexes of mailboxes over restarts.
  package convenience init(
    lockDirectory: String, cacheBytes: Int = 64 << 20, index: IndexLocation = .none,
    visiting: @escaping Visiting = { _ in }, noting: @escaping Noting = { _, _ in }
  ) throws(StoreError) {
    try self.init(
      lockDirectory: lockDirectory, cacheBytes: cacheBytes, index: IndexFile(index, visiting: visiting),
      now: { SystemClock.files.now }, visiting: visiting, noting: noting)
  }

  /// - Parameters:
  ///   - watchedFrom: the number of messages from which the kernel reports changes.
  ///   - tableBytes: the most memory that a mailbox's table may take.
  ///   - now: the clock that stamps files, in nanoseconds since 1970.
  init(
    lockDirectory: String, cacheBytes: Int, index: IndexFile = IndexFile(.none), watchedFrom: Int = 4096,
    tableBytes: Int = MessageTable.maximumBytes, now: @escaping @Sendable () -> Int64,
    visiting: @escaping Visiting = { _ in }, noting: @escaping Noting = { _, _ in }
  ) throws(StoreError) {
    locks = try MailboxLocks(directory: lockDirectory)
    self.visiting = visiting
    index.makeDirectory()
    snapshots = SnapshotStore(
      cacheBytes: cacheBytes, index: index, watchedFrom: watchedFrom, tableBytes: tableBytes, now: now,
      noting: noting)
  }

  /// Memory that snapshots of mailboxes take which are not open, in bytes.
  var cachedBytes: Int { snapshots.cachedBytes }

  /// Locks a Maildir and takes its snapshot. A Maildir without new/ or cur/ is empty, and so is one that does
  /// not exist: nobody has written to that account yet.
  ///
  /// If nothing has changed since it was last open, this takes three system calls, or the reading of its
  /// index. Otherwise the directories that have changed are read, and the content of new messages, unless
  /// there is an index and a name gives their size.
  ///
  /// - Parameters:
  ///   - maildir: the path of the directory that holds new/ and cur/, in whatever form (see `MaildirPath`).
  ///   - uidls: the source of the unique ids and the order of messages that are not in the index.
  ///   - place: where the lock is.
  ///   - cancellation: ends the counting of messages; what was counted by then is kept.
  /// - Throws: `inUse`; `badPath`; `cancelled`; `outsideLocks`, `badLocks`; `notADirectory`, `permission`, `exhausted`,
  ///   `tooLarge`, `io`, also for the other server's list. For the index only if it may be readable later (`exhausted`).
  package func open(
    _ maildir: String, uidls: UIDLScheme = .ocean, locks place: LockPlace = .local,
    cancellation: Cancellation? = nil
  ) throws(StoreError) -> Mailbox {
    let (maildir, lock) = try lock(maildir, place)
    let snapshot = try snapshots.current(of: maildir, uidls, isShared: lock.isShared, cancellation)
    try lock.hold(snapshot)
    return Mailbox(maildir, snapshot, lock, snapshots)
  }

  private func lock(
    _ path: String, _ place: LockPlace
  ) throws(StoreError) -> (maildir: String, MailboxLock) {
    // A NUL would end the path early, and another directory would be opened.
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .badPath(path) }
    let maildir = MaildirPath.normalized(path)
    return (maildir, try locks.acquire(maildir, place, visiting))
  }

  /// Compares a Maildir's index with the Maildir, reading every message.
  ///
  /// - Parameter uidls: where unique ids of new messages would come from.
  /// - Throws: like `open`.
  package func checkIndex(
    of path: String, uidls: UIDLScheme = .ocean, locks place: LockPlace = .local
  ) throws(StoreError) -> IndexReport {
    let (maildir, lock) = try lock(path, place)
    defer { withExtendedLifetime(lock) {} }
    return try snapshots.check(maildir, uidls)
  }

  /// Reads every message and writes a new index. Unique ids that were given out stay if the old index can be
  /// read; otherwise they come from `uidls` again.
  ///
  /// - Returns: the number of messages, and whether the index could be written.
  /// - Throws: like `open`.
  package func rebuildIndex(
    of path: String, uidls: UIDLScheme = .ocean, locks place: LockPlace = .local
  ) throws(StoreError) -> (messages: Int, isSaved: Bool) {
    let (maildir, lock) = try lock(path, place)
    defer { withExtendedLifetime(lock) {} }
    let snapshot = try snapshots.rebuild(maildir, uidls, isShared: lock.isShared)
    return (snapshot.count, snapshot.saved != nil)
  }
}
