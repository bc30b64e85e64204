import Glibc

/// Why a file cannot be opened as a regular one.
package enum RegularFileError: Error, Sendable, Hashable {
  /// The `errno`.
  case system(Int32)
  /// Something else is there: opening it could keep a thread waiting for ever, or lead elsewhere.
  case notRegular

  /// Half a sentence for people.
  package var reason: String {
    switch self {
    case .system(let code): errorText(code)
    case .notRegular: "it is not a regular file"
    }
  }
}

/// Opens a regular file, which is not reached over a link, without waiting. The descriptor is the caller's.
///
/// - Parameters:
///   - flags: of open(2).
///   - mode: of a file that is made.
package func openRegularFile(
  _ path: String, _ flags: Int32, mode: UInt32 = 0
) throws(RegularFileError) -> Int32 {
  // Opening a FIFO would wait for its other end.
  let descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode)
  guard descriptor >= 0 else {
    // ELOOP is a link; ENXIO is a socket, or a FIFO that nobody reads.
    throw errno == ELOOP || errno == ENXIO ? .notRegular : .system(errno)
  }
  var status = stat()
  guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
    close(descriptor)
    throw .notRegular
  }
  _ = fcntl(descriptor, F_SETFL, flags & O_APPEND)
  return descriptor
}
