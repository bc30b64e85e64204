import CLinux
import Glibc
import Synchronization

/// Tells which names have come to large folders, or gone from them, so that a folder of 100,000 messages need
/// not be read again for one delivery (inotify(7)).
///
/// A change is in the kernel's queue before the call that made it returns. There is one queue for all
/// folders; if it overflows, all of them must be read. So the Maildir that filled it is not watched for a
/// while, and has no part in the next overflow.
final class FolderWatches: Sendable {
  private struct Changes {
    /// The Maildir that the folder belongs to.
    let maildir: String
    /// Names that changed since the last reading that succeeded: those that a reading was told, and those
    /// that came later.
    var told: Set<[UInt8]> = []
    var pending: Set<[UInt8]> = []
    /// Whether these names are all that changed. They are not if the folder was never read.
    var isToldAll = false
    var isPendingAll = true
  }

  private struct State {
    /// The descriptor of inotify; -1 if it is not open yet, or cannot be opened.
    var queue: Int32 = -1
    var folders: [Int32: Changes] = [:]
    /// The number of names that are pending in all folders.
    var pending = 0
    /// How many changes of each folder have come since the queue was last empty.
    var received: [Int32: Int] = [:]
    /// Maildirs that filled the queue, and the time until which they are not watched.
    var refused: [String: Int64] = [:]

    mutating func lose(_ number: Int32) {
      pending -= folders[number]?.pending.count ?? 0
      folders[number]?.pending = []
      folders[number]?.isPendingAll = false
    }

    mutating func loseAll() {
      for number in folders.keys { lose(number) }
    }

    /// Forgets half of the pending names, beginning with the folders that have most: an owner with few
    /// changes must not have his folders read because others have many.
    mutating func loseLargest() {
      for (number, _) in folders.sorted(by: { $0.value.pending.count > $1.value.pending.count }) {
        if pending <= maximumPending / 2 { return }
        lose(number)
      }
    }

    mutating func add(_ name: [UInt8], to number: Int32) {
      received[number, default: 0] += 1
      // Once a folder's names are incomplete, they are not looked at.
      guard folders[number]?.isPendingAll ?? false, folders[number]?.pending.insert(name).inserted ?? false
      else {
        return
      }
      pending += 1
      if folders[number]?.pending.count ?? 0 > maximumNames { lose(number) }
      if pending > maximumPending { loseLargest() }
    }

    mutating func remove(_ number: Int32) {
      lose(number)
      // A folder that was removed is no longer watched.
      if folders.removeValue(forKey: number) != nil { inotify_rm_watch(queue, number) }
    }

    /// Handles a full queue: nothing is known any more, and the Maildir that filled it is not watched for a
    /// time.
    mutating func overflow(at time: Int64) {
      loseAll()
      let most = received.max { $0.value < $1.value }?.key
      guard let most, let maildir = folders[most]?.maildir else { return }
      refused = refused.filter { $0.value > time }
      if refused.count < maximumRefused { refused[maildir] = time &+ refusal }
      for (number, changes) in folders where changes.maildir == maildir { remove(number) }
    }
  }

  /// Names of a folder; with more, reading the folder costs no more.
  private static let maximumNames = 1024
  /// Names of all folders.
  private static let maximumPending = 32 * maximumNames
  /// How long a Maildir is not watched, in nanoseconds: an hour.
  private static let refusal: Int64 = 3_600_000_000_000
  private static let maximumRefused = 1024
  /// More reads than a full kernel queue needs. If changes come faster than they are read, it is an attack.
  private static let maximumReads = 512

  private let state = Mutex(State())
  private let now: @Sendable () -> Int64

  /// - Parameter now: nanoseconds since 1970.
  init(now: @escaping @Sendable () -> Int64) { self.now = now }

  deinit { state.withLock { if $0.queue >= 0 { close($0.queue) } } }

  /// Begins to watch a folder of a Maildir.
  ///
  /// - Returns: a number that is never used again; nil if the folder cannot be watched, or is watched
  ///   already.
  fileprivate func add(_ directory: Int32, of maildir: String) -> Int32? {
    guard directory >= 0, Self.fileSystems.contains(linux_file_system_type(directory)) else { return nil }
    return state.withLock { state in
      if let end = state.refused[maildir], end > now() { return nil }
      if state.queue < 0 { state.queue = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }
      let events = UInt32(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
      // The folder that is open is watched, whatever its path leads to by now.
      let number = inotify_add_watch(
        state.queue, "/proc/self/fd/\(directory)", events | UInt32(IN_ONLYDIR) | UInt32(IN_MASK_CREATE))
      guard number >= 0 else { return nil }
      state.folders[number] = Changes(maildir: maildir)
      return number
    }
  }

  /// The types of file systems (statfs(2)): ext4, XFS, Btrfs, tmpfs, F2FS. Here things change only through
  /// calls to this kernel.
  private static let fileSystems: Set<Int64> = [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0xF2F5_2010]

  fileprivate func remove(_ number: Int32) {
    state.withLock { $0.remove(number) }
  }

  fileprivate func isWatched(_ number: Int32) -> Bool {
    state.withLock { state in
      receive(&state)
      return state.folders[number] != nil
    }
  }

  fileprivate func isQuiet(_ number: Int32) -> Bool {
    state.withLock { state in
      receive(&state)
      guard let changes = state.folders[number] else { return false }
      return changes.told.isEmpty && changes.pending.isEmpty && changes.isPendingAll
    }
  }

  fileprivate func tell(_ number: Int32) -> Set<[UInt8]>? {
    state.withLock { state in
      receive(&state)
      guard var changes = state.folders.removeValue(forKey: number) else { return nil }
      state.pending -= changes.pending.count
      changes.told.formUnion(changes.pending)
      changes.isToldAll = changes.isToldAll && changes.isPendingAll && changes.told.count <= Self.maximumNames
      if !changes.isToldAll { changes.told = [] }
      (changes.pending, changes.isPendingAll) = ([], true)
      state.folders[number] = changes
      return changes.isToldAll ? changes.told : nil
    }
  }

  fileprivate func settle(_ number: Int32) {
    state.withLock {
      $0.folders[number]?.told = []
      $0.folders[number]?.isToldAll = true
    }
  }

  private func receive(_ state: inout State) {
    defer { if !state.received.isEmpty { state.received = [:] } }
    withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) { buffer in
      for _ in 0..<Self.maximumReads {
        let count = read(state.queue, buffer.baseAddress, buffer.count)
        if count < 0, errno == EAGAIN { return }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]), &state)
      }
      state.overflow(at: now())
    }
  }

  /// Splits a sequence of struct inotify_event: number (4 bytes), mask (4), cookie (4), length (4), name,
  /// filled up with NULs to that length.
  private func receive(_ events: UnsafeRawBufferPointer, _ state: inout State) {
    var offset = 0
    while offset + 16 <= events.count {
      let number = events.loadUnaligned(fromByteOffset: offset, as: Int32.self)
      let mask = events.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
      let length = Int(events.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
      let start = offset + 16
      guard length <= events.count - start else { return state.loseAll() }
      offset = start + length
      if mask & UInt32(IN_Q_OVERFLOW) != 0 {
        state.overflow(at: now())
      } else if mask & UInt32(IN_IGNORED) != 0 {
        state.lose(number)
        state.folders[number] = nil
      } else {
        state.add(Array(events[start..<offset].prefix { $0 != 0 }), to: number)
      }
    }
  }
}

/// The watch of the two folders of one Maildir; it ends with this object.
final class MaildirWatch: Sendable {
  private let watches: FolderWatches
  /// The directories that were watched; what this reports may not be used to read others.
  private let stamp: MaildirStamp
  private let new: Int32?
  private let cur: Int32?

  /// Nil if neither folder can be watched.
  init?(_ maildir: borrowing OpenMaildir, by watches: FolderWatches) {
    guard let stamp = try? maildir.stamp() else { return nil }
    self.stamp = stamp
    self.watches = watches
    (new, cur) = (watches.add(maildir[.new], of: maildir.path), watches.add(maildir[.cur], of: maildir.path))
    if new == nil, cur == nil { return nil }
  }

  deinit { end() }

  func end() { numbers.forEach(watches.remove) }

  private var numbers: [Int32] { [new, cur].compactMap(\.self) }

  /// Whether it watches this Maildir's directories, and they have not been replaced by others.
  func isOf(_ maildir: borrowing OpenMaildir) -> Bool {
    guard let stamp = try? maildir.stamp() else { return false }
    return self.stamp.new.isSameDirectory(as: stamp.new) && self.stamp.cur.isSameDirectory(as: stamp.cur)
      && numbers.allSatisfy(watches.isWatched)
  }

  /// Whether nothing has happened since `settle`, or since the beginning.
  var isQuiet: Bool { numbers.allSatisfy(watches.isQuiet) }

  /// The names in a folder that came, went or were replaced since the reading before `settle`; nil if that is
  /// not known, and the folder must be read.
  func changes(in folder: Folder) -> Set<[UInt8]>? { (folder == .new ? new : cur).flatMap(watches.tell) }

  /// Notes that a reading includes everything that was told until now.
  func settle() { numbers.forEach(watches.settle) }
}

extension DirectoryStamp? {
  fileprivate func isSameDirectory(as other: DirectoryStamp?) -> Bool {
    self?.device == other?.device && self?.inode == other?.inode
  }
}
