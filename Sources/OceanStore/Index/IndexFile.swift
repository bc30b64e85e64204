import Glibc

/// The index files of Maildirs. Nothing here throws: an index that can not be read is none, and one that can not be written
/// is missed by nobody before the next start.
///
/// A file is written by the session that holds the mailbox's lock. Should two machines do without a common one, a file that
/// is not as it was left is not appended to but replaced; readers see either the one or the other, or by its hashes that it is
/// neither.
struct IndexFile: Sendable {
  /// write(2): its result, and errno.
  typealias Write = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

  enum Content {
    case none
    /// Something is there that is no whole index of that Maildir.
    case damaged
    /// - isTorn: the log's end was not whole.
    case snapshot(Snapshot, isTorn: Bool)
  }

  let location: IndexLocation
  private let write: Write

  init(_ location: IndexLocation, write: @escaping Write = { Glibc.write($0, $1.baseAddress, $1.count) }) {
    (self.location, self.write) = (location, write)
  }

  func makeDirectory() {
    if case .directory(let path) = location { mkdir(path, 0o700) }
  }

  func read(_ maildir: String) -> Content {
    guard let path = location.path(for: maildir) else { return .none }
    let content = read(path, maildir)
    // On a network file system it is gone once another machine has put another in its place.
    if case .damaged = content { return read(path, maildir) }
    return content
  }

  private func read(_ path: String, _ maildir: String) -> Content {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return errno == ENOENT ? .none : .damaged }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .damaged }
    let source = IndexSource(size: Int(status.st_size)) { buffer, offset in
      Self.read(descriptor, buffer, at: offset)
    }
    guard let (snapshot, position) = source.read(maildir) else { return .damaged }
    let isTorn = position.size != source.size
    if !isTorn {
      snapshot.saved = IndexPosition(
        device: UInt64(status.st_dev), inode: UInt64(status.st_ino), tableBytes: position.tableBytes,
        size: position.size, hash: position.hash)
    }
    return .snapshot(snapshot, isTorn: isTorn)
  }

  private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int)
    -> Bool
  {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      filled += count
    }
    return true
  }

  /// Writes what a snapshot has that the previous one, where that is on disk, has not.
  ///
  /// - Parameter durable: whether it must be on the disk, not only on its way, when this returns.
  /// - Returns: whether the snapshot is saved.
  @discardableResult
  func save(
    _ snapshot: Snapshot, of maildir: String, _ changes: SnapshotChanges, since previous: Snapshot?,
    durable: Bool
  ) -> Bool {
    guard let path = location.path(for: maildir) else { return false }
    let position = previous?.saved
    var saved: IndexPosition?
    if let previous, let position, !changes.isEverything, previous.scheme == snapshot.scheme {
      if changes.isEmpty, previous.state == snapshot.state {
        saved = position
      } else {
        var transaction = IndexTransaction(state: snapshot.state)
        for dropped in changes.dropped { transaction.drop(dropped, of: previous.table) }
        for put in changes.put { transaction.put(put, of: snapshot.table) }
        saved = append(transaction, to: path, at: position, durable: durable)
      }
    }
    saved = saved ?? replace(path, with: snapshot, of: maildir, durable: durable)
    snapshot.saved = saved
    return saved != nil
  }

  /// Appends that messages, by their positions, have other sizes than a saved snapshot says.
  func correct(_ sizes: [Int: MessageSize], of snapshot: Snapshot, _ maildir: String) -> Bool {
    guard let path = location.path(for: maildir), let position = snapshot.saved else { return false }
    var transaction = IndexTransaction(state: nil)
    for (position, size) in sizes { transaction.put(position, of: snapshot.table, size: size) }
    let saved = append(transaction, to: path, at: position, durable: false, evenIfLong: true)
    snapshot.saved = saved
    return saved != nil
  }

  /// How long a log may become before a new table is written: half of the table, but no less and no more than this.
  private static let logBytes = 16 << 10...1 << 20

  /// Nil if the file is not the one it was, its log is too long, or it can not be written.
  private func append(
    _ transaction: IndexTransaction, to path: String, at position: IndexPosition, durable: Bool,
    evenIfLong: Bool = false
  ) -> IndexPosition? {
    let (bytes, hash) = transaction.bytes(after: position.hash)
    let log = position.size - position.tableBytes + bytes.count
    let longest = min(max(position.tableBytes / 2, Self.logBytes.lowerBound), Self.logBytes.upperBound)
    guard evenIfLong || log <= longest else { return nil }
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, UInt64(status.st_ino) == position.inode,
      UInt64(status.st_dev) == position.device, Int(status.st_size) == position.size,
      lseek(descriptor, off_t(position.size), SEEK_SET) >= 0
    else { return nil }
    guard bytes.withUnsafeBytes({ writeAll(descriptor, $0) }), !durable || fdatasync(descriptor) == 0 else {
      // What was written of it does not hold; what is appended behind it would not either.
      ftruncate(descriptor, off_t(position.size))
      return nil
    }
    var position = position
    position.size += bytes.count
    position.hash = hash
    return position
  }

  /// Writes a new file beside the old one and puts it in its place.
  private func replace(
    _ path: String, with snapshot: Snapshot, of maildir: String, durable: Bool
  ) -> IndexPosition? {
    // The lock is held: a file of that name is what a process that was killed has left.
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let sections = IndexSections(snapshot, maildir)
    var status = stat()
    guard sections.forEach({ writeAll(descriptor, $0) }), fsync(descriptor) == 0,
      fstat(descriptor, &status) == 0,
      rename(temporary, path) == 0
    else {
      unlink(temporary)
      return nil
    }
    if durable { Self.synchronizeDirectory(of: path) }
    return IndexPosition(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), tableBytes: sections.byteCount,
      size: sections.byteCount, hash: sections.header.sectionHash)
  }

  private func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func synchronizeDirectory(of path: String) {
    guard let slash = path.lastIndex(of: "/") else { return }
    let directory = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    fsync(directory)
    close(directory)
  }
}
