import Glibc

/// The folder in which Cyrus keeps a mailbox: `cyrus.index`, and each message, as it is on the wire, in a
/// file named by its UID and a dot. The folder is only read.
struct CyrusFolder: ~Copyable {
  let path: String
  private let descriptor: Int32

  init(_ path: String) throws(CyrusImportError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .store(StoreError(.open, path, errno: errno)) }
    (self.path, self.descriptor) = (path, descriptor)
  }

  deinit { close(descriptor) }

  /// Reads the index; waits for a Cyrus that is changing it.
  func index() throws(CyrusImportError) -> CyrusIndex {
    let file = openat(descriptor, "cyrus.index", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else {
      let code = errno
      if code == ENOENT { throw .notAMailbox }
      throw failure(.open, code)
    }
    defer { close(file) }
    var lock = flock()
    lock.l_type = Int16(F_RDLCK)
    lock.l_whence = Int16(SEEK_SET)
    while fcntl(file, F_SETLKW, &lock) != 0 {
      let code = errno
      if code != EINTR { throw failure(.lock, code) }
    }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure(.status, errno) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { throw .index(.notAnIndex) }
    let memory = try Self.scratch(Int(status.st_size))
    var filled = 0
    while filled < memory.bytes.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[filled...])
      let count = Glibc.read(file, rest.baseAddress, rest.count)
      if count == 0 { break }
      if count > 0 { filled += count } else if errno != EINTR { throw failure(.read, errno) }
    }
    do {
      return try CyrusIndex(UnsafeRawBufferPointer(rebasing: memory.bytes[..<filled]))
    } catch {
      throw .index(error)
    }
  }

  /// Opens a message; nil if its file is missing, or is not a regular file.
  func open(_ message: CyrusIndex.Message) throws(CyrusImportError) -> CyrusMessageFile? {
    let path = "\(path)/\(message.uid)."
    let file = openat(
      descriptor, "\(message.uid).", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else {
      let code = errno
      if code == ENOENT || code == ELOOP || code == ENXIO { return nil }
      throw .store(StoreError(.open, path, errno: code))
    }
    let message = CyrusMessageFile(path: path, descriptor: file)
    guard try message.isRegular() else { return nil }
    return consume message
  }

  fileprivate static func scratch(_ count: Int) throws(CyrusImportError) -> ScratchMemory {
    do {
      return try ScratchMemory(count: count)
    } catch {
      throw .store(error)
    }
  }

  private func failure(_ operation: SystemFailure.Operation, _ code: Int32) -> CyrusImportError {
    .store(StoreError(operation, "\(path)/cyrus.index", errno: code))
  }
}

/// A message as it is on the wire.
struct CyrusMessageFile: ~Copyable {
  private let path: String
  private let descriptor: Int32

  fileprivate init(path: String, descriptor: Int32) { (self.path, self.descriptor) = (path, descriptor) }

  deinit { close(descriptor) }

  fileprivate func isRegular() throws(CyrusImportError) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .store(StoreError(.status, path, errno: errno)) }
    return status.st_mode & S_IFMT == S_IFREG
  }

  /// Calls `body` with block after block of the file. The byte before a block is in front of it; at the
  /// beginning that byte is 0.
  func forEachBlock(
    _ body: (UnsafeRawBufferPointer) throws(CyrusImportError) -> Void
  ) throws(CyrusImportError) {
    let scratch = try CyrusFolder.scratch(64 << 10)
    let block = UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[1...])
    scratch.bytes[0] = 0
    while true {
      let count = Glibc.read(descriptor, block.baseAddress, block.count)
      if count == 0 { return }
      if count < 0 {
        let code = errno
        if code == EINTR { continue }
        throw .store(StoreError(.read, path, errno: code))
      }
      try body(UnsafeRawBufferPointer(rebasing: scratch.bytes[...count]))
      scratch.bytes[0] = block[count - 1]
    }
  }
}
