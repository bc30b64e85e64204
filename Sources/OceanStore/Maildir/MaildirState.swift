import CLinux

/// A folder as of a reading, and whether an equal stamp seen later proves that nothing has changed since.
struct FolderState: Equatable, Sendable {
  /// The stamp before the reading began; nil if the directory does not exist.
  let stamp: DirectoryStamp?
  let isSettled: Bool
}

/// A Maildir's new/ and cur/ as of a reading.
struct MaildirState: Equatable, Sendable {
  let new: FolderState
  let cur: FolderState

  subscript(folder: Folder) -> FolderState { folder == .new ? new : cur }

  /// - Parameters:
  ///   - start: when the reading began, by the clock that stamps files (see `DirectoryStamp.isSettled`).
  ///   - margin: in nanoseconds (see `OpenMaildir.settlingTime`).
  init(_ stamp: MaildirStamp, at start: Int64, margin: Int64) {
    func state(_ stamp: DirectoryStamp?) -> FolderState {
      FolderState(stamp: stamp, isSettled: stamp?.isSettled(at: start, margin: margin) ?? true)
    }
    (new, cur) = (state(stamp.new), state(stamp.cur))
  }

  init(new: FolderState, cur: FolderState) { (self.new, self.cur) = (new, cur) }

  /// Whether an equal stamp proves that the reading still holds. If both directories are missing, nothing
  /// would show that the whole Maildir was removed.
  func holds(at stamp: MaildirStamp) -> Bool {
    new.isSettled && cur.isSettled && new.stamp == stamp.new && cur.stamp == stamp.cur
      && (new.stamp != nil || cur.stamp != nil)
  }
}

extension OpenMaildir {
  /// How old a directory's stamp must be before an equal one proves anything, in nanoseconds.
  ///
  /// Locally it is the coarsest granularity of time stamps that exists. Another machine stamps by its own
  /// clock, which may be off by more, so there it is a minute.
  var settlingTime: Int64 { isLocal ? MaildirStamp.granularity : Self.remoteSettlingTime }

  /// Whether an open file is on a file system that is known to be this machine's alone.
  static func isLocal(_ descriptor: Int32) -> Bool {
    localFileSystems.contains(linux_file_system_type(descriptor))
  }

  private static let remoteSettlingTime: Int64 = 60_000_000_000

  /// The types of file systems (statfs(2)): ext4, XFS, Btrfs, tmpfs, ramfs, F2FS, ZFS, overlayfs, bcachefs,
  /// ReiserFS, JFS, VFAT.
  private static let localFileSystems: Set<Int64> = [
    0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x8584_58F6, 0xF2F5_2010, 0x2FC1_2FC1, 0x794C_7630,
    0xCA45_1A4E,
    0x5265_4973, 0x3153_464A, 0x4D44,
  ]
}
