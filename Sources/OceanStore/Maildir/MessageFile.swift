import CLinux
import Dispatch
import Glibc
import Synchronization

/// An open message: the bytes as they are on disk. Owns one descriptor, closed with the last reference, whose owner does not wait
/// for that.
package final class MessageFile: Sendable {
  /// The length of the file in bytes when it was opened. Reading never goes beyond it.
  package let size: UInt64
  /// What it takes on the wire, once somebody has counted that.
  package var octets: UInt64 { counted.load(ordering: .relaxed) }
  private let counted = Atomic<UInt64>(0)
  let stamp: Stamp
  /// mtime in nanoseconds since 1970.
  var modified: Int64 { stamp.modified }
  private let descriptor: Int32
  private let maildir: String
  private let table: MessageTable
  private let position: Int
  private let closingWaits: Bool

  /// What tells one state of a file from another: mtime, and ctime, which nobody can set.
  struct Stamp: Equatable, Sendable {
    let bytes: UInt64
    let modified: Int64
    let changed: Int64
  }

  /// Nil if there is no such file, or it is no regular file any more.
  ///
  /// - Parameter closingWaits: whether another machine may have to be told of the closing.
  convenience init?(
    _ maildir: borrowing OpenMaildir, _ table: MessageTable, _ position: Int, closingWaits: Bool = false
  ) throws(StoreError) {
    let directory = maildir[table.records[position].folder]
    guard directory >= 0 else { return nil }
    let descriptor = table.withCName(of: position) { openat(directory, $0, Self.flags) }
    try self.init(descriptor, maildir.path, table, position, closingWaits: closingWaits)
  }

  /// As above, without blocking, or not at all.
  ///
  /// - Parameter state: of the reading that the table is of, which was allowed to follow the links that there are.
  convenience init?(
    cachedIn maildir: String, _ table: MessageTable, _ state: MaildirState, _ position: Int
  ) throws(StoreError) {
    let folder = table.records[position].folder
    guard let stamp = state[folder].stamp else { return nil }
    let directory = OpenMaildir.path(of: folder, in: maildir)
    let descriptor = table.withCName(of: position) { name in
      linux_open_cached_file(directory, stamp.device, stamp.inode, name, Self.flags)
    }
    try self.init(descriptor, maildir, table, position, closingWaits: false)
  }

  /// O_NONBLOCK: should the file have given way to a FIFO, opening it must not wait for a writer.
  private static let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY

  /// - Parameter descriptor: what opening it gave: negative with errno set, if it failed.
  private init?(
    _ descriptor: Int32, _ maildir: String, _ table: MessageTable, _ position: Int, closingWaits: Bool
  ) throws(StoreError) {
    self.closingWaits = closingWaits
    (self.maildir, self.table, self.position) = (maildir, table, position)
    if descriptor < 0 {
      let code = errno
      // ELOOP, ENXIO: a symbolic link or a socket stands in the file's place. ESTALE: another machine took it away.
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
    stamp = Stamp(bytes: size, modified: status.st_mtim.nanoseconds, changed: status.st_ctim.nanoseconds)
  }

  func setOctets(_ octets: UInt64) { counted.store(octets, ordering: .relaxed) }

  /// The last reference may be an event loop's, and NFSv4 closes a file when its server has answered.
  deinit {
    let descriptor = descriptor
    if closingWaits { Self.closing.async { close(descriptor) } } else { close(descriptor) }
  }

  private static let closing = DispatchQueue(label: "ocean.close")

  /// Reads what is at `offset`, as much as fits, perhaps less; may block.
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

  /// From where on there may be anything but NULs, at `offset` or behind it, up to the file's last byte: a hole takes no
  /// room on the disk, however large it is.
  func endOfHole(at offset: UInt64) -> UInt64 {
    guard offset < size, let start = Int64(exactly: offset) else { return offset }
    let next = linux_next_data(descriptor, start)
    if next < 0, errno != ENXIO { return offset }
    return max(offset, min(UInt64(exactly: next) ?? .max, size - 1))
  }

  /// As `read(into:at:)`, but never blocks: nil if the bytes are not in the page cache, or the kernel or file system cannot
  /// tell. Any failure is nil too: `read(into:at:)` says which.
  package func readIfCached(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int? {
    let wanted = min(buffer.count, remaining(from: offset))
    guard wanted > 0 else { return 0 }
    let count = linux_read_cached(descriptor, buffer.baseAddress, wanted, Int64(offset))
    return count > 0 ? count : nil
  }

  /// Also makes sure that `offset` is one that the system takes.
  private func remaining(from offset: UInt64) -> Int {
    offset < size ? Int(clamping: size - offset) : 0
  }
}
