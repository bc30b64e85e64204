import Glibc
package import OceanBase
package import OceanCompiler
import OceanPlan

/// Reads regular files whole, each opened once and never beyond a bound.
package enum Files {
  /// A config file may be large, but a list of this size belongs elsewhere.
  package static let configLimit = 64 << 20

  /// The limit of saved plans, whose address lists may be long.
  package static let planLimit = 256 << 20

  /// The limit of address lists: four million entries.
  package static let listLimit = 64 << 20

  /// The limit of certificate chains, which is generous.
  package static let chainLimit = 1 << 20
  private static let secretLimit = 1 << 20

  package static let access = FileAccess(
    read: { path throws(FileAccess.ReadError) in try read(path, limit: configLimit) },
    matches: { matches($0) }, directory: { directory(of: $0) })

  /// The name that stands for standard input in place of a config.
  package static let standardInput = "-"

  /// File access in which a config from standard input is as if it were a file of the working directory.
  static let accessWithStandardInput = FileAccess(
    read: { path throws(FileAccess.ReadError) in
      path == standardInput
        ? try readAll(STDIN_FILENO, limit: configLimit) : try read(path, limit: configLimit)
    },
    matches: access.matches, directory: access.directory)

  package static func read(_ path: String, limit: Int) throws(FileAccess.ReadError) -> [UInt8] {
    let (fd, status) = try openRegular(path, limit: limit)
    defer { close(fd) }
    return try readAll(fd, limit: limit, expecting: Int(status.st_size))
  }

  /// Reads the text of a file that the kernel makes up when it is read; its size says nothing.
  static func readVirtual(_ path: String) throws(FileAccess.ReadError) -> String {
    String(decoding: try read(path, limit: 1 << 16), as: UTF8.self)
  }

  private static func readAll(
    _ fd: Int32, limit: Int, expecting size: Int = 0
  ) throws(FileAccess.ReadError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size + 1)
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = Glibc.read(fd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw readError(errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
    }
  }

  /// Reads the first line of a file with its end, or the whole file if it has only one line; and its length.
  ///
  /// - Parameter limit: the most bytes that are read, rounded up to a page.
  package static func readLine(
    _ path: String, limit: Int
  ) throws(FileAccess.ReadError) -> (line: [UInt8], length: Int) {
    let (fd, status) = try openRegular(path, limit: planLimit)
    defer { close(fd) }
    let length = Int(status.st_size)
    var line: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while line.count < limit {
      let count = Glibc.read(fd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw readError(errno) }
      let bytes = chunk[..<count]
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        return (line + bytes[...end], length)
      }
      if count == 0 { return (line, length) }
      line += bytes
    }
    throw .other("its first line is too long")
  }

  /// Opens a regular file of at most `limit` bytes, and returns its status from then. The caller closes it.
  private static func openRegular(_ path: String, limit: Int) throws(FileAccess.ReadError) -> (Int32, stat) {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { throw readError(errno) }
    var status = stat()
    do throws(FileAccess.ReadError) {
      guard fstat(fd, &status) == 0 else { throw readError(errno) }
      guard status.st_mode & S_IFMT != S_IFDIR else { throw .isDirectory }
      guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
      guard status.st_size <= limit else { throw .tooLarge(limit: limit) }
    } catch {
      close(fd)
      throw error
    }
    return (fd, status)
  }

  /// Reads a file with certificates or a passphrase, which somebody named.
  package static func readPEM(_ path: String) throws(Failure) -> [UInt8] {
    do {
      return try read(path, limit: chainLimit)
    } catch {
      throw Failure("cannot read \(path): \(error.reason)")
    }
  }

  /// Reads into memory that is overwritten before it is given back.
  package static func readSecret(_ path: String) throws(FileAccess.ReadError) -> (
    secret: SecretBytes, isExposed: Bool
  ) {
    let (fd, status) = try openRegular(path, limit: secretLimit)
    defer { close(fd) }
    // One byte more than the file had: a file that has grown is noticed.
    let secret = try SecretBytes(capacity: Int(status.st_size) + 1) { memory throws(FileAccess.ReadError) in
      var count = 0
      while count < memory.count {
        let more = Glibc.read(fd, memory.baseAddress?.advanced(by: count), memory.count - count)
        if more < 0, errno == EINTR { continue }
        guard more >= 0 else { throw readError(errno) }
        if more == 0 { return count }
        count += more
      }
      throw .other("it is being written to")
    }
    return (secret, status.st_mode & S_IROTH != 0)
  }

  private static func readError(_ code: Int32) -> FileAccess.ReadError {
    switch code {
    case ENOENT, ENOTDIR: .missing
    case EACCES, EPERM: .notPermitted
    default: .other(errorText(code))
    }
  }

  private static func writeError(_ code: Int32) -> FileAccess.ReadError {
    switch readError(code) {
    case .notPermitted: .other("this user may not write there")
    case let error: error
    }
  }

  package static func isSocket(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }

  /// The kind of file at `path`, without following links.
  package static func kind(of path: String) -> Facts.FileKind {
    var status = stat()
    guard lstat(path, &status) == 0 else { return errno == EACCES ? .notPermitted : .missing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .regular
    case S_IFDIR: return .directory
    case S_IFLNK: return .symbolicLink
    case S_IFIFO: return .fifo
    case S_IFSOCK: return .socket
    default: return .device
    }
  }

  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The first directory on the way to a file that this user may not enter; nil if all are open.
  package static func closedDirectory(above path: String) -> String? {
    directories(leadingTo: absolute(path)).first {
      faccessat(AT_FDCWD, $0, X_OK, AT_EACCESS) != 0 && errno == EACCES
    }
  }

  /// The names in a directory, in no order; empty if it cannot be read.
  package static func names(in directory: String) -> [String] { (try? listing(directory)) ?? [] }

  /// The names in a directory, in no order.
  static func listing(_ directory: String) throws(FileAccess.ReadError) -> [String] {
    guard let stream = opendir(directory) else {
      throw errno == ENOTDIR && kind(of: directory) != .missing
        ? .other("it is not a directory") : readError(errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }

  /// Makes a directory that only its owner may enter, unless it is there.
  package static func makeDirectory(_ path: String) throws(FileAccess.ReadError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw writeError(errno) }
  }

  private static func matches(_ pattern: String) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, 0, nil, &result) == 0, let paths = result.gl_pathv else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }.sorted()
  }

  /// `path` as an absolute path, from the working directory.
  package static func absolute(_ path: String) -> String {
    guard let directory = getcwd(nil, 0) else { return path }
    defer { free(directory) }
    return Path.resolve(path, inside: String(cString: directory))
  }

  /// The one true name of what is at `path`; nil if it does not exist or can not be reached.
  static func real(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// Writes a file that somebody asked for. An existing file is replaced where links lead to it. Anything
  /// that is not a file, such as a pipe, is written to.
  ///
  /// - Parameter sources: files that it was made from: they are never replaced, by whatever name.
  package static func save(
    _ bytes: [UInt8], to path: String, from sources: Set<String>
  ) throws(FileAccess.ReadError) {
    var status = stat()
    guard stat(path, &status) == 0 else { return try writePrivately(bytes, to: path) }
    let stamp = FileStamp(status)
    for source in sources where FileStamp(ofFileAt: source)?.isSameFile(as: stamp) == true {
      throw .other("that is \(source), which the config needs")
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: throw .isDirectory
    case S_IFREG:
      guard let real = real(path) else { throw writeError(errno) }
      try writePrivately(bytes, to: real)
    default:
      let fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
      guard fd >= 0 else { throw writeError(errno) }
      defer { close(fd) }
      do throws(WriteError) { try writeAll(bytes, to: fd) } catch { throw writeError(error.code) }
    }
  }

  /// The directories on the way to an absolute path, from the root on.
  static func directories(leadingTo path: String) -> [String] {
    let names = path.split(separator: "/").dropLast()
    return names.indices.reduce(into: path == "/" ? [] : ["/"]) { directories, index in
      directories.append("/" + names[...index].joined(separator: "/"))
    }
  }

  /// The directories that are passed on the way to an absolute path, those of symbolic links included, each
  /// by its true name; and where the way leads.
  package static func way(to path: String) -> (directories: [String], target: String) {
    var directories: [String] = []
    var current = "/"
    var rest = path.split(separator: "/")[...]
    // The kernel follows as many links.
    var links = 40
    while let name = rest.popFirst() {
      guard name != "." else { continue }
      if !directories.contains(current) { directories.append(current) }
      if name == ".." {
        current = current.lastIndex(of: "/").map { String(current[..<$0]) } ?? ""
        if current.isEmpty { current = "/" }
        continue
      }
      let next = (current == "/" ? "/" : current + "/") + name
      guard let link = link(at: next), links > 0 else {
        current = next
        continue
      }
      links -= 1
      if link.hasPrefix("/") { current = "/" }
      rest = (link.split(separator: "/") + rest)[...]
    }
    return (directories, current)
  }

  /// The target of a symbolic link; nil for anything else.
  private static func link(at path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
  }

  /// Whether everybody on the host has the permission `bit` on what is at `path`.
  static func isOpenToAll(_ path: String, _ bit: mode_t) -> Bool {
    let (directories, target) = way(to: path)
    return has(bit, target) && directories.allSatisfy { has(S_IXOTH, $0) }
  }

  /// The file, and the directories on the way to it, through which everybody on the host can put something
  /// else there: those they can write to, and reach. In a directory with the sticky bit they cannot touch
  /// what is not theirs.
  static func placesWritableByAll(_ path: String) -> [String] {
    let (directories, target) = way(to: path)
    var places: [String] = []
    for directory in directories {
      guard has(S_IXOTH, directory) else { return places }
      if has(S_IWOTH, directory), !has(S_ISVTX, directory) { places.append(directory) }
    }
    if has(S_IWOTH, target), !isDirectory(target) || !has(S_ISVTX, target) { places.append(target) }
    return places
  }

  private static func has(_ bit: mode_t, _ path: String) -> Bool {
    var status = stat()
    // Anything but a file or directory holds nothing: /dev/null is for everybody.
    return stat(path, &status) == 0 && status.st_mode & bit != 0
      && [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  /// The directory a file is in, by its one true name; by the given name if it does not exist.
  package static func directory(of path: String) -> String {
    let absolute = absolute(path)
    let folder = absolute.lastIndex(of: "/").map { String(absolute[..<$0]) } ?? ""
    return real(folder.isEmpty ? "/" : folder) ?? (folder.isEmpty ? "/" : folder)
  }

  /// Writes a file that only its owner may read, under a temporary name first: nobody sees half of it.
  package static func writePrivately(_ bytes: [UInt8], to path: String) throws(FileAccess.ReadError) {
    let temporary = "\(path).\(getpid()).tmp"
    // Removes what a killed process with the same number left: in a container all have the same.
    unlink(temporary)
    let fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard fd >= 0 else {
      let code = errno
      throw code == ENOENT ? .other("there is no directory \(directory(of: path))") : writeError(code)
    }
    var failure: Int32?
    do throws(WriteError) { try writeAll(bytes, to: fd) } catch { failure = error.code }
    if failure == nil, fsync(fd) != 0 { failure = errno }
    close(fd)
    if failure == nil, rename(temporary, path) != 0 { failure = errno }
    if let failure {
      unlink(temporary)
      throw writeError(failure)
    }
    synchronize(directory(of: path))
  }

  /// Makes the names in a directory outlive a crash of the machine. A file system that cannot do it has no
  /// better way.
  package static func synchronize(_ directory: String) {
    let fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard fd >= 0 else { return }
    fsync(fd)
    close(fd)
  }
}

extension Error {
  /// Half a sentence for people: why a file could not be read or written, or what is wrong with it.
  package var fileReason: String { (self as? FileAccess.ReadError)?.reason ?? "\(self)" }
}
