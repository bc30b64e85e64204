import CLinux
import Glibc

enum Folder: UInt8, Sendable {
  case new, cur

  var name: String { self == .new ? "new" : "cur" }
}

/// Descriptors of a Maildir's new/ and cur/, held for the length of one call, and of the Maildir itself. An absent directory
/// has none (-1) and is as good as an empty one.
struct OpenMaildir: ~Copyable {
  let path: String
  /// Serves for opening what is in it (O_PATH).
  let root: Int32
  private let new: Int32
  private let cur: Int32

  /// Opens both directories, or one alone.
  ///
  /// - Throws: as `LinkPolicy.open`; none of the two may be a symbolic link.
  init(_ path: String, only: Folder? = nil) throws(StoreError) {
    let root = try LinkPolicy.open(path) ?? -1
    var (new, cur): (Int32, Int32) = (-1, -1)
    do {
      if root >= 0, only != .cur { new = try Self.open(.new, in: root, path) }
      if root >= 0, only != .new { cur = try Self.open(.cur, in: root, path) }
    } catch {
      if new >= 0 { close(new) }
      close(root)
      throw error
    }
    (self.path, self.root, self.new, self.cur) = (path, root, new, cur)
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

  private static func open(_ folder: Folder, in root: Int32, _ path: String) throws(StoreError) -> Int32 {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let whole = self.path(of: folder, in: path)
    // On NFS the way from the root is what makes sure that what is remembered of each directory on it still holds.
    let descriptor = lookingTwice(for: whole) {
      isLocal(root) ? openat(root, folder.name, flags) : Glibc.open(whole, flags)
    }
    if descriptor < 0 {
      let code = errno
      guard code == ENOENT else { throw StoreError(.open, Self.path(of: folder, in: path), errno: code) }
    }
    return descriptor
  }

  /// Calls `body`, a system call, once more if there is no such file.
  fileprivate static func lookingTwice(for path: String, _ body: () -> Int32) -> Int32 {
    let result = body()
    guard result < 0, errno == ENOENT else { return result }
    lookAnew(for: path)
    return body()
  }

  /// NFS remembers what a folder has not until it notices that the folder has changed; so it is told to look at each on the way
  /// to a path.
  static func lookAnew(for path: String) {
    var status = linux_directory_status()
    // With the slash at its end, so that symbolic links are followed.
    for end in path.indices where path[end] == "/" {
      linux_directory_status(AT_FDCWD, String(path[...end]), &status)
    }
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

extension MaildirStamp {
  /// The stamp of the Maildir at `path`, by two system calls and no descriptor.
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
  /// Nil, with errno set, if there is none.
  fileprivate init?(of path: String, in directory: Int32) {
    var status = linux_directory_status()
    let result = OpenMaildir.lookingTwice(for: path) { linux_directory_status(directory, path, &status) }
    guard result == 0 else { return nil }
    self.init(
      device: status.device, inode: status.inode, modified: status.modified, changed: status.changed)
  }
}
