import Glibc

/// Opens Maildirs. One per process; all calls may block and may come from any thread.
package final class MaildirStore: Sendable {
  /// Is told of a Maildir what the store goes on without; on the thread of whoever called the store.
  package typealias Noting = @Sendable (_ maildir: String, StoreNote) -> Void

  private let locks: MailboxLocks
  private let snapshots: SnapshotStore

  /// - Parameters:
  ///   - lockDirectory: where the lock files are (`LockFiles`); all processes that share the mailboxes must use the same.
  ///   - cacheBytes: the most memory that snapshots of mailboxes nobody has open may take.
  ///   - index: where to keep what is known of mailboxes over restarts.
  package convenience init(
    lockDirectory: String, cacheBytes: Int = 64 << 20, index: IndexLocation = .none,
    noting: @escaping Noting = { _, _ in }
  ) throws(StoreError) {
    try self.init(
      lockDirectory: lockDirectory, cacheBytes: cacheBytes, index: IndexFile(index),
      now: MaildirStore.fileClock, noting: noting)
  }

  /// - Parameters:
  ///   - watchedFrom: from how many messages on changes are told by the kernel.
  ///   - tableBytes: the most memory that a mailbox's table may take.
  ///   - now: the clock that stamps files, in nanoseconds since 1970.
  init(
    lockDirectory: String, cacheBytes: Int, index: IndexFile = IndexFile(.none), watchedFrom: Int = 4096,
    tableBytes: Int = MessageTable.maximumBytes, now: @escaping @Sendable () -> Int64,
    noting: @escaping Noting = { _, _ in }
  ) throws(StoreError) {
    locks = try MailboxLocks(directory: lockDirectory)
    index.makeDirectory()
    snapshots = SnapshotStore(
      cacheBytes: cacheBytes, index: index, watchedFrom: watchedFrom, tableBytes: tableBytes, now: now,
      noting: noting)
  }

  /// The kernel stamps files by this clock, not by the finer CLOCK_REALTIME, which runs ahead of it.
  @Sendable static func fileClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return time.nanoseconds
  }

  var cachedBytes: Int { snapshots.cachedBytes }

  /// Locks a Maildir and takes its snapshot. A Maildir without new/ or cur/ is empty, and so is one that does not exist:
  /// nobody has written to that account yet.
  ///
  /// When nothing has changed since it was last open this takes three system calls, or the reading of its index. Otherwise
  /// those of its directories are read that have changed, and the content of messages that are new, unless there is an index
  /// and a name tells their size.
  ///
  /// - Parameters:
  ///   - maildir: the path of the directory that holds new/ and cur/, in whatever form (see `MaildirPath`).
  ///   - uidls: where unique ids and order of messages come from that are not in the index.
  ///   - cancellation: ends the counting of messages; what was counted by then is kept.
  /// - Throws: `inUse`; `badPath`; `cancelled`; `notADirectory`, `permission`, `exhausted`, `tooLarge`, `io`, also for the
  ///   other server's list. For the index only where it may be read later (`exhausted`).
  package func open(
    _ maildir: String, uidls: UIDLScheme = .ocean, cancellation: Cancellation? = nil
  ) throws(StoreError) -> Mailbox {
    let (maildir, lock) = try lock(maildir)
    let snapshot = try snapshots.current(of: maildir, uidls, cancellation)
    try lock.hold(snapshot)
    return Mailbox(maildir, snapshot, lock, snapshots)
  }

  private func lock(_ path: String) throws(StoreError) -> (maildir: String, MailboxLock) {
    // A NUL would end the path early, and open another directory.
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .badPath(path) }
    let maildir = MaildirPath.normalized(path)
    return (maildir, try locks.acquire(maildir))
  }

  /// Compares a Maildir's index with the Maildir, reading every message.
  ///
  /// - Throws: as `open`.
  package func checkIndex(of path: String) throws(StoreError) -> IndexReport {
    let (maildir, lock) = try lock(path)
    defer { withExtendedLifetime(lock) {} }
    return try snapshots.check(maildir)
  }

  /// Reads every message and writes the index anew. Unique ids that were given out stay, as far as the old index can be
  /// read; otherwise they come from `uidls` again.
  ///
  /// - Returns: the number of messages, and whether the index could be written.
  /// - Throws: as `open`.
  package func rebuildIndex(
    of path: String, uidls: UIDLScheme = .ocean
  ) throws(StoreError) -> (messages: Int, isSaved: Bool) {
    let (maildir, lock) = try lock(path)
    defer { withExtendedLifetime(lock) {} }
    let snapshot = try snapshots.rebuild(maildir, uidls)
    return (snapshot.count, snapshot.saved != nil)
  }
}
