import Glibc
import Logging
import OceanBase

/// The file that has the access log's name.
///
/// If it is a different file than before, as after a rotation, lines go there. While that file cannot be the
/// log, lines go to the file that had the name before: after a rotation they are found there.
struct AccessLogFile: LineOutput {
  /// Why the file of that name cannot be the log.
  enum OpenError: Error, Hashable {
    case system(Int32)
    /// Opening it could keep a thread waiting for ever, or take the lines elsewhere.
    case notRegularFile

    /// Half a sentence for people.
    var reason: String {
      switch self {
      // Opening a symbolic link fails with ELOOP; opening a FIFO that nobody reads, with ENXIO.
      case .system(ELOOP), .system(ENXIO), .notRegularFile: "it is not a regular file"
      case .system(let code): errorText(code)
      }
    }
  }

  private let path: String
  private let logger: Logger
  private var descriptor: Int32
  /// Why the file that now has the name is not written to, as last reported.
  private var problem: OpenError?

  /// - Throws: if the file cannot be opened, or is not a regular file.
  init(path: String, logger: Logger) throws(OpenError) {
    (self.path, self.logger) = (path, logger)
    descriptor = try Self.open(path)
  }

  private static func open(_ path: String) throws(OpenError) -> Int32 {
    // O_NONBLOCK: opening a FIFO would keep the thread waiting for a reader.
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let fd = Glibc.open(path, flags, 0o640)
    guard fd >= 0 else { throw .system(errno) }
    var status = stat()
    guard fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      _ = Glibc.close(fd)
      throw .notRegularFile
    }
    _ = fcntl(fd, F_SETFL, O_APPEND)
    return fd
  }

  mutating func descriptor(_ isTorn: inout Bool) -> Int32 {
    if hasName {
      problem = nil
      return descriptor
    }
    do {
      let new = try Self.open(path)
      close()
      (descriptor, problem, isTorn) = (new, nil, false)
    } catch  where problem != error {
      problem = error
      logger.error(
        "cannot open the new access log; lines still go to the old file",
        metadata: ["path": "\(path)", "error": "\(error.reason)"])
    } catch {}
    return descriptor
  }

  /// Whether the file that is open still has the name.
  private var hasName: Bool {
    var held = stat()
    return fstat(descriptor, &held) == 0
      && FileStamp(ofFileAt: path)?.isSameFile(as: FileStamp(held)) == true
  }

  func notice(of count: Int, _ loss: LineLoss) -> String? {
    switch loss {
    case .fellBehind: logger.error("access log fell behind", metadata: ["lost_lines": "\(count)"])
    case .error(let code):
      logger.error(
        "cannot write the access log",
        metadata: ["path": "\(path)", "lost_lines": "\(count)", "error": "\(errorText(code))"])
    }
    return nil
  }

  func close() { _ = Glibc.close(descriptor) }
}
