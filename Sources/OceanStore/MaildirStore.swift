import Glibc

/// Opens Maildirs. One per process; all calls may block and may come from any thread.
package final class MaildirStore: Sendable {
  private let locks: MailboxLocks
  private let cache: SnapshotCache
  private let now: @Sendable () -> Int64

  /// - Parameters:
  ///   - lockDirectory: where the lock file is, `mailbox.locks`; all processes that share the mailboxes must use the same.
  ///   - cacheBytes: the most memory that snapshots of mailboxes nobody has open may take.
  package convenience init(lockDirectory: String, cacheBytes: Int = 64 << 20) throws(StoreError) {
    try self.init(lockDirectory: lockDirectory, cacheBytes: cacheBytes, now: MaildirStore.fileClock)
  }

  /// - Parameter now: the clock that stamps files, in nanoseconds since 1970.
  init(lockDirectory: String, cacheBytes: Int, now: @escaping @Sendable () -> Int64) throws(StoreError) {
    locks = try MailboxLocks(directory: lockDirectory)
    cache = SnapshotCache(capacity: cacheBytes)
    self.now = now
  }

  /// The kernel stamps files by this clock, not by the finer CLOCK_REALTIME, which runs ahead of it.
  @Sendable static func fileClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return time.nanoseconds
  }

  var cachedBytes: Int { cache.byteCount }

  /// Locks a Maildir and takes its snapshot. A Maildir without new/ or cur/ is empty, and so is one that does not exist:
  /// nobody has written to that account yet.
  ///
  /// When nothing has changed since it was last open this takes three system calls; otherwise both directories are read,
  /// and the content of the messages that are new.
  ///
  /// - Parameter maildir: the path of the directory that holds new/ and cur/, without a slash at its end.
  /// - Throws: `inUse`; `badPath`; `notADirectory`, `permission`, `exhausted`, `tooLarge`, `io`.
  package func open(_ maildir: String) throws(StoreError) -> Mailbox {
    // A NUL would end the path early, and open another directory.
    guard !maildir.isEmpty, !maildir.utf8.contains(0) else { throw .badPath(maildir) }
    let lock = try locks.acquire(maildir)
    let snapshot = try currentSnapshot(of: maildir)
    return Mailbox(maildir, snapshot, lock, cache, now: now)
  }

  private func currentSnapshot(of maildir: String) throws(StoreError) -> Snapshot {
    let cached = cache.snapshot(of: maildir)
    if let cached, cached.listing.isSettled, try MaildirStamp(ofMaildir: maildir) == cached.listing.stamp {
      return cached
    }
    let start = now()
    let directories = try OpenMaildir(maildir)
    if directories[.new] < 0, directories[.cur] < 0 { try Self.checkDirectory(maildir) }
    var attempts = 0
    while true {
      let listing = try Listing(reading: directories, start: start)
      let snapshot = try Snapshot(listing, in: directories, previous: cached)
      attempts += 1
      if snapshot.missedMessages, attempts < 3 { continue }
      cache.insert(snapshot, for: maildir)
      return snapshot
    }
  }

  private static func checkDirectory(_ path: String) throws(StoreError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      if code == ENOENT { return }
      throw StoreError(.status, path, errno: code)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw StoreError(.open, path, errno: ENOTDIR) }
  }
}
