import NIOCore
import OceanAccess
import OceanPlan
import OceanPOP3

/// Tells what clients do to whatever the plan in force wants to have told: the access log, the server's own log,
/// the table of last logins.
final class ClientLog: Sendable {
  private let access: AccessLog?
  private let logins: Plan.Log.Logins
  private let own: LoginLog
  private let last: LastLogins

  /// - Parameter logins: what the server's own log has.
  init(access: AccessLog?, logins: Plan.Log.Logins, _ own: LoginLog, _ last: LastLogins) {
    (self.access, self.logins, self.own, self.last) = (access, logins, own, last)
  }

  /// - Parameters:
  ///   - record: made only if it is needed: a flood is refused at the least cost.
  ///   - rule: where the rule that decided is written, if a rule decided.
  func refused(
    _ record: @autoclosure () -> AccessLog.Record, _ kind: LoginLog.Kind, outcome: String,
    rule: @autoclosure () -> String?, on loop: any EventLoop
  ) {
    access?.refused(record(), outcome: outcome, rule: rule(), on: loop)
    if logins != .off { own.refused(record(), kind, outcome: outcome, rule: rule(), on: loop) }
  }

  func loggedIn(_ record: AccessLog.Record, _ user: String, on loop: any EventLoop) {
    if logins == .on { own.loggedIn(record, user, on: loop) }
  }

  /// - Parameters:
  ///   - user: the name as the client gave it, or its account's.
  ///   - account: the account's name; nil if no account has the name, or that is not known.
  func loginFailed(
    _ record: AccessLog.Record, user: String, account: String?, _ failure: LoginFailure,
    on loop: any EventLoop
  ) {
    access?.loginFailed(record, user: user, outcome: failure.outcome, on: loop)
    if logins != .off { own.loginFailed(record, user: user, failure, on: loop) }
    if let account { last.failed(record, account, outcome: failure.outcome, on: loop) }
  }

  /// Tells that a login was refused before there was a password, because it needs TLS.
  ///
  /// - Parameter user: the name that the client gave; nil if it gave none by then.
  func loginNeedsTLS(_ record: AccessLog.Record, user: String?, on loop: any EventLoop) {
    access?.loginFailed(record, user: user, outcome: LoginRecord.needsTLS, on: loop)
    if logins != .off { own.loginNeedsTLS(record, user: user, on: loop) }
  }

  /// Tells whose login that was.
  func accountNeedsTLS(_ record: AccessLog.Record, _ account: String, on loop: any EventLoop) {
    last.failed(record, account, outcome: LoginRecord.needsTLS, on: loop)
  }

  /// Called once for each session, at its end.
  func session(_ record: AccessLog.Record, outcome: String, on loop: any EventLoop) {
    access?.session(record, outcome: outcome, on: loop)
    last.ended(record, outcome: outcome, on: loop)
  }
}
