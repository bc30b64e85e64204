import CLinux
import Glibc
import Synchronization

/// Exclusive locks on mailboxes, between processes and between the sessions of this one.
///
/// One file holds them all, a byte each, at an offset made of the mailbox's path: a session needs no descriptor for its
/// lock. Open-file-description locks exclude other processes, and end with the process however it ends; they do not exclude
/// within the one description that all sessions here share, which the table does. Two paths of one offset (one chance in
/// 2^62) only mean a false `inUse`.
///
/// The same Maildir may be found by two paths, by way of a symbolic link or a mount. Within this process the folders themselves
/// are locked, too, where they can be told from all others for certain (see `LocalFolders`): that takes no system call. Between
/// processes the path is what counts: on another machine the same numbers of device and inode may be those of another folder.
final class MailboxLocks: Sendable {
  private let descriptor: Int32
  private let path: String
  private let held = Mutex<Set<Int64>>([])
  private let folders = Mutex<Set<LocalFolders.Key>>([])

  init(directory: String) throws(StoreError) {
    path = directory + "/mailbox.locks"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    if descriptor < 0 {
      let code = errno
      throw StoreError(.open, path, errno: code)
    }
  }

  deinit { close(descriptor) }

  func acquire(_ mailbox: String) throws(StoreError) -> MailboxLock {
    var mailbox = mailbox
    let low = mailbox.withUTF8 { SipHash.hash(UnsafeRawBufferPointer($0)).low }
    let offset = Int64(low >> 2)
    guard held.withLock({ $0.insert(offset).inserted }) else { throw .inUse }
    guard linux_lock_byte(descriptor, offset) == 0 else {
      let code = errno
      _ = held.withLock { $0.remove(offset) }
      if code == EAGAIN || code == EACCES { throw .inUse }
      throw StoreError(.lock, path, errno: code)
    }
    return MailboxLock(self, offset)
  }

  fileprivate func release(_ offset: Int64, _ keys: [LocalFolders.Key]) {
    folders.withLock { $0.subtract(keys) }
    _ = linux_unlock_byte(descriptor, offset)
    _ = held.withLock { $0.remove(offset) }
  }

  /// Takes all of them or none.
  fileprivate func hold(_ keys: [LocalFolders.Key]) -> Bool {
    folders.withLock { held in
      guard held.isDisjoint(with: keys) else { return false }
      held.formUnion(keys)
      return true
    }
  }
}

/// One held lock; released with the last reference.
final class MailboxLock: Sendable {
  private let locks: MailboxLocks
  private let offset: Int64
  private let folders = Mutex<[LocalFolders.Key]>([])

  fileprivate init(_ locks: MailboxLocks, _ offset: Int64) {
    self.locks = locks
    self.offset = offset
  }

  /// Keeps others out of the folders of a snapshot as well, whatever path leads them there.
  ///
  /// - Throws: `inUse`.
  func hold(_ snapshot: Snapshot) throws(StoreError) {
    let keys = snapshot.folders.keys(snapshot.state)
    guard locks.hold(keys) else { throw .inUse }
    folders.withLock { $0 = keys }
  }

  deinit { locks.release(offset, folders.withLock { $0 }) }
}
