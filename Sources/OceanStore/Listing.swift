import CLinux
import Glibc

/// The names in a Maildir's new/ and cur/ as of one reading, in the order of messages. Immutable.
///
/// A message is its base name and inode: what keeps both through renames is the same message. Two names of one inode are
/// one message (a delivery or a rename interrupted between link and unlink); two inodes of one base name are two.
final class Listing: Sendable {
  struct Entry {
    /// See `MessageName.deliveryTime`.
    let time: UInt64
    /// As readdir reports it, which some stacked file systems do differently from stat.
    let inode: UInt64
    /// Where in `names` its NUL-terminated name begins.
    fileprivate(set) var start: UInt32
    let length: UInt16
    let baseLength: UInt16
    let folder: Folder
    /// Another name of this inode is in the listing's directories.
    fileprivate(set) var isLinked = false
  }

  /// The most memory a listing may take: nearly three million messages.
  static let maximumBytes = 256 << 20

  let entries: [Entry]
  private let names: [UInt8]
  /// Taken before the reading began.
  let stamp: MaildirStamp
  /// Whether an equal stamp later means that this listing still holds (see `MaildirStamp.isSettled`).
  let isSettled: Bool

  /// - Parameter start: the time before this call, of CLOCK_REALTIME_COARSE.
  init(reading maildir: borrowing OpenMaildir, start: Int64) throws(StoreError) {
    // A rename while the directories are read can hide a message or show it twice. The second is harmless; against the
    // first, read again if anything changed, but not for ever.
    var attempts = 0
    while true {
      let before = try maildir.stamp()
      var scratch = Scratch()
      // In this order, because messages move from new/ to cur/.
      try scratch.read(maildir, .new)
      try scratch.read(maildir, .cur)
      attempts += 1
      let after = try maildir.stamp()
      if after == before || attempts == 3 {
        (entries, names) = scratch.sorted()
        stamp = before
        isSettled = before.isSettled(at: start)
        return
      }
    }
  }

  var byteCount: Int { entries.count * MemoryLayout<Entry>.stride + names.count }

  func withName<R>(of position: Int, _ body: (MessageName) -> R) -> R {
    let entry = entries[position]
    return names.withUnsafeBytes {
      let start = Int(entry.start)
      let bytes = UnsafeRawBufferPointer(rebasing: $0[start..<start + Int(entry.length)])
      return body(MessageName(bytes, baseLength: Int(entry.baseLength)))
    }
  }

  /// The name for system calls.
  func withCName<R>(of position: Int, _ body: (UnsafePointer<CChar>) -> R) -> R {
    let start = Int(entries[position].start)
    return names[start...].withUnsafeBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        // Never nil: a name and its NUL are there.
        characters.baseAddress.map(body) ?? "".withCString(body)
      }
    }
  }

  /// `maildir/cur/name`, for people: bytes that are not UTF-8 show as U+FFFD.
  func path(of position: Int, in maildir: String) -> String {
    let name = withName(of: position) { String(decoding: $0.bytes, as: UTF8.self) }
    return OpenMaildir.path(of: entries[position].folder, in: maildir) + "/" + name
  }

  /// Negative, zero or positive as one message sorts before, is, or sorts behind another.
  func compare(_ position: Int, with other: Listing, _ otherPosition: Int) -> Int {
    names.withUnsafeBytes { names in
      other.names.withUnsafeBytes { otherNames in
        Entry.compare(entries[position], names, other.entries[otherPosition], otherNames)
      }
    }
  }

  func hasSameBase(_ position: Int, _ otherPosition: Int) -> Bool {
    let (a, b) = (entries[position], entries[otherPosition])
    return names.withUnsafeBytes { a.time == b.time && Entry.compareBases(a, $0, b, $0) == 0 }
  }

  /// Where a message of another listing is in this one; nil if it is gone.
  func position(of position: Int, in other: Listing) -> Int? {
    var range = entries.indices
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      let order = compare(middle, with: other, position)
      if order == 0 { return middle }
      range = order < 0 ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return nil
  }
}

extension Listing.Entry {
  fileprivate static func compare(
    _ a: Self, _ aNames: UnsafeRawBufferPointer, _ b: Self, _ bNames: UnsafeRawBufferPointer
  ) -> Int {
    if a.time != b.time { return a.time < b.time ? -1 : 1 }
    let order = compareBases(a, aNames, b, bNames)
    if order != 0 || a.inode == b.inode { return order }
    return a.inode < b.inode ? -1 : 1
  }

  fileprivate static func compareBases(
    _ a: Self, _ aNames: UnsafeRawBufferPointer, _ b: Self, _ bNames: UnsafeRawBufferPointer
  ) -> Int {
    let aBase = UnsafeRawBufferPointer(rebasing: aNames[Int(a.start)...].prefix(Int(a.baseLength)))
    let bBase = UnsafeRawBufferPointer(rebasing: bNames[Int(b.start)...].prefix(Int(b.baseLength)))
    if let a = aBase.baseAddress, let b = bBase.baseAddress {
      let order = memcmp(a, b, min(aBase.count, bBase.count))
      if order != 0 { return Int(order) }
    }
    return aBase.count - bBase.count
  }
}

/// Entries as they come from the kernel.
private struct Scratch {
  private var entries: [Listing.Entry] = []
  private var names: [UInt8] = []

  mutating func read(_ maildir: borrowing OpenMaildir, _ folder: Folder) throws(StoreError) {
    let descriptor = maildir[folder]
    guard descriptor >= 0 else { return }
    let scratch = try ScratchMemory(count: 32 << 10)
    let buffer = scratch.bytes
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw failure(maildir, folder) }
    while true {
      let count = linux_read_directory(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 { throw failure(maildir, folder) }
      if count == 0 { return }
      add(UnsafeRawBufferPointer(rebasing: buffer[..<count]), descriptor, folder)
      guard entries.count * MemoryLayout<Listing.Entry>.stride + names.count <= Listing.maximumBytes else {
        throw .tooLarge(path: maildir.path)
      }
    }
  }

  private func failure(_ maildir: borrowing OpenMaildir, _ folder: Folder) -> StoreError {
    let code = errno
    return StoreError(.read, OpenMaildir.path(of: folder, in: maildir.path), errno: code)
  }

  /// Takes the regular files out of a sequence of struct linux_dirent64: inode (8 bytes), offset (8), record length (2),
  /// type (1), NUL-terminated name.
  private mutating func add(_ records: UnsafeRawBufferPointer, _ descriptor: Int32, _ folder: Folder) {
    var offset = 0
    while offset + 20 <= records.count {
      let length = Int(records.loadUnaligned(fromByteOffset: offset + 16, as: UInt16.self))
      guard length >= 20, offset + length <= records.count else { return }
      let record = UnsafeRawBufferPointer(rebasing: records[offset..<offset + length])
      offset += length
      let bytes = UnsafeRawBufferPointer(rebasing: record[19...].prefix { $0 != 0 })
      guard !bytes.isEmpty, bytes[0] != UInt8(ascii: "."), bytes.count < record.count - 19,
        isRegular(record[18], bytes, descriptor)
      else { continue }
      let name = MessageName(bytes)
      entries.append(
        Listing.Entry(
          time: name.deliveryTime, inode: record.loadUnaligned(as: UInt64.self),
          start: UInt32(truncatingIfNeeded: names.count), length: UInt16(truncatingIfNeeded: bytes.count),
          baseLength: UInt16(truncatingIfNeeded: name.base.count), folder: folder))
      names.append(contentsOf: bytes)
      names.append(0)
    }
  }

  private func isRegular(_ type: UInt8, _ name: UnsafeRawBufferPointer, _ descriptor: Int32) -> Bool {
    guard type == UInt8(DT_UNKNOWN) else { return type == UInt8(DT_REG) }
    var status = stat()
    let result = name.withMemoryRebound(to: CChar.self) {
      // NUL-terminated: `add` made sure.
      $0.baseAddress.map { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) } ?? -1
    }
    return result == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// In order, further names of one inode dropped, in memory of exactly that size.
  consuming func sorted() -> (entries: [Listing.Entry], names: [UInt8]) {
    var entries = entries
    return names.withUnsafeBytes { names in
      entries.sort {
        let order = Listing.Entry.compare($0, names, $1, names)
        // Of one inode's names the one in cur/ is the later.
        return order == 0 ? $0.folder == .cur && $1.folder == .new : order < 0
      }
      var kept = 0
      var bytes = 0
      for entry in entries {
        if kept > 0, Listing.Entry.compare(entries[kept - 1], names, entry, names) == 0 {
          entries[kept - 1].isLinked = true
        } else {
          entries[kept] = entry
          kept += 1
          bytes += Int(entry.length) + 1
        }
      }
      var packed: [UInt8] = []
      packed.reserveCapacity(bytes)
      for position in 0..<kept {
        let start = Int(entries[position].start)
        entries[position].start = UInt32(truncatingIfNeeded: packed.count)
        packed.append(contentsOf: names[start...start + Int(entries[position].length)])
      }
      return (Array(entries[..<kept]), packed)
    }
  }
}
