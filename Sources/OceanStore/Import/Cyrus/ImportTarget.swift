import CLinux
import Glibc
import OceanBase

/// A Maildir that messages of another server are put into. They are written to a staging folder inside it,
/// and appear in cur/ when their UIDs are on disk.
///
/// Files that root makes in it belong to the owner of the Maildir. If that is root as well, they belong to
/// the owner of the directory above it.
final class ImportTarget {
  private static let listName = "dovecot-uidlist"
  private static let stagingName = "ocean-import"

  /// A place in the Maildir for files.
  enum Place: CaseIterable {
    case new, cur, staging

    var name: String {
      switch self {
      case .new: "new"
      case .cur: "cur"
      case .staging: ImportTarget.stagingName
      }
    }
  }

  let path: String
  private var maildir: Int32 = -1
  private var places: [Place: Int32] = [:]
  /// The owner of everything, and the mode that says who else may use it.
  private var owner = (user: uid_t(0), group: gid_t(0), mode: mode_t(0o700))

  /// Opens the Maildir, makes it if it is missing, and keeps other imports out as long as this value lives.
  init(_ path: String) throws(CyrusImportError) {
    self.path = path
    let (parent, name) = Self.parts(of: path)
    guard let above = try Self.find(parent) else { throw .noParent(parent) }
    defer { close(above) }
    var status = stat()
    guard fstat(above, &status) == 0 else { throw failure(.status, parent) }
    (owner.user, owner.group) = (status.st_uid, status.st_gid)
    let isNew = mkdirat(above, name, owner.mode) == 0
    if !isNew, errno != EEXIST { throw failure(.create) }
    guard let found = try Self.find(path) else { throw .store(StoreError(.open, path, errno: ENOENT)) }
    defer { close(found) }
    maildir = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard maildir >= 0 else { throw failure(.open) }
    guard flock(maildir, LOCK_EX | LOCK_NB) == 0 else {
      if errno == EWOULDBLOCK { throw .inUse }
      throw failure(.lock)
    }
    guard fstat(maildir, &status) == 0 else { throw failure(.status) }
    if !isNew { owner.mode = status.st_mode & 0o777 }
    if status.st_uid != 0 { (owner.user, owner.group) = (status.st_uid, status.st_gid) }
    try own(maildir, mode: nil)
    if isNew { try synchronize(above, parent) }
    try close(directory("tmp"))
    for place in Place.allCases { places[place] = try directory(place.name) }
  }

  deinit {
    for descriptor in places.values { close(descriptor) }
    if maildir >= 0 {
      // Removed only if it is empty.
      unlinkat(maildir, Self.stagingName, AT_REMOVEDIR)
      // Closing alone does not unlock while a child that was just forked has the descriptor too.
      flock(maildir, LOCK_UN)
      close(maildir)
    }
  }

  // MARK: - Directories

  /// Finds a directory. Files that root makes or gives away must not be led elsewhere by a link of the
  /// Maildir's owner.
  private static func find(_ path: String) throws(CyrusImportError) -> Int32? {
    do {
      return try LinkPolicy.open(path)
    } catch {
      throw .store(error)
    }
  }

  private static func parts(of path: String) -> (parent: String, name: String) {
    let bytes = path.utf8.reversed().drop { $0 == slash }
    let name = String(decoding: bytes.prefix { $0 != slash }.reversed(), as: UTF8.self)
    let above = bytes.drop { $0 != slash }
    let parent = String(decoding: above.drop { $0 == slash }.reversed(), as: UTF8.self)
    return (parent.isEmpty ? (above.isEmpty ? "." : "/") : parent, name)
  }

  private static let slash = UInt8(ascii: "/")

  private func directory(_ name: String) throws(CyrusImportError) -> Int32 {
    let isNew = mkdirat(maildir, name, 0o700) == 0
    if !isNew, errno != EEXIST { throw failure(.create, name) }
    let descriptor = openat(maildir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(.open, name) }
    do {
      try own(descriptor, mode: isNew ? owner.mode : nil)
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  private func synchronize(_ directory: Int32, _ path: String) throws(CyrusImportError) {
    let descriptor = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fsync(descriptor) == 0 else {
      throw .store(StoreError(.synchronize, path, errno: errno))
    }
  }

  /// Gives away what belongs to root, even if it was made by a run that did not get this far.
  private func own(_ descriptor: Int32, mode: mode_t?) throws(CyrusImportError) {
    if let mode, fchmod(descriptor, mode) != 0 { throw failure(.create) }
    guard geteuid() == 0 else { return }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(.status) }
    if status.st_uid != 0 || (status.st_uid, status.st_gid) == (owner.user, owner.group) { return }
    guard fchown(descriptor, owner.user, owner.group) == 0 else { throw failure(.create) }
  }

  /// - Parameter name: relative to the Maildir, or absolute.
  private func failure(_ operation: SystemFailure.Operation, _ name: String? = nil) -> CyrusImportError {
    let code = errno
    let full = name.map { $0.hasPrefix("/") ? $0 : "\(path)/\($0)" } ?? path
    return .store(StoreError(operation, full, errno: code))
  }

  private subscript(place: Place) -> Int32 { places[place] ?? -1 }

  // MARK: - Files

  /// The names of files that are not hidden.
  func names(in place: Place) throws(CyrusImportError) -> [String] {
    let copy = openat(self[place], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else {
      let error = failure(.read, place.name)
      if copy >= 0 { close(copy) }
      throw error
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw failure(.read, place.name) }
        return names
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
  }

  func remove(_ name: String, in place: Place) throws(CyrusImportError) {
    guard unlinkat(self[place], name, 0) == 0 || errno == ENOENT else {
      throw failure(.remove, "\(place.name)/\(name)")
    }
  }

  func move(_ name: String, in place: Place, to newName: String, in newPlace: Place) throws(CyrusImportError)
  {
    guard renameat(self[place], name, self[newPlace], newName) == 0 else {
      throw failure(.rename, "\(place.name)/\(name)")
    }
  }

  /// Makes a file in the staging folder.
  ///
  /// - Parameter time: the time of its last change, in seconds since 1970; now if nil.
  func stage(
    _ name: String, time: UInt32? = nil, _ body: (StagedFile) throws(CyrusImportError) -> Void
  ) throws(CyrusImportError) {
    let descriptor = openat(
      self[.staging], name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(.create, "\(Self.stagingName)/\(name)") }
    defer { close(descriptor) }
    try own(descriptor, mode: owner.mode & 0o666)
    try body(StagedFile(path: "\(path)/\(Self.stagingName)/\(name)", descriptor: descriptor))
    guard let time else { return }
    let times = [timespec](repeating: timespec(tv_sec: Int(time), tv_nsec: 0), count: 2)
    guard futimens(descriptor, times) == 0 else { throw failure(.write, "\(Self.stagingName)/\(name)") }
  }

  struct StagedFile {
    fileprivate let path: String
    fileprivate let descriptor: Int32

    func write(_ bytes: UnsafeRawBufferPointer) throws(CyrusImportError) {
      do throws(WriteError) {
        try writeAll(bytes, to: descriptor)
      } catch {
        throw .store(StoreError(.write, path, errno: error.code))
      }
    }

    fileprivate func synchronize() throws(CyrusImportError) {
      guard fsync(descriptor) == 0 else { throw .store(StoreError(.synchronize, path, errno: errno)) }
    }
  }

  /// Brings everything that was staged to disk before it returns.
  ///
  /// One by one, thousands of new files take minutes. For a few files that would be quicker than everything
  /// that the file system has to write.
  func synchronizeStaged() throws(CyrusImportError) {
    let names = try names(in: .staging)
    if names.count > 100 {
      guard linux_sync_file_system(self[.staging]) == 0 else { throw failure(.synchronize, Self.stagingName) }
      return
    }
    for name in names {
      let file = openat(self[.staging], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard file >= 0 else { throw failure(.open, "\(Self.stagingName)/\(name)") }
      defer { close(file) }
      guard fsync(file) == 0 else { throw failure(.synchronize, "\(Self.stagingName)/\(name)") }
    }
    try synchronize(.staging)
  }

  func synchronize(_ place: Place) throws(CyrusImportError) {
    guard fsync(self[place]) == 0 else { throw failure(.synchronize, place.name) }
  }

  // MARK: - UIDs

  /// The list of UIDs; nil if the file is missing.
  func list() throws(CyrusImportError) -> CyrusUIDList? {
    let file = openat(maildir, Self.listName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw failure(.open, Self.listName)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure(.status, Self.listName) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= ForeignList.maximumSize else {
      throw .store(.badList(path: "\(path)/\(Self.listName)"))
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count > 0 {
        bytes += chunk[..<count]
      } else if count == 0 {
        break
      } else if errno != EINTR {
        throw failure(.read, Self.listName)
      }
    }
    return try bytes.withUnsafeBufferPointer { (bytes) throws(CyrusImportError) in
      try CyrusUIDList(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Replaces the list; the new one is on disk when this returns.
  func write(_ bytes: [UInt8]) throws(CyrusImportError) {
    try remove(Self.listName, in: .staging)
    try stage(Self.listName) { (file) throws(CyrusImportError) in
      try bytes.withUnsafeBufferPointer { (bytes) throws(CyrusImportError) in
        try file.write(UnsafeRawBufferPointer(bytes))
      }
      try file.synchronize()
    }
    guard renameat(self[.staging], Self.listName, maildir, Self.listName) == 0 else {
      throw failure(.rename, Self.listName)
    }
    guard fsync(maildir) == 0 else { throw failure(.synchronize) }
  }
}
