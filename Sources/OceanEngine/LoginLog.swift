package import Logging
import NIOCore
import OceanAccess
import OceanPOP3

/// Lines of the server's own log about clients: logins, failed logins and refusals.
///
/// Each kind may have so many lines in a second; the others are counted, and the count is logged. So an
/// attack neither fills a disk nor takes time from sessions, and hides only what is of its own kind.
final class LoginLog: Sendable {
  enum Kind: Int, CaseIterable, Sendable {
    case login
    case wrongCredentials
    case mailboxInUse
    case temporaryFailure
    case permanentFailure
    /// There was no password yet.
    case needsTLS
    /// A block, or a rule about the address.
    case refusedAddress
    case refusedLimit
    case refusedProxy

    /// How many lines there may be in a second. Only those who have a password can make logins.
    var perSecond: Int { self == .login ? 100 : 10 }

    fileprivate var plural: String {
      switch self {
      case .login: "logins"
      case .wrongCredentials: "failed logins with wrong credentials"
      case .mailboxInUse: "failed logins to mailboxes in use"
      case .temporaryFailure: "failed logins with a temporary failure"
      case .permanentFailure: "failed logins with a permanent failure"
      case .needsTLS: "logins refused without TLS"
      case .refusedAddress: "clients refused by a block or an address rule"
      case .refusedLimit: "clients refused by a limit"
      case .refusedProxy: "connections of proxies refused"
      }
    }
  }

  /// Longer names of users are cut here.
  private static let longestName = 64

  private let logger: Logger
  private let rates = Kind.allCases.map { LogRate(perSecond: $0.perSecond) }

  init(logger: Logger) { self.logger = logger }

  func loggedIn(_ record: AccessLog.Record, _ user: String, on loop: any EventLoop) {
    log(.login, record, user, outcome: nil, on: loop) { user in
      "login \(user)\(record.app.map { " with app password \($0)" } ?? "") from \(Self.origin(record))"
    }
  }

  /// The name comes last, so that it can pretend nothing about the address: clients choose it.
  func loginFailed(
    _ record: AccessLog.Record, user: String, _ failure: LoginFailure, on loop: any EventLoop
  ) {
    log(failure.kind, record, user, outcome: failure.outcome, on: loop) { user in
      let reason = record.reason.map { reason in
        "the \(record.app.map { "app password \($0)" } ?? "password") is right, but \(reason)"
      }
      return
        "login failed from \(Self.origin(record)): \(reason ?? Self.words(failure.outcome)), user \(user)"
    }
  }

  /// - Parameter user: the name that the client gave; nil if it gave none by then.
  func loginNeedsTLS(_ record: AccessLog.Record, user: String?, on loop: any EventLoop) {
    guard mayLog(.needsTLS, on: loop) else { return }
    let user = user.map(Self.cut)
    let name = user.map { ", user \($0)" } ?? ""
    write(
      record, "login refused from \(Self.origin(record)): the service needs TLS\(name)",
      outcome: LoginRecord.needsTLS, user: user, rule: nil)
  }

  func refused(
    _ record: @autoclosure () -> AccessLog.Record, _ kind: Kind, outcome: String,
    rule: @autoclosure () -> String?, on loop: any EventLoop
  ) {
    guard mayLog(kind, on: loop) else { return }
    let (record, rule) = (record(), rule())
    let place = rule.map { ", \($0)" } ?? ""
    write(
      record, "refused \(Self.origin(record, showsTLS: false)): \(Self.words(outcome))\(place)",
      outcome: outcome, user: nil, rule: rule)
  }

  private func log(
    _ kind: Kind, _ record: AccessLog.Record, _ user: String, outcome: String?, on loop: any EventLoop,
    _ sentence: (String) -> String
  ) {
    guard mayLog(kind, on: loop) else { return }
    let user = Self.cut(user)
    write(record, sentence(user), outcome: outcome, user: user, rule: nil)
  }

  private static func cut(_ user: String) -> String {
    user.count > longestName ? "\(user.prefix(longestName))..." : user
  }

  private func write(
    _ record: AccessLog.Record, _ sentence: String, outcome: String?, user: String?, rule: String?
  ) {
    var metadata: Logger.Metadata = [
      "service": .said(record.service), "peer": .said(record.peer.description), "plan": .said(record.plan),
    ]
    if let proxy = record.proxy { metadata["proxy"] = .said(proxy.description) }
    if let tls = record.tls { metadata["tls"] = .said(tls) }
    if let user { metadata["user"] = .said(user) }
    if let app = record.app { metadata["app"] = .said(app) }
    if let reason = record.reason { metadata["reason"] = .said(reason) }
    if let outcome { metadata["outcome"] = .said(outcome) }
    if let rule { metadata["rule"] = .said(rule) }
    logger.info("\(record.service): \(sentence)", metadata: metadata)
  }

  private static func origin(_ record: AccessLog.Record, showsTLS: Bool = true) -> String {
    let proxy = record.proxy.map { " by proxy \($0)" } ?? ""
    let tls = showsTLS ? " \(record.tls ?? "without TLS")" : ""
    return "\(record.peer)\(proxy)\(tls)"
  }

  private static func words(_ outcome: String) -> String {
    String(outcome.map { $0 == "_" ? " " : $0 })
  }

  // MARK: - Rates

  private func mayLog(_ kind: Kind, on loop: any EventLoop) -> Bool {
    switch rates[kind.rawValue].verdict(at: loop.now) {
    case .log: return true
    case .leaveOut: return false
    case .leaveOutFirst:
      loop.scheduleTask(in: .seconds(1)) { [self] in
        let count = rates[kind.rawValue].takeLeftOut()
        logger.notice(
          "\(count) more \(kind.plural) within a second",
          metadata: ["left_out": .said("\(count)"), "per_second": "\(kind.perSecond)"])
      }
      return false
    }
  }
}

extension LoginFailure {
  fileprivate var kind: LoginLog.Kind {
    switch self {
    case .credentials: .wrongCredentials
    case .inUse: .mailboxInUse
    case .temporary: .temporaryFailure
    case .permanent: .permanentFailure
    }
  }
}

/// A value of a log event that its message has already: for programs, not to be shown again.
package struct SaidInMessage: CustomStringConvertible, Sendable {
  package let description: String
}

extension Logger.MetadataValue {
  /// A value that the message has already.
  package static func said(_ text: String) -> Self { .stringConvertible(SaidInMessage(description: text)) }
}
