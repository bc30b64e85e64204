import Glibc

/// `maildirsize`, which a Maildir with a quota has (Maildir++, maildirquota(7)): deliveries believe its sum of octets and
/// messages, and count again only when that is full and a quarter of an hour old. Who removes messages appends what went.
final class QuotaFile {
  private let descriptor: Int32
  private let path: String
  private var octets: UInt64 = 0
  private var messages = 0

  private static let name = "maildirsize"
  /// From here on the next delivery counts again, and begins a new file.
  private static let mostBytes = 5120

  /// Nil if there is none in the Maildir itself, or it is not as those who write it do: the Maildir's owner may have put
  /// something else there.
  init?(_ maildir: borrowing OpenMaildir) {
    // What is in a Trash does not count.
    guard maildir.root >= 0, !maildir.path.hasSuffix("/.Trash") else { return nil }
    let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let descriptor = openat(maildir.root, Self.name, flags)
    guard descriptor >= 0 else { return nil }
    guard Self.isWhole(descriptor) else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    path = maildir.path + "/" + Self.name
  }

  deinit { close(descriptor) }

  /// A regular file of one name that begins with a quota, such as `20000S,10C`, and ends with a line.
  private static func isWhole(_ descriptor: Int32) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1,
      (1..<mostBytes).contains(Int(status.st_size))
    else { return false }
    return withUnsafeTemporaryAllocation(byteCount: mostBytes, alignment: 1) { buffer in
      let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
      guard count > 0, buffer[count - 1] == UInt8(ascii: "\n") else { return false }
      let quota = buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }
      return quota.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "SC,".utf8.contains($0)
      }
    }
  }

  /// What a message that is still there counts; nil for those that do not count, which are marked as trash.
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

  /// Appends a line for all that went; others may append at the same time.
  func write() throws(StoreError) {
    guard messages > 0 else { return }
    let line = Array("-\(octets) -\(messages)\n".utf8)
    let count = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    let code = errno
    guard count == line.count else { throw StoreError(.write, path, errno: count < 0 ? code : ENOSPC) }
  }
}
