import CLinux
import Glibc
import OceanBase
import Synchronization

/// An open lock file beside the mail; the lock of a mailbox is one byte of it. Its descriptor is closed with the last
/// lock, and closing it gives up all locks that are left.
///
/// A lock may be lost while it is held. NFS takes back the locks of a client that was silent for too long, and from then on
/// each write through the same descriptor fails, even if the lock could be had again. And a file that was replaced excludes
/// nobody any more. A shard that has lost one lock has lost them all.
final class LockShard: Sendable {
  private struct State: ~Copyable {
    /// The bytes that this process has locked: the kernel does not exclude within one description.
    var held: Set<Int64> = []
    var isLost = false
  }

  let path: String
  /// The directory of the mail, and that of the lock files.
  private let above: [String]
  /// The device of the directory that holds the file.
  let device: UInt64
  private let descriptor: Int32
  private let file: linux_directory_status
  /// Whether no call has to wait for another machine.
  let isLocal: Bool
  private let state = Mutex(State())

  /// Opens a shard, and makes its file if it is not there.
  ///
  /// - Parameters:
  ///   - directory: the directory of the lock files, open; `device` is its device.
  ///   - folder: its path.
  /// - Throws: `badLocks` if something else has the file's place; `io`.
  init(_ number: Int, in directory: Int32, _ folder: String, device: UInt64) throws(StoreError) {
    path = "\(folder)/\(number)"
    above = [String(folder.dropLast(LockDirectory.name.utf8.count)), folder]
    self.device = device
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let descriptor = linux_open_within(directory, "\(number)", flags, 0o600)
    guard descriptor >= 0 else {
      let code = errno
      throw SharedLocks.error(.open, path, errno: code, notADirectory: .notAFile)
    }
    var status = stat()
    var file = linux_directory_status()
    guard fstat(descriptor, &status) == 0, linux_directory_status(descriptor, "", &file) == 0 else {
      let code = errno
      close(descriptor)
      throw StoreError(.status, path, errno: code)
    }
    // A proof writes one byte: what is longer was made by another program, and stays as it is.
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 else {
      close(descriptor)
      throw .badLocks(path: path, status.st_mode & S_IFMT == S_IFREG ? .foreign : .notAFile)
    }
    self.descriptor = descriptor
    self.file = file
    isLocal = OpenMaildir.isLocal(descriptor)
  }

  deinit { close(descriptor) }

  /// Locks a byte.
  ///
  /// - Returns: false if the shard is of no use any more, and another must be opened.
  /// - Throws: `inUse`; `io`.
  func lock(_ offset: Int64) throws(StoreError) -> Bool {
    let isLocked = try state.withLock { state throws(StoreError) in
      guard !state.isLost else { return false }
      guard !state.held.contains(offset) else { throw .inUse }
      guard linux_lock_byte(descriptor, offset) == 0 else {
        let code = errno
        if code == EAGAIN || code == EACCES { throw .inUse }
        throw SharedLocks.error(.lock, path, errno: code)
      }
      state.held.insert(offset)
      return true
    }
    guard isLocked else { return false }
    // Only what all others find by the path excludes them.
    if isInPlace { return true }
    unlock(offset)
    lose()
    return false
  }

  func unlock(_ offset: Int64) {
    state.withLock { state in
      guard state.held.remove(offset) != nil else { return }
      _ = linux_unlock_byte(descriptor, offset)
    }
  }

  /// Finds out whether a held lock is still held: if so, nobody else has had it since it was taken.
  func isProved(_ offset: Int64) -> Bool {
    guard !state.withLock({ $0.isLost }) else { return false }
    guard isInPlace, isWritable, linux_lock_byte(descriptor, offset) == 0 else {
      lose()
      return false
    }
    return true
  }

  private func lose() { state.withLock { $0.isLost = true } }

  private var isInPlace: Bool {
    var found = linux_directory_status()
    // Each directory on the way is asked about at the file server: a lookup alone may be answered from memory.
    if !isLocal { for folder in above { linux_directory_status(AT_FDCWD, folder, &found) } }
    return linux_directory_status(AT_FDCWD, path, &found) == 0 && found.inode == file.inode
      && found.device == file.device
  }

  /// Whether a write still belongs to locks that hold; on another machine the write must reach it. A full disk answers
  /// only if it was asked.
  private var isWritable: Bool {
    let isWritten = pwrite(descriptor, "\n", 1, 0) == 1 && (isLocal || fdatasync(descriptor) == 0)
    return isWritten || errno == ENOSPC || errno == EDQUOT
  }
}
