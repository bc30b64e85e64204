import CLinux
import Glibc

/// Opens a directory by a path in which others than the administrator may have put symbolic links.
///
/// The server may read everybody's mail, and the owner of the directory above a Maildir can replace it with a
/// link to somebody else's. So a link, wherever it is in the path, is followed only if it belongs to root, to
/// the server's user, or to the owner of the directory it leads to.
struct LinkPolicy {
  /// The number of links that the kernel follows in one path.
  private static let maxLinks = 40

  private let path: String
  private let server = geteuid()
  private var links = 0

  /// Opens a directory. The descriptor serves for opening files in it (O_PATH); nil if nothing has that path.
  ///
  /// - Throws: `untrustedLink`; `notADirectory`, `permission`, `exhausted`, `io`.
  static func open(_ path: String) throws(StoreError) -> Int32? {
    let descriptor = linux_find_without_links(path)
    if descriptor >= 0 { return descriptor }
    // There are links, or some other obstacle that walking the path shows best.
    var policy = LinkPolicy(path: path)
    if let descriptor = try policy.open(path, in: AT_FDCWD) { return descriptor }
    OpenMaildir.lookAnew(for: path)
    policy = LinkPolicy(path: path)
    return try policy.open(path, in: AT_FDCWD)
  }

  private init(path: String) { self.path = path }

  private mutating func open(_ way: String, in start: Int32) throws(StoreError) -> Int32? {
    var descriptor = linux_find(start, way.hasPrefix("/") ? "/" : ".", O_DIRECTORY)
    guard descriptor >= 0 else { return try failure() }
    for name in way.split(separator: "/") {
      let directory = descriptor
      defer { close(directory) }
      guard let next = try step(String(name), from: directory) else { return nil }
      descriptor = next
    }
    return descriptor
  }

  private mutating func step(_ name: String, from directory: Int32) throws(StoreError) -> Int32? {
    // O_DIRECTORY makes file systems mount that are mounted on demand.
    let descriptor = linux_find(directory, name, O_DIRECTORY)
    if descriptor >= 0 { return descriptor }
    guard errno == ENOTDIR else { return try failure() }
    let link = linux_find(directory, name, 0)
    guard link >= 0 else { return try failure() }
    defer { close(link) }
    return try follow(link, in: directory)
  }

  private mutating func follow(_ link: Int32, in directory: Int32) throws(StoreError) -> Int32? {
    guard let status = Self.status(of: link) else { return try failure() }
    guard status.st_mode & S_IFMT == S_IFLNK else { throw StoreError(.open, path, errno: ENOTDIR) }
    links += 1
    guard links <= Self.maxLinks else { throw StoreError(.open, path, errno: ELOOP) }
    guard let target = Self.target(of: link) else { return try failure() }
    guard let found = try open(target, in: directory) else { return nil }
    if status.st_uid == 0 || status.st_uid == server || status.st_uid == Self.status(of: found)?.st_uid {
      return found
    }
    close(found)
    throw .untrustedLink(path: path)
  }

  private static func status(of descriptor: Int32) -> stat? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status : nil
  }

  /// The target of a link; nil, with errno set, if the link cannot be read.
  private static func target(of link: Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress else { return nil }
      let count = readlinkat(link, "", start, buffer.count - 1)
      guard count >= 0 else { return nil }
      buffer[count] = 0
      return String(validatingCString: start)
    }
  }

  /// The error that errno stands for; nil if a name was not there.
  private func failure() throws(StoreError) -> Int32? {
    let code = errno
    if code == ENOENT { return nil }
    throw StoreError(.open, path, errno: code)
  }
}
