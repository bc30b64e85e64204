import Glibc
import OceanBase

/// The index files of Maildirs. An index that cannot be read is treated as missing. One that cannot be
/// written is not missed before the next start; but somebody should be told.
///
/// A file is written by the session that holds the mailbox's lock. If two machines have no common lock, a
/// file that is not as it was left is not appended to but replaced. Readers see one or the other, or find by
/// the hashes that it is neither.
struct IndexFile: Sendable {
  enum Content {
    case none
    /// There is a file, but it is not a whole index of that Maildir.
    case damaged
    /// It could not be read, and may be whole.
    case unreadable(StoreError)
    /// - isTorn: whether the log's end was not whole.
    case snapshot(Snapshot, isTorn: Bool)
  }

  let location: IndexLocation
  private let visiting: MaildirStore.Visiting
  private let write: WriteFunction

  init(
    _ location: IndexLocation, visiting: @escaping MaildirStore.Visiting = { _ in },
    write: @escaping WriteFunction = writeSome
  ) {
    (self.location, self.visiting, self.write) = (location, visiting, write)
  }

  func makeDirectory() {
    // If this fails, the first attempt to write there fails as well, and that is reported.
    if case .directory(let path) = location { mkdir(path, 0o700) }
  }

  func read(_ maildir: String) -> Content {
    guard let path = location.path(for: maildir) else { return .none }
    visiting(true)
    defer { visiting(false) }
    let content = read(path, maildir)
    // On a network file system the file is gone once another machine has put another in its place.
    switch content {
    case .damaged, .unreadable: return read(path, maildir)
    case .none, .snapshot: return content
    }
  }

  private func read(_ path: String, _ maildir: String) -> Content {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT { return .none }
      return code == ELOOP || code == ENXIO ? .damaged : .unreadable(StoreError(.open, path, errno: code))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      return .unreadable(StoreError(.status, path, errno: code))
    }
    guard status.st_mode & S_IFMT == S_IFREG else { return .damaged }
    var failure: Int32 = 0
    let source = IndexSource(size: Int(status.st_size)) { buffer, offset in
      let code = Self.read(descriptor, buffer, at: offset)
      failure = max(failure, code)
      return code == 0
    }
    guard let (snapshot, position) = source.read(maildir) else {
      return failure > 0 ? .unreadable(StoreError(.read, path, errno: failure)) : .damaged
    }
    let isTorn = position.size != source.size
    if !isTorn {
      snapshot.saved = IndexPosition(
        device: UInt64(status.st_dev), inode: UInt64(status.st_ino), tableBytes: position.tableBytes,
        size: position.size, hash: position.hash)
    }
    return .snapshot(snapshot, isTorn: isTorn)
  }

  /// - Returns: 0, or an errno; -1 if the file ends early.
  private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int)
    -> Int32
  {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count < 0 ? errno : -1 }
      filled += count
    }
    return 0
  }

  /// Writes what a snapshot has and the previous one, if that is on disk, does not have.
  ///
  /// It does not wait for data that the messages would give again: what a crash takes of that is only a
  /// cache, and each part of the file shows whether it is whole.
  ///
  /// - Returns: whether the snapshot is saved; it is not if there is no place for indexes.
  @discardableResult
  func save(
    _ snapshot: Snapshot, of maildir: String, _ changes: SnapshotChanges, since previous: Snapshot?
  ) throws(StoreError) -> Bool {
    guard let path = location.path(for: maildir) else { return false }
    visiting(true)
    defer { visiting(false) }
    if let previous, let position = previous.saved, !changes.isEverything, previous.scheme == snapshot.scheme
    {
      if changes.isEmpty, previous.state == snapshot.state {
        snapshot.saved = position
        return true
      }
      var transaction = IndexTransaction(state: snapshot.state)
      for dropped in changes.dropped { transaction.drop(dropped, of: previous.table) }
      for put in changes.put { transaction.put(put, of: snapshot.table) }
      if case .appended(let position) = append(transaction, to: path, at: position, durable: changes.mustLast)
      {
        snapshot.saved = position
        return true
      }
    }
    let durable = changes.mustLast || snapshot.hasIDsOfItsOwn
    snapshot.saved = try replace(path, with: snapshot, of: maildir, durable: durable)
    return true
  }

  /// Appends sizes of messages, by position, that differ from those in a saved snapshot.
  ///
  /// - Returns: whether the index has them now.
  func correct(
    _ sizes: [Int: MessageSize], of snapshot: Snapshot, _ maildir: String
  ) throws(StoreError) -> Bool {
    guard let path = location.path(for: maildir), let position = snapshot.saved else { return false }
    visiting(true)
    defer { visiting(false) }
    var transaction = IndexTransaction(state: nil)
    for (position, size) in sizes { transaction.put(position, of: snapshot.table, size: size) }
    snapshot.saved = nil
    switch append(transaction, to: path, at: position, durable: false, evenIfLong: true) {
    case .appended(let position):
      snapshot.saved = position
      return true
    case .unfit: return false
    case .failed(let error): throw error
    }
  }

  /// How long a log may become before a new table is written: half of the table, but not less and not more
  /// than these bounds.
  private static let logBytes = 16 << 10...1 << 20

  private enum Appending {
    case appended(IndexPosition)
    /// The file is not the one it was, or its log is too long.
    case unfit
    case failed(StoreError)
  }

  private func append(
    _ transaction: IndexTransaction, to path: String, at position: IndexPosition, durable: Bool,
    evenIfLong: Bool = false
  ) -> Appending {
    let (bytes, hash) = transaction.bytes(after: position.hash)
    let log = position.size - position.tableBytes + bytes.count
    let longest = min(max(position.tableBytes / 2, Self.logBytes.lowerBound), Self.logBytes.upperBound)
    guard evenIfLong || log <= longest else { return .unfit }
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      let code = errno
      return code == ENOENT ? .unfit : .failed(StoreError(.write, path, errno: code))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, UInt64(status.st_ino) == position.inode,
      UInt64(status.st_dev) == position.device, Int(status.st_size) == position.size,
      lseek(descriptor, off_t(position.size), SEEK_SET) >= 0
    else { return .unfit }
    if let error = bytes.withUnsafeBytes({ failure(ofWriting: $0, to: descriptor, path) })
      ?? (durable ? failure(.synchronize, path, fdatasync(descriptor)) : nil)
    {
      // The part that was written is not valid, and neither would be anything appended behind it. If even
      // this fails, the file has a different size than is known, and is replaced.
      ftruncate(descriptor, off_t(position.size))
      return .failed(error)
    }
    var position = position
    position.size += bytes.count
    position.hash = hash
    return .appended(position)
  }

  /// Writes a new file beside the old one and puts it in its place.
  private func replace(
    _ path: String, with snapshot: Snapshot, of maildir: String, durable: Bool
  ) throws(StoreError) -> IndexPosition {
    // The lock is held, so a file of that name is left from a process that was killed.
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = try create(temporary)
    defer { close(descriptor) }
    let sections = IndexSections(snapshot, maildir)
    var status = stat()
    var error: StoreError?
    _ = sections.forEach {
      error = failure(ofWriting: $0, to: descriptor, temporary)
      return error == nil
    }
    error =
      error ?? (durable ? failure(.synchronize, temporary, fsync(descriptor)) : nil)
      ?? failure(.status, temporary, fstat(descriptor, &status))
      ?? failure(.rename, temporary, rename(temporary, path))
    if let error {
      unlink(temporary)
      throw error
    }
    if durable { Self.synchronizeDirectory(of: path) }
    return IndexPosition(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), tableBytes: sections.byteCount,
      size: sections.byteCount, hash: sections.header.sectionHash)
  }

  /// Creates a file, and the directory of indexes too if that has been removed.
  private func create(_ path: String) throws(StoreError) -> Int32 {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    var descriptor = open(path, flags, 0o600)
    if descriptor < 0, errno == ENOENT {
      makeDirectory()
      descriptor = open(path, flags, 0o600)
    }
    guard descriptor < 0 else { return descriptor }
    let code = errno
    throw StoreError(.create, path, errno: code)
  }

  private func failure(
    ofWriting bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
  ) -> StoreError? {
    do throws(WriteError) {
      try writeAll(bytes, to: descriptor, with: write)
    } catch {
      return StoreError(.write, path, errno: error.code)
    }
    return nil
  }

  /// The failure of a system call; nil if it went well.
  private func failure(
    _ operation: SystemFailure.Operation, _ path: String, _ result: Int32
  ) -> StoreError? {
    guard result != 0 else { return nil }
    let code = errno
    return StoreError(operation, path, errno: code)
  }

  private static func synchronizeDirectory(of path: String) {
    guard let slash = path.lastIndex(of: "/") else { return }
    let directory = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    fsync(directory)
    close(directory)
  }
}
