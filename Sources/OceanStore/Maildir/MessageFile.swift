import CLinux
import Glibc
import OceanBase
import Synchronization

/// An open message: the bytes as they are on disk. It owns one descriptor, closed with the last reference.
package final class MessageFile: Sendable {
  /// The length of the file in bytes when it was opened. Reading never goes beyond it.
  package let size: UInt64
  /// The octets that it takes on the wire, once they have been counted.
  package var octets: UInt64 { counted.load(ordering: .relaxed) }
  private let counted = Atomic<UInt64>(0)
  let stamp: FileStamp
  /// mtime in nanoseconds since 1970.
  var modified: Int64 { stamp.modified }
  private let descriptor: Int32
  private let maildir: String
  private let table: MessageTable
  private let position: Int
  /// Whether it is on this machine's own disks (see `OpenMaildir.isLocal`).
  let isLocal: Bool
  private let closer: FileCloser?

  /// Opens a message; nil if its file is missing, or is no longer a regular file.
  ///
  /// - Parameter closer: closes the file where the owner of the last reference may not wait for that.
  convenience init?(
    _ maildir: borrowing OpenMaildir, _ table: MessageTable, _ position: Int,
    closedBy closer: FileCloser? = nil
  ) throws(StoreError) {
    let directory = maildir[table.records[position].folder]
    guard directory >= 0 else { return nil }
    let descriptor = table.withCName(of: position) { openat(directory, $0, Self.flags) }
    try self.init(
      descriptor, maildir.path, table, position, isLocal: maildir.isLocal, closer)
  }

  /// Opens a message without blocking, or not at all.
  ///
  /// By now the path may lead anywhere, also to a file system that never answers. So before anything else is
  /// asked of the directory it leads to, that must be one of those folders, and the file must be on the same
  /// file system.
  convenience init?(
    cachedIn maildir: String, _ folders: LocalFolders, _ table: MessageTable, _ position: Int,
    closedBy closer: FileCloser
  ) throws(StoreError) {
    let folder = table.records[position].folder
    guard var identity = folders[folder] else { return nil }
    let directory = linux_find_cached(OpenMaildir.path(of: folder, in: maildir))
    guard directory >= 0 else { return nil }
    guard linux_is(directory, &identity) == 1 else {
      closer.closeAny(directory, of: maildir)
      return nil
    }
    defer { close(directory) }
    let descriptor = table.withCName(of: position) { linux_open_cached(directory, $0, Self.flags) }
    try self.init(descriptor, maildir, table, position, isLocal: true, closer)
  }

  /// O_NONBLOCK: if a FIFO has replaced the file, opening it must not wait for a writer.
  private static let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY

  /// - Parameter descriptor: the result of opening the file: negative with errno set if it failed.
  private init?(
    _ descriptor: Int32, _ maildir: String, _ table: MessageTable, _ position: Int, isLocal: Bool,
    _ closer: FileCloser?
  ) throws(StoreError) {
    (self.isLocal, self.closer) = (isLocal, closer)
    (self.maildir, self.table, self.position) = (maildir, table, position)
    if descriptor < 0 {
      let code = errno
      // ELOOP, ENXIO: a symbolic link or a socket stands in the file's place. ESTALE: another machine removed
      // it.
      if code == ENOENT || code == ELOOP || code == ENXIO || code == ESTALE { return nil }
      throw StoreError(.open, table.path(of: position, in: maildir), errno: code)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw StoreError(.status, table.path(of: position, in: maildir), errno: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    size = UInt64(max(status.st_size, 0))
    stamp = FileStamp(status)
  }

  func setOctets(_ octets: UInt64) { counted.store(octets, ordering: .relaxed) }

  deinit {
    guard let closer else {
      close(descriptor)
      return
    }
    if isLocal { closer.closeLocal(descriptor) } else { closer.closeAny(descriptor, of: maildir) }
  }

  /// Reads bytes at `offset`, as many as fit, perhaps fewer; may block.
  ///
  /// - Returns: the number of bytes read; 0 only at the end.
  /// - Throws: `changed` if the file has become shorter, `io`.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
    let wanted = min(buffer.count, remaining(from: offset))
    guard wanted > 0 else { return 0 }
    while true {
      let count = pread(descriptor, buffer.baseAddress, wanted, off_t(offset))
      if count > 0 { return count }
      if count == 0 { throw .changed }
      let code = errno
      if code != EINTR {
        throw StoreError(.read, table.path(of: position, in: maildir), errno: code)
      }
    }
  }

  /// The offset, at or behind `offset` and up to the file's last byte, from which there may be anything but
  /// NULs: a hole takes no room on the disk, however large it is.
  func endOfHole(at offset: UInt64) -> UInt64 {
    guard offset < size, let start = Int64(exactly: offset) else { return offset }
    let next = linux_next_data(descriptor, start)
    if next < 0, errno != ENXIO { return offset }
    return max(offset, min(UInt64(exactly: next) ?? .max, size - 1))
  }

  /// Reads like `read(into:at:)`, but never blocks: nil if the bytes are not in the page cache, or if the
  /// kernel or file system cannot tell. Any failure is nil too: `read(into:at:)` says which.
  package func readIfCached(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int? {
    let wanted = min(buffer.count, remaining(from: offset))
    guard wanted > 0 else { return 0 }
    let count = linux_read_cached(descriptor, buffer.baseAddress, wanted, Int64(offset))
    return count > 0 ? count : nil
  }

  /// The bytes behind `offset`. This also makes sure that the system accepts `offset`.
  private func remaining(from offset: UInt64) -> Int {
    offset < size ? Int(clamping: size - offset) : 0
  }
}
