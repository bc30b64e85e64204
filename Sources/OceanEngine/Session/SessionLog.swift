import NIOCore
import OceanPOP3
import OceanStore

/// The log of a session: what logs and tables are told of it, and trouble that it had with its mailbox.
struct SessionLog {
  private(set) var record: AccessLog.Record
  private let clients: ClientLog
  private let troubles: TroubleLog
  /// Whether the session's line is written.
  private(set) var isFinished = false

  init(_ record: AccessLog.Record, _ clients: ClientLog, _ troubles: TroubleLog) {
    (self.record, self.clients, self.troubles) = (record, clients, troubles)
  }

  /// Writes the session's line, once.
  mutating func finish(_ outcome: String, on loop: any EventLoop) {
    guard !isFinished else { return }
    isFinished = true
    clients.session(record, outcome: outcome, on: loop)
  }

  // MARK: Login

  mutating func usesTLS(_ version: String) { record.tls = version }

  /// - Parameter app: the label of the app password; nil for the account's own password.
  mutating func loggedIn(_ user: String, app: String?, on loop: any EventLoop) {
    (record.user, record.app) = (user, app)
    clients.loggedIn(record, user, on: loop)
  }

  /// - Parameters:
  ///   - account: the account's name, if there is an account.
  ///   - barred: why the right password may not be used.
  func loginFailed(
    _ user: String, account: String?, barred: BarredLogin?, _ failure: LoginFailure, on loop: any EventLoop
  ) {
    var record = record
    (record.app, record.reason) = (barred?.app, barred?.obstacle.description)
    clients.loginFailed(record, user: user, account: account, failure, on: loop)
  }

  /// - Parameter user: the name that the client gave; nil without one.
  func loginNeedsTLS(_ user: String?, on loop: any EventLoop) {
    clients.loginNeedsTLS(record, user: user, on: loop)
  }

  /// - Parameter account: the name of the account that the client wanted to use without TLS.
  func accountNeedsTLS(_ account: String, on loop: any EventLoop) {
    clients.accountNeedsTLS(record, account, on: loop)
  }

  // MARK: Messages

  /// - Parameter isWhole: whether all of the message was wanted.
  mutating func sent(octets: UInt64, isWhole: Bool) {
    record.bytes &+= octets
    if isWhole { record.retrieved += 1 }
  }

  /// Logs which trouble there is; the client is only told that there is some.
  mutating func unsent(_ error: any Error, reason: String) {
    // A client or program that removes messages knows that they are gone.
    if case StoreError.vanished = error { return }
    record.failed += 1
    // Where a file system does not answer, the pool says so.
    if case StoreError.cancelled = error { return }
    report("a message cannot be sent", reason)
  }

  /// - Returns: the result that the client is told.
  mutating func updated(_ result: Result<OceanStore.UpdateResult, any Error>) -> OceanPOP3.UpdateResult {
    let reason: any Error
    switch result {
    case .success(let update):
      record.deleted = update.removed
      guard let error = update.firstError else { return .removed }
      reason = error
    case .failure(let error):
      reason = error
    }
    report("messages are not removed", "\(reason)")
    return (reason as? StoreError)?.updateFailure ?? .incomplete
  }

  private func report(_ subject: String, _ reason: String) {
    let user = record.user ?? ""
    troubles.report(subject, of: user, reason: reason, ["user": "\(user)"])
  }
}
