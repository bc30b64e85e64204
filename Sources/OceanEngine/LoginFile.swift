import Glibc
import Logging
import OceanAccess
import OceanBase

/// The file of last logins, which is rewritten when a process writes to it first, and when it has become long.
///
/// After a failure nothing is written for a minute; the next attempt rewrites the file, so that half a line that a
/// full disk took is not in it. A failure is logged once, and so is its end.
struct LoginFile: LineOutput {
  /// Seconds.
  private static let patience: Int64 = 60

  private let table: LoginTable
  private let logger: Logger
  private let now: @Sendable () -> Int64
  private var number: Int32 = -1
  private var limit = 0
  private var retryTime = Int64.min
  /// Whether a failure was logged whose end was not.
  private var isFailing = false

  /// - Parameter now: seconds of a clock that nobody sets.
  init(_ table: LoginTable, logger: Logger, now: @escaping @Sendable () -> Int64) {
    (self.table, self.logger, self.now) = (table, logger, now)
  }

  mutating func descriptor(_ isTorn: inout Bool) -> Int32 {
    if number >= 0, isLong { close() }
    guard now() >= retryTime else { return number }
    if number < 0 {
      do throws(LoginTable.Problem) {
        let rewritten = try table.rewritten()
        (number, limit, isTorn) = (rewritten.descriptor, rewritten.limit, false)
        if let damage = rewritten.damage {
          logger.warning(
            "some last logins are lost",
            metadata: ["path": "\(table.path)", "reason": "\(damage)", "kept_as": "\(table.path).damaged"])
        }
      } catch {
        fail("\(error)")
        return number
      }
    }
    return number
  }

  private var isLong: Bool {
    var status = stat()
    return fstat(number, &status) != 0 || Int(status.st_size) > limit
  }

  mutating func notice(of count: Int, _ loss: LineLoss) -> LineNotice {
    switch loss {
    case .earlier:
      guard number >= 0, now() >= retryTime else { return .later }
      logger.notice("last logins are written again", metadata: ["lost_lines": "\(count)"])
      isFailing = false
      return .given
    case .fellBehind: fail("they came faster than they could be written")
    case .error(let code) where number >= 0:
      fail("cannot write \(table.path): \(errorText(code))")
      close()
    // It is not open, and it was said why.
    case .error: break
    }
    return .later
  }

  /// Says it once, until it is over.
  private mutating func fail(_ reason: String) {
    retryTime = now() + Self.patience
    guard !isFailing else { return }
    isFailing = true
    logger.error(
      "last logins are not written; 'ocean mailbox who' will not show them", metadata: ["reason": "\(reason)"]
    )
  }

  mutating func close() {
    if number >= 0 { _ = Glibc.close(number) }
    number = -1
  }
}
