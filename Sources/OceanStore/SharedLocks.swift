import CLinux
import Glibc
import OceanBase
import Synchronization

/// Exclusive locks on mailboxes between all hosts that serve the same mail.
///
/// They are bytes of lock files in `.ocean-locks`, in the directory below which all Maildirs are. So they are on the mail's
/// own file system: a host that has lost its locks has lost the mail as well, and what gives the locks of a dead host to
/// others is the file system. The name of a mailbox there is its path below that directory, because the directory may have
/// another path on another host.
///
/// All hosts must agree on the number of files. Each process opens a file once, so a lock takes no descriptor.
final class SharedLocks: Sendable {
  /// The kernel keeps the locks of a file as a list: with ten thousand sessions it has some 160 entries.
  static let shardCount = 64

  private let shards = Mutex<[String: LockShard]>([:])

  /// Locks a mailbox.
  ///
  /// - Parameters:
  ///   - maildir: its path, in normal form.
  ///   - base: the directory below which it must be.
  /// - Throws: `inUse`; `outsideLocks`, `badLocks`, `io`.
  func acquire(_ maildir: String, below base: String) throws(StoreError) -> SharedLock {
    let base = MaildirPath.normalized(base)
    let start = base.hasSuffix("/") ? base : base + "/"
    guard maildir.utf8.starts(with: start.utf8), maildir.utf8.count > start.utf8.count else {
      throw .outsideLocks(path: maildir, base: base)
    }
    var key = String(decoding: maildir.utf8.dropFirst(start.utf8.count), as: UTF8.self)
    let hash = key.withUTF8 { SipHash.hash(UnsafeRawBufferPointer($0)) }
    let offset = Int64(hash.low >> 2)
    let (folder, number) = (LockDirectory.path(in: base), Int(hash.high % UInt64(Self.shardCount)))
    // A shard that is replaced while it is opened is opened again, but not for ever.
    for _ in 0..<4 {
      let shard = try shard(number, in: folder, base)
      if try shard.lock(offset) { return SharedLock(shard, offset) }
      forget(shard)
    }
    throw .badLocks(path: "\(folder)/\(number)", .replaced)
  }

  private func shard(_ number: Int, in folder: String, _ base: String) throws(StoreError) -> LockShard {
    if let known = shards.withLock({ $0["\(folder)/\(number)"] }) { return known }
    // Opening may wait for another machine, so it is done outside the mutex.
    let opened = try Self.open(number, folder, base)
    return shards.withLock { shards in
      if let known = shards[opened.path] { return known }
      shards[opened.path] = opened
      return opened
    }
  }

  private func forget(_ shard: LockShard) {
    shards.withLock { if $0[shard.path] === shard { $0[shard.path] = nil } }
  }

  private static func open(_ number: Int, _ folder: String, _ base: String) throws(StoreError) -> LockShard {
    // The directory itself may be a link, which the dot makes the call follow.
    let above = linux_find(AT_FDCWD, base + "/.", O_DIRECTORY)
    guard above >= 0 else {
      let code = errno
      throw .io(SystemFailure(operation: .open, path: base, errno: code))
    }
    defer { close(above) }
    // Looked for first: NFS may answer that nothing can be made here before it looks at what is there.
    var directory = linux_find_within(above, LockDirectory.name)
    if directory < 0, errno == ENOENT {
      if mkdirat(above, LockDirectory.name, 0o700) != 0, errno != EEXIST {
        let code = errno
        throw error(.create, folder, errno: code)
      }
      directory = linux_find_within(above, LockDirectory.name)
    }
    guard directory >= 0 else {
      let code = errno
      throw error(.open, folder, errno: code)
    }
    defer { close(directory) }
    var status = linux_directory_status()
    guard linux_directory_status(directory, "", &status) == 0 else {
      let code = errno
      throw StoreError(.status, folder, errno: code)
    }
    return try LockShard(number, in: directory, folder, device: status.device)
  }

  /// The error of a call for lock files. Whatever it is, it is not the mailbox's, and the administrator will mend it: so
  /// none of these is permanent.
  ///
  /// - Parameter trouble: what it means that something is in the way of the path.
  static func error(
    _ operation: SystemFailure.Operation, _ path: String, errno code: Int32,
    notADirectory trouble: StoreError.LockTrouble = .notADirectory
  ) -> StoreError {
    switch code {
    case EXDEV: .badLocks(path: path, .mounted)
    case ELOOP, ENOTDIR, EISDIR, ENXIO: .badLocks(path: path, trouble)
    default: .io(SystemFailure(operation: operation, path: path, errno: code))
    }
  }
}

/// One held lock beside the mail; released with the last reference.
final class SharedLock: Sendable {
  private let shard: LockShard
  private let offset: Int64

  fileprivate init(_ shard: LockShard, _ offset: Int64) { (self.shard, self.offset) = (shard, offset) }

  deinit { shard.unlock(offset) }

  var isRemote: Bool { !shard.isLocal }

  /// Makes sure that the lock is still held.
  ///
  /// - Throws: `locksLost`.
  func prove() throws(StoreError) {
    guard shard.isProved(offset) else { throw .locksLost(path: shard.path) }
  }

  /// Makes sure that the folders of a snapshot are on the file system of the lock.
  ///
  /// - Throws: `badLocks`.
  func check(_ snapshot: Snapshot) throws(StoreError) {
    for folder in [Folder.new, .cur] {
      guard let stamp = snapshot.state[folder].stamp, stamp.device != shard.device else { continue }
      throw .badLocks(path: shard.path, .elsewhere)
    }
  }
}
