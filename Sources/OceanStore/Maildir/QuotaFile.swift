import Glibc

/// The file `maildirsize` of a Maildir with a quota (Maildir++, maildirquota(7)). Deliveries believe its sum
/// of octets and messages, and count again only when the quota is full and the file a quarter of an hour old.
/// A program that removes messages appends what went.
final class QuotaFile {
  private let descriptor: Int32
  private let path: String
  private var octets: UInt64 = 0
  private var messages = 0

  private static let name = "maildirsize"
  /// The size from which the next delivery counts again, and begins a new file.
  private static let maxBytes = 5120

  /// Nil if the Maildir itself has no such file, or it does not have the usual form: the Maildir's owner may
  /// have put something else there.
  ///
  /// - Throws: why it cannot be written, though it is there.
  init?(_ maildir: borrowing OpenMaildir) throws(StoreError) {
    // Messages in a Trash do not count.
    guard maildir.root >= 0, !maildir.path.hasSuffix("/.Trash") else { return nil }
    switch try Self.open(maildir) {
    case .none, .foreign: return nil
    case .file(let descriptor):
      guard Self.isWhole(descriptor) else {
        close(descriptor)
        return nil
      }
      self.descriptor = descriptor
      path = maildir.path + "/" + Self.name
    }
  }

  private enum Opened {
    case none
    /// Not a regular file, or one with several names.
    case foreign
    case file(Int32)
  }

  private static func open(_ maildir: borrowing OpenMaildir) throws(StoreError) -> Opened {
    let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let descriptor = openat(maildir.root, name, flags)
    guard descriptor >= 0 else {
      let code = errno
      switch code {
      case ENOENT, ESTALE: return .none
      case ELOOP, ENXIO, EISDIR: return .foreign
      default: throw StoreError(.open, maildir.path + "/" + name, errno: code)
      }
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
      close(descriptor)
      return .foreign
    }
    return .file(descriptor)
  }

  /// Why what is removed could not be subtracted in a Maildir; nil if it could, or the Maildir has no quota.
  static func finding(in maildir: borrowing OpenMaildir) -> IndexReport.Finding? {
    guard maildir.root >= 0, !maildir.path.hasSuffix("/.Trash") else { return nil }
    do throws(StoreError) {
      switch try open(maildir) {
      case .none: return nil
      case .foreign: return .foreignQuota(path: maildir.path + "/" + name)
      case .file(let descriptor):
        close(descriptor)
        return nil
      }
    } catch {
      return .fixedQuota(error)
    }
  }

  deinit { close(descriptor) }

  /// Whether it begins with a quota, such as `20000S,10C`, and is not so long that the next delivery counts again.
  private static func isWhole(_ descriptor: Int32) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0, (1..<maxBytes).contains(Int(status.st_size)) else { return false }
    return withUnsafeTemporaryAllocation(byteCount: maxBytes, alignment: 1) { buffer in
      let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
      guard count > 0 else { return false }
      let quota = buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }
      return quota.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "SC,".utf8.contains($0)
      }
    }
  }

  /// Whether its last line has an end. What is appended to one without would be part of it.
  private var endsWithLine: Bool {
    var status = stat()
    var last: UInt8 = 0
    guard fstat(descriptor, &status) == 0, status.st_size > 0,
      pread(descriptor, &last, 1, status.st_size - 1) == 1
    else { return true }
    return last == UInt8(ascii: "\n")
  }

  /// The size with which a message that is still there counts; nil if it does not count, because it is marked
  /// as trash.
  func size(
    of position: Int, in table: MessageTable, _ maildir: borrowing OpenMaildir
  ) -> UInt64? {
    let (isTrash, told) = table.withName(of: position) { name in
      (name.info?.flags.contains(UInt8(ascii: "T")) ?? false, name.claimedSizes.bytes)
    }
    if isTrash { return nil }
    if let told { return told }
    var status = stat()
    let folder = maildir[table.records[position].folder]
    let result = table.withCName(of: position) { fstatat(folder, $0, &status, AT_SYMLINK_NOFOLLOW) }
    return result == 0 ? UInt64(max(status.st_size, 0)) : nil
  }

  func subtract(_ size: UInt64) {
    octets &+= size
    messages += 1
  }

  /// Appends a line for all removed messages; others may append at the same time.
  func write() throws(StoreError) {
    guard messages > 0 else { return }
    let line = Array("\(endsWithLine ? "" : "\n")-\(octets) -\(messages)\n".utf8)
    let count = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    let code = errno
    guard count == line.count else { throw StoreError(.write, path, errno: count < 0 ? code : ENOSPC) }
  }
}
