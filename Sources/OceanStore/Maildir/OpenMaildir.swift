import CLinux
import Glibc

enum Folder: UInt8, Sendable {
  case new, cur
}

/// Descriptors of a Maildir's new/ and cur/, held for the length of one call. An absent directory has none (-1) and is
/// as good as an empty one.
struct OpenMaildir: ~Copyable {
  let path: String
  private let new: Int32
  private let cur: Int32

  /// Opens both directories, or one alone.
  init(_ path: String, only: Folder? = nil) throws(StoreError) {
    let new = only == .cur ? -1 : try Self.open(Self.path(of: .new, in: path))
    let cur: Int32
    do {
      cur = only == .new ? -1 : try Self.open(Self.path(of: .cur, in: path))
    } catch {
      if new >= 0 { close(new) }
      throw error
    }
    (self.path, self.new, self.cur) = (path, new, cur)
  }

  deinit {
    if new >= 0 { close(new) }
    if cur >= 0 { close(cur) }
  }

  subscript(folder: Folder) -> Int32 { folder == .new ? new : cur }

  static func path(of folder: Folder, in maildir: String) -> String {
    maildir + (folder == .new ? "/new" : "/cur")
  }

  private static func open(_ path: String) throws(StoreError) -> Int32 {
    let descriptor = lookingTwice(for: path) {
      Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    if descriptor < 0 {
      let code = errno
      guard code == ENOENT else { throw StoreError(.open, path, errno: code) }
    }
    return descriptor
  }

  /// Calls `body` once more if there is no such file. NFS remembers what a folder has not until it notices that the folder has
  /// changed; so it is told to look at each on the way there.
  ///
  /// - Parameter body: a system call: its result, and errno.
  fileprivate static func lookingTwice(for path: String, _ body: () -> Int32) -> Int32 {
    let result = body()
    guard result < 0, errno == ENOENT else { return result }
    var status = linux_directory_status()
    // With the slash at its end, so that symbolic links are followed.
    for end in path.indices where path[end] == "/" {
      linux_directory_status(AT_FDCWD, String(path[...end]), &status)
    }
    return body()
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
