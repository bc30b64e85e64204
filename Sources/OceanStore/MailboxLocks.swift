import CLinux
import Glibc
import Synchronization

/// Exclusive locks on mailboxes, between processes and between the sessions of this one.
///
/// One file holds them all, a byte each, at an offset made of the mailbox's path: a session needs no descriptor for its
/// lock. Open-file-description locks exclude other processes, and end with the process however it ends; they do not exclude
/// within the one description that all sessions here share, which the table does. Two paths of one offset (one chance in
/// 2^62) only mean a false `inUse`. The same mailbox under two paths is not noticed: no owner of another can make one (see
/// `LinkPolicy`), and to lock what the path leads to would take a further system call, and nothing is there before the first
/// mail.
final class MailboxLocks: Sendable {
  private let descriptor: Int32
  private let path: String
  private let held = Mutex<Set<Int64>>([])

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

  fileprivate func release(_ offset: Int64) {
    _ = linux_unlock_byte(descriptor, offset)
    _ = held.withLock { $0.remove(offset) }
  }
}

/// One held lock; released with the last reference.
final class MailboxLock: Sendable {
  private let locks: MailboxLocks
  private let offset: Int64

  fileprivate init(_ locks: MailboxLocks, _ offset: Int64) {
    self.locks = locks
    self.offset = offset
  }

  deinit { locks.release(offset) }
}
