import CLinux
import Glibc

enum Folder: UInt8, Sendable {
  case new, cur

  var name: String { self == .new ? "new" : "cur" }
}

/// Descriptors of a Maildir's new/ and cur/, held for the length of one call, and of the Maildir itself. An
/// absent directory has no descriptor (-1) and counts as an empty one.
///
/// The folders are opened in the directory that `LinkPolicy` has judged, and never by their paths again: in
/// between, the Maildir's owner could put a link in its place.
struct OpenMaildir: ~Copyable {
  let path: String
  /// Serves for opening files in it (O_PATH).
  let root: Int32
  private let new: Int32
  private let cur: Int32
  /// Whether the file system is known to be this machine's alone. Any other may be changed by machines with
  /// another clock, and calls may wait for a machine that does not answer.
  let isLocal: Bool

  /// Opens both directories, or only one.
  ///
  /// - Parameter toRead: if false, their descriptors serve for looking at them and for opening files in them
  ///   (O_PATH), which needs no permission to read them.
  /// - Throws: like `LinkPolicy.open`; neither of the two may be a symbolic link.
  init(_ path: String, only: Folder? = nil, toRead: Bool = true) throws(StoreError) {
    var found = try Descriptors(path, only, toRead)
    // NFS's memory of the path may be old: a Maildir that was replaced, a folder that was not there. So it is
    // told to look, and the path is judged again from its beginning.
    if found.isDoubtful {
      OpenMaildir.lookAnew(for: path + "/")
      found.close()
      found = try Descriptors(path, only, toRead)
    }
    if let error = found.error {
      found.close()
      throw error
    }
    (self.path, root, new, cur) = (path, found.root, found.new, found.cur)
    isLocal = Self.isLocal(new >= 0 ? new : cur)
  }

  deinit {
    if new >= 0 { close(new) }
    if cur >= 0 { close(cur) }
    if root >= 0 { close(root) }
  }

  subscript(folder: Folder) -> Int32 { folder == .new ? new : cur }

  static func path(of folder: Folder, in maildir: String) -> String {
    maildir + "/" + folder.name
  }

  /// Calls `body`, a system call, once more if the file does not exist.
  fileprivate static func lookingTwice(for path: String, _ body: () -> Int32) -> Int32 {
    let result = body()
    guard result < 0, errno == ENOENT else { return result }
    lookAnew(for: path)
    return body()
  }

  /// Makes NFS look at each folder on the way to a path. NFS remembers which names a folder does not have
  /// until it notices that the folder has changed.
  static func lookAnew(for path: String) {
    var status = linux_directory_status()
    // The slash at its end makes the call follow symbolic links.
    for end in path.indices where path[end] == "/" {
      linux_directory_status(AT_FDCWD, String(path[...end]), &status)
    }
  }

  /// Makes NFS look whether there are other files in the Maildir than it remembers.
  func lookAnew() {
    guard !isLocal, root >= 0 else { return }
    var status = linux_directory_status()
    linux_directory_status(root, "", &status)
  }

  func stamp() throws(StoreError) -> MaildirStamp {
    MaildirStamp(new: try stamp(.new), cur: try stamp(.cur))
  }

  private func stamp(_ folder: Folder) throws(StoreError) -> DirectoryStamp? {
    guard self[folder] >= 0 else { return nil }
    guard let stamp = DirectoryStamp(of: "", in: self[folder]) else {
      let code = errno
      throw StoreError(.status, Self.path(of: folder, in: path), errno: code)
    }
    return stamp
  }
}

/// The result of one attempt to open a Maildir.
private struct Descriptors {
  private(set) var root: Int32 = -1
  private(set) var new: Int32 = -1
  private(set) var cur: Int32 = -1
  private(set) var error: StoreError?
  /// Whether another attempt, after everything on the way has been looked at, may find what this one did not.
  private(set) var isDoubtful = false

  /// - Throws: like `LinkPolicy.open`.
  init(_ path: String, _ only: Folder?, _ toRead: Bool) throws(StoreError) {
    guard let root = try LinkPolicy.open(path) else { return }
    self.root = root
    if only != .cur { new = open(.new, path, toRead) }
    if only != .new { cur = open(.cur, path, toRead) }
  }

  private mutating func open(_ folder: Folder, _ path: String, _ toRead: Bool) -> Int32 {
    let descriptor =
      toRead
      ? openat(root, folder.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      : linux_find(root, folder.name, O_DIRECTORY)
    if descriptor >= 0 { return descriptor }
    let code = errno
    if code == ENOENT || code == ESTALE { isDoubtful = isDoubtful || !OpenMaildir.isLocal(root) }
    if code != ENOENT {
      error = error ?? StoreError(.open, OpenMaildir.path(of: folder, in: path), errno: code)
    }
    return -1
  }

  func close() {
    for descriptor in [new, cur, root] where descriptor >= 0 { Glibc.close(descriptor) }
  }
}

extension MaildirStamp {
  /// The stamp of the directories that a Maildir's path leads to, by two system calls and without a
  /// descriptor. It tells whether these are still the ones that were opened and judged; nothing may be opened
  /// by the path because of it.
  init(ofMaildir path: String) throws(StoreError) {
    new = try Self.stamp(OpenMaildir.path(of: .new, in: path))
    cur = try Self.stamp(OpenMaildir.path(of: .cur, in: path))
  }

  private static func stamp(_ path: String) throws(StoreError) -> DirectoryStamp? {
    guard let stamp = DirectoryStamp(of: path, in: AT_FDCWD) else {
      let code = errno
      if code == ENOENT { return nil }
      throw StoreError(.status, path, errno: code)
    }
    return stamp
  }
}

extension DirectoryStamp {
  /// The stamp of a directory; nil, with errno set, if it does not exist.
  fileprivate init?(of path: String, in directory: Int32) {
    var status = linux_directory_status()
    let result = OpenMaildir.lookingTwice(for: path) { linux_directory_status(directory, path, &status) }
    guard result == 0 else { return nil }
    self.init(
      device: status.device, inode: status.inode, modified: status.modified, changed: status.changed)
  }
}
