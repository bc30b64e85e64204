import Glibc

/// A stamp that tells one state of a directory from another.
struct DirectoryStamp: Equatable, Sendable {
  let device: UInt64
  let inode: UInt64
  /// Nanoseconds since 1970. Both are needed, because mtime can be set back by utime(2) and ctime cannot.
  let modified: Int64
  let changed: Int64

  init(device: UInt64, inode: UInt64, modified: Int64, changed: Int64) {
    self.device = device
    self.inode = inode
    self.modified = modified
    self.changed = changed
  }

  /// Whether an equal stamp seen later proves that nothing has changed since a reading that began at `start`.
  ///
  /// A change during or after the reading happens at some t >= start, and is stamped no earlier than t -
  /// margin. If that is later than the stamp taken before the reading, the change shows. If it is not, the
  /// reading may have missed a change that left the stamp as it was ("racy"), so the directory must be read
  /// again. A stamp in the future, after the clock was set back, is racy until the clock has passed it.
  ///
  /// - Parameter start: the time by the clock that stamps files, CLOCK_REALTIME_COARSE: the fine clock runs
  ///   ahead of it by up to one tick.
  func isSettled(at start: Int64, margin: Int64) -> Bool {
    max(modified, changed) <= start &- margin
  }
}

/// The state of a Maildir's new/ and cur/; nil where the directory does not exist.
struct MaildirStamp: Equatable, Sendable {
  let new: DirectoryStamp?
  let cur: DirectoryStamp?

  /// The coarsest time stamp granularity of a local file system in use (FAT: two seconds).
  static let granularity: Int64 = 2_000_000_000
}
