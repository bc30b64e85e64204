internal import Glibc

/// A stamp that tells one version of a file from another without reading it.
struct FileStamp: Hashable, Sendable {
  private let device: UInt
  private let inode: UInt
  private let size: Int
  /// Nanoseconds since 1970, by the clock of the file system.
  private let modified: Int64
  private let changed: Int64

  init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    size = Int(status.st_size)
    modified = Self.nanoseconds(status.st_mtim)
    changed = Self.nanoseconds(status.st_ctim)
  }

  /// Whether every write after `time` gives the file a stamp that differs from this one.
  ///
  /// Timestamps advance in ticks, of two seconds at worst, so a second write in the tick of the first may
  /// leave the stamp as it is. The inode's change time counts: unlike the other time it cannot be set.
  func isConclusive(at time: Int64) -> Bool {
    changed < time &- 2_500_000_000
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
