import CLinux
import Glibc
import OceanBase

/// The file `ocean-ids` of a Maildir: the unique ids under which messages were shown first, for all hosts that serve it.
///
/// An id that is made of a file's name is the same on every host and is not in it. In it are the ids of files that share a
/// base name, and in a Maildir of another server all ids, because that server's list may change. A line is written before
/// its id is shown, under the mailbox's lock, and is never changed: of two lines about one file the first one holds.
///
/// A line is `<check> <scheme> <inode> <id> <base name>`; the check is a hash of what follows it, so that a line that was
/// not written to its end is none. The scheme is a number (`UIDLScheme.identity`). In the base name spaces, line feeds and
/// percent signs are written as a percent sign and two hexadecimal digits.
struct SharedIDs: ForeignLineParser {
  static var list: ForeignList { ForeignList(name: "ocean-ids") { SharedIDs() } }
  private static let checkLength = 16

  mutating func parse(
    _ line: UnsafeRawBufferPointer, _ isWanted: (MessageName) -> Bool, _ body: (ForeignEntry) -> Void
  ) {
    guard line.count > Self.checkLength, line[Self.checkLength] == 0x20 else { return }
    let rest = UnsafeRawBufferPointer(rebasing: line[(Self.checkLength + 1)...])
    var fields = FieldReader(rest)
    guard let scheme = fields.number(), fields.skip(" "), let inode = fields.number(), fields.skip(" ") else {
      return
    }
    let id = fields.word()
    guard fields.skip(" "), UniqueID.isSendable(id) else { return }
    let base = Self.unescaped(UnsafeRawBufferPointer(rebasing: fields.rest))
    base.withUnsafeBytes { bytes in
      let name = MessageName(bytes)
      guard !name.base.isEmpty, isWanted(name),
        line.prefix(Self.checkLength).elementsEqual(Self.check(of: rest))
      else { return }
      var entry = ForeignEntry(name: name, id: id, rank: 0, octets: nil, bytes: nil)
      (entry.scheme, entry.inode) = (scheme, inode)
      body(entry)
    }
  }

  static func line(
    scheme: UInt64, inode: UInt64, id: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer
  ) -> [UInt8] {
    let rest = Array("\(scheme) \(inode) ".utf8) + Array(id) + [0x20] + escaped(base)
    return rest.withUnsafeBytes { check(of: $0) } + [0x20] + rest + [0x0A]
  }

  /// Appends lines, and has them on disk when this returns.
  ///
  /// - Throws: `badList` if something else has the file's place; `permission`, `exhausted`, `io`: an id that others do not
  ///   learn may not be shown.
  static func append(_ lines: [UInt8], in maildir: borrowing OpenMaildir) throws(StoreError) {
    let path = maildir.path + "/" + list.name
    let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let descriptor = openat(maildir.root, list.name, flags, 0o600)
    guard descriptor >= 0 else {
      let code = errno
      if [ELOOP, ENXIO, EISDIR].contains(code) { throw .badList(path: path) }
      throw StoreError(.open, path, errno: code)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1,
      status.st_size <= ForeignList.maximumSize,
      lines.count <= ForeignList.maximumSize - Int(status.st_size)
    else { throw .badList(path: path) }
    var last: UInt8 = 0x0A
    // What is left of a line that was not written to its end must not be part of these.
    if status.st_size > 0 { _ = pread(descriptor, &last, 1, status.st_size - 1) }
    do {
      try writeAll((last == 0x0A ? [] : [0x0A]) + lines, to: descriptor)
    } catch {
      throw StoreError(.write, path, errno: error.code)
    }
    guard fsync(descriptor) == 0 else {
      let code = errno
      throw StoreError(.synchronize, path, errno: code)
    }
    if status.st_size == 0 { try synchronizeDirectory(of: maildir) }
  }

  /// Has the name of a new file on disk.
  private static func synchronizeDirectory(of maildir: borrowing OpenMaildir) throws(StoreError) {
    let directory = openat(maildir.root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if directory >= 0 { close(directory) } }
    guard directory >= 0, fsync(directory) == 0 || errno == EINVAL || errno == ENOTSUP else {
      let code = errno
      throw StoreError(.synchronize, maildir.path, errno: code)
    }
  }

  private static func check(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
    let hash = XXHash.hash(bytes)
    return (0..<checkLength).map { digit(UInt8(truncatingIfNeeded: hash >> (60 - 4 * UInt64($0)) & 15)) }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
  }

  /// A base name as it is in a line.
  static func escaped(_ base: UnsafeRawBufferPointer) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(base.count)
    for byte in base {
      switch byte {
      case 0x20, 0x0A, UInt8(ascii: "%"): text += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
      default: text.append(byte)
      }
    }
    return text
  }

  /// Nothing if it is not written as `escaped` writes.
  private static func unescaped(_ text: UnsafeRawBufferPointer) -> [UInt8] {
    var base: [UInt8] = []
    base.reserveCapacity(text.count)
    var position = 0
    while position < text.count {
      guard text[position] == UInt8(ascii: "%") else {
        base.append(text[position])
        position += 1
        continue
      }
      guard position + 2 < text.count,
        let byte = UInt8(String(decoding: text[(position + 1)...(position + 2)], as: UTF8.self), radix: 16)
      else { return [] }
      base.append(byte)
      position += 3
    }
    return base
  }
}
