import Glibc
import Logging
import OceanBase

/// The file that has the access log's name.
///
/// If it is a different file than before, as after a rotation, lines go there. While that file cannot be the
/// log, lines go to the file that had the name before: after a rotation they are found there.
struct AccessLogFile: LineOutput {
  private let path: String
  private let logger: Logger
  private var descriptor: Int32
  /// Why the file that now has the name is not written to, as last reported.
  private var problem: RegularFileError?

  /// - Throws: if the file cannot be opened, or is not a regular file.
  init(path: String, logger: Logger) throws(RegularFileError) {
    (self.path, self.logger) = (path, logger)
    descriptor = try Self.open(path)
  }

  private static func open(_ path: String) throws(RegularFileError) -> Int32 {
    try openRegularFile(path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o640)
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

  func notice(of count: Int, _ loss: LineLoss) -> LineNotice {
    switch loss {
    case .earlier, .fellBehind: logger.error("access log fell behind", metadata: ["lost_lines": "\(count)"])
    case .error(let code):
      logger.error(
        "cannot write the access log",
        metadata: ["path": "\(path)", "lost_lines": "\(count)", "error": "\(errorText(code))"])
    }
    return .given
  }

  func close() { _ = Glibc.close(descriptor) }
}
