import Glibc

/// Where a snapshot is on disk: what must still be so for a transaction to be appended.
struct IndexPosition: Equatable, Sendable {
  var device: UInt64
  var inode: UInt64
  /// Of the header and the sections.
  var tableBytes: Int
  /// Of the whole file.
  var size: Int
  var hash: UInt64
}

/// What makes one snapshot of another.
struct SnapshotChanges: Equatable, Sendable {
  /// Positions in the new table.
  var put: [Int] = []
  /// Positions in the old one.
  var dropped: [Int] = []
  /// Not told one by one.
  var isEverything = false

  var isEmpty: Bool { put.isEmpty && dropped.isEmpty && !isEverything }
}

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
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return errno == ENOENT ? .none : .damaged }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .damaged }
    let source = IndexSource(size: Int(status.st_size)) { buffer, offset in
      Self.read(descriptor, buffer, at: offset)
    }
    guard let (snapshot, position) = source.read(location.owner(maildir)) else { return .damaged }
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
    let sections = IndexSections(snapshot, location.owner(maildir))
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

/// A snapshot as an index file's header and sections.
struct IndexSections {
  private let snapshot: Snapshot
  private let path: [UInt8]
  private(set) var header: IndexFormat.Header

  init(_ snapshot: Snapshot, _ owner: String) {
    self.snapshot = snapshot
    path = Array(owner.utf8)
    header = IndexFormat.Header(scheme: snapshot.scheme, state: snapshot.state)
    header.messages = snapshot.count
    header.orderCount = snapshot.order?.count ?? 0
    header.templateStarts = snapshot.table.strings.templateStarts.count
    header.stringBytes = snapshot.table.strings.bytes.count
    header.templateBytes = snapshot.table.strings.templates.count
    header.pathBytes = path.count
    var hash: UInt64 = 0
    _ = forEachSection {
      hash = XXHash.hash($0, seed: hash)
      return true
    }
    header.sectionHash = hash
  }

  var byteCount: Int { IndexFormat.headerBytes + header.sectionBytes }

  /// Stops, and gives false, once `body` does.
  func forEach(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    header.words.withUnsafeBytes(body) && forEachSection(body)
  }

  private func forEachSection(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    let strings = snapshot.table.strings
    return snapshot.table.records.withUnsafeBytes(body) && (snapshot.order ?? []).withUnsafeBytes(body)
      && strings.templateStarts.withUnsafeBytes(body) && strings.bytes.withUnsafeBytes(body)
      && strings.templates.withUnsafeBytes(body) && path.withUnsafeBytes(body)
  }
}

/// The bytes of an index file, wherever they are.
struct IndexSource {
  let size: Int
  /// Fills the buffer with what is at an offset; false if it can not.
  let fill: (UnsafeMutableRawBufferPointer, Int) -> Bool

  init(size: Int, fill: @escaping (UnsafeMutableRawBufferPointer, Int) -> Bool) {
    (self.size, self.fill) = (size, fill)
  }

  /// Nil unless the header and the sections are whole and of that owner. The position's size is where the log ends, as far
  /// as it is whole.
  func read(_ owner: String) -> (Snapshot, IndexPosition)? {
    let limit = min(size - IndexFormat.headerBytes, 2 * MessageTable.maximumBytes)
    guard limit >= 0, let words = array(of: UInt64.self, IndexFormat.headerWords, at: 0),
      let header = IndexFormat.Header(words, limit: limit)
    else { return nil }
    var offset = IndexFormat.headerBytes
    var hash: UInt64 = 0
    func section<T: BitwiseCopyable>(_ type: T.Type, _ count: Int) -> [T]? {
      let section = array(of: type, count, at: offset)
      offset += count * MemoryLayout<T>.stride
      section?.withUnsafeBytes { hash = XXHash.hash($0, seed: hash) }
      return section
    }
    guard let records = section(MessageRecord.self, header.messages),
      let order = section(UInt32.self, header.orderCount),
      let templateStarts = section(UInt32.self, header.templateStarts),
      let bytes = section(UInt8.self, header.stringBytes),
      let templates = section(UInt8.self, header.templateBytes),
      let path = section(UInt8.self, header.pathBytes),
      hash == header.sectionHash, path.elementsEqual(owner.utf8), Self.isPermutation(order),
      let strings = PackedStrings(bytes: bytes, templates: templates, templateStarts: templateStarts)
    else { return nil }
    var replay = IndexReplay(MessageTable(records: records, strings: strings), header.state, hash: hash)
    let tableBytes = offset
    while let (words, payload) = transaction(at: offset), replay.apply(words, payload) {
      offset += IndexFormat.transactionWords * 8 + payload.count
    }
    let (table, newOrder) = replay.result(order: order.isEmpty ? nil : order, isOrdered: header.scheme != 0)
    let position = IndexPosition(device: 0, inode: 0, tableBytes: tableBytes, size: offset, hash: replay.hash)
    let snapshot = Snapshot(
      table: table, order: newOrder, state: replay.state, scheme: header.scheme, saved: nil)
    return (snapshot, position)
  }

  private func transaction(at offset: Int) -> ([UInt64], [UInt8])? {
    let start = offset + IndexFormat.transactionWords * 8
    guard start <= size, let words = array(of: UInt64.self, IndexFormat.transactionWords, at: offset),
      words[0] <= UInt64(size - start),
      let payload = array(of: UInt8.self, Int(words[0]), at: start)
    else { return nil }
    return (words, payload)
  }

  private func array<T: BitwiseCopyable>(of: T.Type, _ count: Int, at offset: Int) -> [T]? {
    guard count * MemoryLayout<T>.stride <= size - offset else { return nil }
    var isFilled = false
    let array = [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      let bytes = UnsafeMutableRawBufferPointer(
        start: buffer.baseAddress, count: count * MemoryLayout<T>.stride)
      isFilled = bytes.isEmpty || fill(bytes, offset)
      initialized = isFilled ? count : 0
    }
    return isFilled ? array : nil
  }

  private static func isPermutation(_ order: [UInt32]) -> Bool {
    var isThere = [Bool](repeating: false, count: order.count)
    for position in order {
      guard position < order.count, !isThere[Int(position)] else { return false }
      isThere[Int(position)] = true
    }
    return true
  }
}
