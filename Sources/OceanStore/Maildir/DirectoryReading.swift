import CLinux
import Glibc

extension OpenMaildir {
  /// Calls `body` with the name (NUL-terminated behind its end) and inode of each regular file that is not
  /// hidden.
  ///
  /// - Parameter announce: called with the inodes that come next, some hundreds at a time.
  func forEachMessage(
    in folder: Folder, announcing announce: ([UInt64]) -> Void,
    _ body: (UnsafeRawBufferPointer, UInt64) throws(StoreError) -> Void
  ) throws(StoreError) {
    let descriptor = self[folder]
    guard descriptor >= 0 else { return }
    let scratch = try ScratchMemory(count: 64 << 10)
    let buffer = scratch.bytes
    var inodes: [UInt64] = []
    // This machine's memory of a folder's names is valid as long as the folder's stamp (NFSv3), and so may
    // lack the latest names.
    if !isLocal { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw readFailure(folder) }
    while true {
      let count = linux_read_directory(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 { throw readFailure(folder) }
      if count == 0 { return }
      let records = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      inodes.removeAll(keepingCapacity: true)
      try Self.forEachRecord(in: records) { (record) throws(StoreError) in
        inodes.append(Self.inode(of: record))
      }
      announce(inodes)
      try Self.forEachFile(in: records, descriptor, body)
    }
  }

  private func readFailure(_ folder: Folder) -> StoreError {
    let code = errno
    return StoreError(.read, Self.path(of: folder, in: path), errno: code)
  }

  /// Calls `body` in the same way with the files of a block of directory entries.
  static func forEachFile(
    in records: UnsafeRawBufferPointer, _ descriptor: Int32,
    _ body: (UnsafeRawBufferPointer, UInt64) throws(StoreError) -> Void
  ) throws(StoreError) {
    try forEachRecord(in: records) { (record) throws(StoreError) in
      guard let start = record.baseAddress else { return }
      let name = UnsafeRawBufferPointer(start: start + 19, count: strnlen(start + 19, record.count - 19))
      guard !name.isEmpty, name[0] != UInt8(ascii: "."), name.count < record.count - 19,
        isRegular(record[18], name, descriptor)
      else { return }
      try body(name, inode(of: record))
    }
  }

  /// Splits a sequence of struct linux_dirent64: inode (8 bytes), offset (8), record length (2), type (1),
  /// NUL-terminated name.
  private static func forEachRecord(
    in records: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    var offset = 0
    while offset + 20 <= records.count {
      let length = Int(records.loadUnaligned(fromByteOffset: offset + 16, as: UInt16.self))
      guard length >= 20, offset + length <= records.count else { return }
      try body(UnsafeRawBufferPointer(rebasing: records[offset..<offset + length]))
      offset += length
    }
  }

  private static func inode(of record: UnsafeRawBufferPointer) -> UInt64 {
    record.loadUnaligned(as: UInt64.self)
  }

  private static func strnlen(_ start: UnsafeRawPointer, _ count: Int) -> Int {
    Glibc.strnlen(start.assumingMemoryBound(to: CChar.self), count)
  }

  private static func isRegular(_ type: UInt8, _ name: UnsafeRawBufferPointer, _ descriptor: Int32) -> Bool {
    guard type == UInt8(DT_UNKNOWN) else { return type == UInt8(DT_REG) }
    var status = stat()
    let result = name.withMemoryRebound(to: CChar.self) {
      // The name is NUL-terminated: `forEachFile` made sure.
      $0.baseAddress.map { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) } ?? -1
    }
    return result == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
