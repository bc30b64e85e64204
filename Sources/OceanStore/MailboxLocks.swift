import Synchronization

/// Exclusive locks on mailboxes, between processes and between the sessions of this one.
///
/// A mailbox's lock is a byte of one of `LockFiles`, at an offset made of the mailbox's path: a session needs
/// no descriptor for its lock. Open-file-description locks exclude other processes, and end with the process
/// however it ends. They do not exclude within the one description that all sessions here share; the table
/// does that. Two paths with the same offset (one chance in 2^62) only cause a false `inUse`.
///
/// The same Maildir may be found by two paths, by way of a symbolic link or a mount. So within this process
/// the folders themselves are locked, too, where they can be told from all others for certain (see
/// `LocalFolders`): that takes no system call. Between processes only the path counts: on another machine the
/// same numbers of device and inode may be those of another folder.
package final class MailboxLocks: Sendable {
  private struct Table: ~Copyable {
    var files: LockFiles
    /// By offset, each with the hash that chooses its file.
    var held: LockFiles.Held = [:]
  }

  private let table: Mutex<Table>
  private let shared = SharedLocks()
  private let folders = Mutex<Set<LocalFolders.Key>>([])

  /// - Parameter directory: where the files are; all processes that share the mailboxes must use the same.
  package convenience init(directory: String) throws(StoreError) {
    self.init(try LockFiles(directory: directory))
  }

  init(_ files: consuming LockFiles) { table = Mutex(Table(files: files)) }

  /// The number of files that hold the locks.
  var fileCount: Int { table.withLock { $0.files.count } }

  /// Locks a mailbox, on this host and, where others serve the mail as well, beside the mail.
  ///
  /// - Parameter visiting: is told when the calls go to the files of this host.
  /// - Throws: `inUse`; like `SharedLocks.acquire`.
  package func acquire(
    _ mailbox: String, _ place: LockPlace = .local, _ visiting: MaildirStore.Visiting = { _ in }
  ) throws(StoreError) -> MailboxLock {
    visiting(true)
    let acquired = Result { () throws(StoreError) in try acquireHere(mailbox) }
    visiting(false)
    let lock = try acquired.get()
    if case .shared(let base) = place { lock.take(try shared.acquire(mailbox, below: base)) }
    return lock
  }

  private func acquireHere(_ mailbox: String) throws(StoreError) -> MailboxLock {
    var mailbox = mailbox
    let hash = mailbox.withUTF8 { SipHash.hash(UnsafeRawBufferPointer($0)) }
    let offset = Int64(hash.low >> 2)
    // The mutex is held during the system calls, because locks may move to other files meanwhile.
    try table.withLock { table throws(StoreError) in
      guard table.held[offset] == nil else { throw .inUse }
      try table.files.lock(offset, hash.high, beside: table.held)
      table.held[offset] = hash.high
      table.files.spread(table.held)
    }
    return MailboxLock(self, offset)
  }

  fileprivate func release(_ offset: Int64, _ keys: [LocalFolders.Key]) {
    folders.withLock { $0.subtract(keys) }
    table.withLock { table in
      if let hash = table.held.removeValue(forKey: offset) { table.files.unlock(offset, hash) }
    }
  }

  /// Takes all of the keys or none of them.
  fileprivate func hold(_ keys: [LocalFolders.Key]) -> Bool {
    folders.withLock { held in
      guard held.isDisjoint(with: keys) else { return false }
      held.formUnion(keys)
      return true
    }
  }
}

/// One held lock; released with the last reference.
package final class MailboxLock: Sendable {
  private let locks: MailboxLocks
  private let offset: Int64
  private let folders = Mutex<[LocalFolders.Key]>([])
  private let shared = Mutex<SharedLock?>(nil)

  fileprivate init(_ locks: MailboxLocks, _ offset: Int64) {
    self.locks = locks
    self.offset = offset
  }

  fileprivate func take(_ lock: SharedLock) { shared.withLock { $0 = lock } }

  /// Whether giving it up may wait for another machine.
  var isRemote: Bool { shared.withLock { $0?.isRemote ?? false } }

  /// Whether other hosts serve the mailbox.
  var isShared: Bool { shared.withLock { $0 != nil } }

  /// Makes sure that a lock that others could have taken meanwhile is still held. One of this host alone always is.
  ///
  /// - Throws: `locksLost`.
  func prove() throws(StoreError) { try shared.withLock({ $0 })?.prove() }

  /// Keeps others out of the folders of a snapshot as well, whatever path leads them there.
  ///
  /// - Throws: `inUse`; `badLocks` if the shared lock is on another file system.
  func hold(_ snapshot: Snapshot) throws(StoreError) {
    try shared.withLock({ $0 })?.check(snapshot)
    let keys = snapshot.folders.keys(snapshot.state)
    guard locks.hold(keys) else { throw .inUse }
    folders.withLock { $0 = keys }
  }

  deinit { locks.release(offset, folders.withLock { $0 }) }
}
