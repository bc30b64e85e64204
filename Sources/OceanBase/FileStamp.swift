package import Glibc

/// A stamp that tells one version of a file from another without reading it.
package struct FileStamp: Hashable, Sendable {
  private let device: UInt
  private let inode: UInt
  package let size: Int
  /// Nanoseconds since 1970, by the clock of the file system. The owner of the file can set this time.
  package let modified: Int64
  /// Nanoseconds since 1970. This time cannot be set.
  package let changed: Int64

  package init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    size = Int(status.st_size)
    modified = status.st_mtim.nanoseconds
    changed = status.st_ctim.nanoseconds
  }

  /// Takes the stamp of the file that `path` leads to; nil if that fails.
  package init?(ofFileAt path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  package func isSameFile(as other: FileStamp) -> Bool { device == other.device && inode == other.inode }

  /// Whether every write after `time` gives the file a stamp that differs from this one.
  ///
  /// Timestamps advance in ticks, of two seconds at worst, so a second write in the tick of the first may
  /// leave the stamp as it is. The inode's change time counts: unlike the other time it cannot be set.
  package func isConclusive(at time: Int64) -> Bool {
    changed < time &- 2_500_000_000
  }
}
