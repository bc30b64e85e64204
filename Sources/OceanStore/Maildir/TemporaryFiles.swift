import CLinux
import Glibc
import OceanBase

/// A Maildir's tmp/, where deliveries write a message before they move it to new/. Files that a crash leaves
/// there are not removed by anybody else; maildir(5) has readers do it after 36 hours.
final class TemporaryFiles {
  /// The result of a look.
  enum Outcome: Equatable {
    case removed(Int, isAll: Bool)
    case failed(StoreError)
  }

  /// How long a file must not have been written or read, in nanoseconds.
  static let maxAge: Int64 = 36 * 3_600_000_000_000
  /// The shortest time between two looks, in nanoseconds.
  static let interval: Int64 = 8 * 3_600_000_000_000
  /// The number of blocks, of some hundred names each, that a look reads: the Maildir's owner may have put
  /// any number of files there.
  private static let maxBlocks = 2
  private static let blockBytes = 64 << 10

  private let path: String
  private let descriptor: Int32

  /// Nil if the Maildir has no tmp/. A symbolic link is not followed.
  init?(ofMaildir maildir: String) {
    guard let root = try? LinkPolicy.open(maildir) else { return nil }
    defer { close(root) }
    let descriptor = openat(root, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    (self.descriptor, path) = (descriptor, maildir + "/tmp")
  }

  deinit { close(descriptor) }

  /// Removes abandoned files among those that one look reads.
  ///
  /// - Parameter now: the time by this machine's clock. A file that is old by it is compared with the clock
  ///   of the file system itself.
  func removeAbandoned(now: Int64) -> Outcome {
    var (removed, isAll) = (0, true)
    do throws(StoreError) {
      let scratch = try ScratchMemory(count: Self.blockBytes)
      var time: Int64?
      for block in 0... {
        guard block < Self.maxBlocks else {
          isAll = removed == 0
          break
        }
        let count = linux_read_directory(descriptor, scratch.bytes.baseAddress, scratch.bytes.count)
        if count < 0 { throw failure(.read) }
        if count == 0 { break }
        try OpenMaildir.forEachFile(
          in: UnsafeRawBufferPointer(rebasing: scratch.bytes[..<count]), descriptor
        ) { (name, _) throws(StoreError) in
          guard isAbandoned(name, at: now) else { return }
          if time == nil { time = try fileSystemTime() }
          guard let time, isAbandoned(name, at: time) else { return }
          let result = Self.withCName(name) { unlinkat(descriptor, $0, 0) }
          if result == 0 { removed += 1 } else if errno != ENOENT { throw failure(.remove) }
        }
      }
    } catch {
      return .failed(error)
    }
    return .removed(removed, isAll: isAll)
  }

  /// Whether a file has not been read or written for long. A program that brings mail from elsewhere with its
  /// dates may have given it an old time just now: but such a program names the file by the present time.
  private func isAbandoned(_ name: UnsafeRawBufferPointer, at now: Int64) -> Bool {
    var status = stat()
    let result = Self.withCName(name) { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
    guard result == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    let limit = now &- Self.maxAge
    guard max(status.st_atim.nanoseconds, status.st_mtim.nanoseconds) <= limit else { return false }
    // 0 for a name without a time.
    let named = Int64(clamping: MessageName(name).deliveryTime >> 20)
    return status.st_ctim.nanoseconds <= limit || named <= limit / 1_000_000_000
  }

  /// The time by the clock that stamps the files, which may be another machine's.
  private func fileSystemTime() throws(StoreError) -> Int64 {
    var status = stat()
    // A user who may do this may also remove files.
    guard futimens(descriptor, nil) == 0 else { throw failure(.write) }
    guard fstat(descriptor, &status) == 0 else { throw failure(.status) }
    return status.st_ctim.nanoseconds
  }

  private func failure(_ operation: SystemFailure.Operation) -> StoreError {
    let code = errno
    return StoreError(operation, path, errno: code)
  }

  /// - Parameter name: NUL-terminated behind its end.
  private static func withCName(_ name: UnsafeRawBufferPointer, _ body: (UnsafePointer<CChar>) -> Int32)
    -> Int32
  {
    name.withMemoryRebound(to: CChar.self) { $0.baseAddress.map(body) ?? -1 }
  }
}
