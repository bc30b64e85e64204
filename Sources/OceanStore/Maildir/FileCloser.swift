import Dispatch
import Glibc
import Synchronization

/// Closes messages that event loops have finished with, so that the loops do not wait for it.
///
/// Closing the last descriptor of a removed file frees its blocks: half a second for some gigabytes. On
/// another machine's or another program's file system (NFS, FUSE) closing waits for an answer, for ever if
/// none comes. So each Maildir on those has a thread of its own while files of it are being closed, and only
/// a few such files at a time.
final class FileCloser: Sendable {
  private struct Pending {
    let queue = DispatchQueue(label: "ocean.close.waiting", target: .global())
    var count = 0
  }

  /// The queue for this machine's own file systems; nothing here waits for long.
  let local = DispatchQueue(label: "ocean.close")
  private let waiting = Mutex<[String: Pending]>([:])

  /// The size from which another thread closes a file, in blocks of 512 bytes: below a mebibyte, closing
  /// costs less than asking another thread.
  private static let largeFrom: blkcnt_t = 2048
  private static let maxWaiting = 8

  /// Closes a file of one of this machine's own file systems.
  func closeLocal(_ descriptor: Int32) {
    var status = stat()
    let isSmall = fstat(descriptor, &status) == 0 && status.st_nlink > 0 && status.st_blocks < Self.largeFrom
    if isSmall { close(descriptor) } else { local.async { close(descriptor) } }
  }

  /// Closes a descriptor that may be of any file system.
  func closeAny(_ descriptor: Int32, of maildir: String) { letGo(of: maildir) { close(descriptor) } }

  /// Gives up something of a Maildir that may be on any file system.
  func letGo(of maildir: String, _ work: @escaping @Sendable () -> Void) {
    let queue = waiting.withLock { waiting in
      waiting[maildir, default: Pending()].count += 1
      return waiting[maildir]?.queue
    }
    queue?.async {
      work()
      self.waiting.withLock { waiting in
        waiting[maildir]?.count -= 1
        if waiting[maildir]?.count == 0 { waiting[maildir] = nil }
      }
    }
  }

  /// Returns once few enough files of that Maildir are being closed to open another. May block.
  func awaitClosing(of maildir: String) {
    let queue = waiting.withLock { waiting in
      waiting[maildir].flatMap { $0.count >= Self.maxWaiting ? $0.queue : nil }
    }
    queue?.sync {}
  }

  func waitingCount(of maildir: String) -> Int { waiting.withLock { $0[maildir]?.count ?? 0 } }
}
