import Glibc
import OceanAccess
package import OceanBase
package import OceanCompiler
import OceanPlan
import OceanSyntax

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

  /// The config that every command takes if none is named.
  package static let standardConfig = "/etc/ocean/ocean.yaml"

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

  /// Reads an archive with a config, and what it includes, from standard input.
  package static func readArchive() throws(Failure) -> TarArchive {
    let bytes: [UInt8]
    do {
      bytes = try readAll(STDIN_FILENO, limit: configLimit)
    } catch {
      throw Failure("cannot read standard input: \(error.reason)")
    }
    do {
      return try TarArchive(reading: bytes)
    } catch {
      throw Failure("standard input: \(error.message)".escapedForDisplay)
    }
  }

  package static func read(_ path: String, limit: Int) throws(FileAccess.ReadError) -> [UInt8] {
    let (fd, status) = try openRegular(path, limit: limit)
    defer { close(fd) }
    return try readAll(fd, limit: limit, expecting: Int(status.st_size))
  }

  /// Finds out whether an account file can be opened.
  package static func requireAccounts(_ path: String) throws(FileAccess.ReadError) {
    _ = try length(path, limit: PasswdFile.maxLength)
  }

  /// The octets of a regular file that can be opened.
  static func length(_ path: String, limit: Int) throws(FileAccess.ReadError) -> Int {
    let (fd, status) = try openRegular(path, limit: limit)
    close(fd)
    return Int(status.st_size)
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
    let secret: SecretBytes
    do throws(ReadError) {
      // One byte more than the file had: a file that has grown is noticed.
      secret = try SecretBytes(reading: fd, capacity: Int(status.st_size) + 1)
    } catch {
      throw readError(error.code)
    }
    guard secret.count <= Int(status.st_size) else { throw .other("it is being written to") }
    return (secret, status.st_mode & S_IROTH != 0)
  }

  static func readError(_ code: Int32) -> FileAccess.ReadError {
    switch code {
    case ENOENT, ENOTDIR: .missing
    case EACCES, EPERM: .notPermitted
    default: .other(errorText(code))
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
}

extension Error {
  /// Half a sentence for people: why a file could not be read or written, or what is wrong with it.
  package var fileReason: String { (self as? FileAccess.ReadError)?.reason ?? "\(self)" }
}
