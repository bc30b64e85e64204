import Glibc
import OceanBase
package import OceanCompiler

/// Writes files whole.
extension Files {
  private static func writeError(_ code: Int32) -> FileAccess.ReadError {
    switch readError(code) {
    case .notPermitted: .other("this user may not write there")
    case let error: error
    }
  }

  /// Makes a directory that only its owner may enter, unless it is there.
  package static func makeDirectory(_ path: String) throws(FileAccess.ReadError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw writeError(errno) }
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

  /// The same, for a command: a failure is a sentence.
  package static func write(_ bytes: [UInt8], to path: String, from sources: Set<String>) throws(Failure) {
    do {
      try save(bytes, to: path, from: sources)
    } catch {
      throw Failure("cannot write \(path): \(error.reason)")
    }
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
