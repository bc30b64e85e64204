import CLinux
import Glibc

/// The files that hold the locks of mailboxes. A lock is one byte of one of them.
///
/// The kernel keeps the locks of a file as a list and walks it at every lock and unlock. So the first locks
/// are bytes of `mailbox.locks`. Where there are many, all are spread over the files of `locks`: the more
/// locks are held, the more files there are, and always far fewer files than locks.
///
/// All processes must agree on the files. The number of files is the length of `mailbox.locks`, which has no
/// content and takes no room. A process that uses the files of `locks` has a shared lock on all of
/// `mailbox.locks`. It cannot get that lock while another process locks bytes of the file, and the lock keeps
/// others from locking bytes: they then look at the length, and follow. Versions that know only
/// `mailbox.locks` are told that the mailbox is in use. Only a process that is alone changes the number.
struct LockFiles: ~Copyable {
  /// The offsets that are locked, each with the hash that chooses its file.
  typealias Held = [Int64: UInt64]

  private static let counts = [1, 16, 256, 2048]
  /// If there are more locks in each file, more files are wanted.
  private static let maxLocks = 32
  /// How many descriptors the process must be allowed for each such file.
  private static let descriptorsPerFile = 8

  private let path: String
  private let folder: String
  private let root: Int32
  private let maxFiles: Int
  /// The descriptors of the files in `locks`, -1 for a file that has not been needed; empty as long as `root`
  /// holds the locks.
  private var descriptors: [Int32] = []
  /// The number of locks above which more files are tried.
  private var crowdedFrom = maxLocks

  var count: Int { max(descriptors.count, 1) }

  /// - Parameter limit: how many descriptors the process may have.
  init(directory: String, limit: Int = LockFiles.descriptorLimit) throws(StoreError) {
    path = directory + "/mailbox.locks"
    folder = directory + "/locks"
    maxFiles = limit / Self.descriptorsPerFile
    root = try Self.open(path)
    follow()
  }

  deinit {
    for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
    close(root)
  }

  private static var descriptorLimit: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return Int(clamping: limit.rlim_cur)
  }

  private static func open(_ path: String) throws(StoreError) -> Int32 {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    if descriptor < 0 {
      let code = errno
      throw StoreError(.open, path, errno: code)
    }
    return descriptor
  }

  // MARK: - Locks

  /// - Parameters:
  ///   - hash: chooses the file.
  ///   - held: the locks that this process has.
  /// - Throws: `inUse`.
  mutating func lock(_ offset: Int64, _ hash: UInt64, beside held: Held) throws(StoreError) {
    do throws(StoreError) {
      try lock(offset, hash)
    } catch .inUse {
      // The lock in the way may not be the mailbox's, but one on all of `mailbox.locks`. That cannot be while
      // this process has bytes of it.
      guard descriptors.isEmpty, held.isEmpty, follow() else { throw .inUse }
      try lock(offset, hash)
    }
  }

  private mutating func lock(_ offset: Int64, _ hash: UInt64) throws(StoreError) {
    guard linux_lock_byte(try descriptor(hash), offset) == 0 else {
      let code = errno
      if code == EAGAIN || code == EACCES { throw .inUse }
      throw StoreError(.lock, descriptors.isEmpty ? path : path(number(hash, of: count)), errno: code)
    }
  }

  /// - Parameter offset: an offset that is locked.
  func unlock(_ offset: Int64, _ hash: UInt64) {
    _ = linux_unlock_byte(descriptors.isEmpty ? root : descriptors[number(hash, of: count)], offset)
  }

  private func number(_ hash: UInt64, of count: Int) -> Int { Int(hash % UInt64(count)) }

  private func path(_ number: Int) -> String { "\(folder)/\(number)" }

  private mutating func descriptor(_ hash: UInt64) throws(StoreError) -> Int32 {
    guard !descriptors.isEmpty else { return root }
    let number = number(hash, of: count)
    if descriptors[number] < 0 { descriptors[number] = try Self.open(path(number)) }
    return descriptors[number]
  }

  // MARK: - More files

  /// Uses the files that other processes use; to be called only while no lock is held.
  ///
  /// - Returns: whether there are such files.
  @discardableResult
  private mutating func follow() -> Bool {
    guard Self.counts.dropFirst().contains(length), linux_lock_all(root, 0) == 0 else { return false }
    // From here on no process changes the length.
    let count = length
    descriptors = Array(repeating: -1, count: count)
    crowdedFrom = count * Self.maxLocks
    return true
  }

  private var length: Int {
    var status = stat()
    return fstat(root, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Spreads the locks over more files, if there are many and no other process is in the way. Otherwise this
  /// is tried again when there are some more locks.
  mutating func spread(_ held: Held) {
    guard held.count > crowdedFrom else { return }
    crowdedFrom = held.count + Self.maxLocks
    guard let more = Self.counts.first(where: { $0 > count }), more <= maxFiles else {
      crowdedFrom = .max
      return
    }
    _ = mkdir(folder, 0o700)
    // Checked here, so that nothing is opened through a link that was put in its place.
    let place = linux_find(AT_FDCWD, folder, O_DIRECTORY)
    guard place >= 0 else { return }
    close(place)
    let isRoot = descriptors.isEmpty
    guard isRoot || linux_lock_all(root, 1) == 0 else { return }
    var added: [Int32] = []
    var isDone = take(held, over: more, &added) && ftruncate(root, off_t(more)) == 0
    // Bytes of `mailbox.locks` are given up only for a lock on all of it, and locks of others may prevent
    // that one.
    if !isRoot { _ = linux_lock_all(root, 0) } else if isDone { isDone = linux_lock_all(root, 0) == 0 }
    guard isDone else {
      // The locks in the added files end with their descriptors; all locks are still held where they were.
      for descriptor in added { close(descriptor) }
      return
    }
    for (offset, hash) in held where !isRoot && number(hash, of: more) >= count { unlock(offset, hash) }
    descriptors += added
    crowdedFrom = count * Self.maxLocks
  }

  /// Takes locks also in the files that are to be added. A lock is in one of those, or stays where it is:
  /// each number of files is a multiple of the one before.
  private func take(_ held: Held, over more: Int, _ added: inout [Int32]) -> Bool {
    let first = descriptors.count
    for number in first..<more {
      guard let descriptor = try? Self.open(path(number)) else { return false }
      added.append(descriptor)
    }
    for (offset, hash) in held {
      let number = number(hash, of: more)
      guard number < first || linux_lock_byte(added[number - first], offset) == 0 else { return false }
    }
    return true
  }
}
