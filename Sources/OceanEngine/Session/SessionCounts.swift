import OceanMonitor
import OceanPOP3
import OceanStore
import NIOCore

/// What a session counts, in the numbers of its loop.
struct SessionCounts {
  private let service: String
  /// A command whose answer is still to come.
  private var unanswered: CommandName?
  /// The way of the login that is under way.
  private var mechanism = Self.userAndPass

  private static let userAndPass = "user"
  /// AUTH of any mechanism, where none is offered.
  private static let auth = "auth"

  init(service: String) { self.service = service }

  /// Counts a command that was executed.
  ///
  /// - Parameter reply: the first octet of what was said in return.
  mutating func executed(
    _ command: CommandName, _ action: Action, reply: UInt8?, in counters: inout MonitorCounters
  ) {
    switch action {
    case .login:
      (unanswered, mechanism) = (command, Self.userAndPass)
    case .authenticate(let name, _):
      unanswered = command
      if let name { mechanism = name.lowercased() }
    case .open, .update: unanswered = command
    case .loginNeedsTLS:
      counters.command(command.rawValue, isOK: false)
      counters.login(to: service, command == .auth ? Self.auth : Self.userAndPass, .needsTLS)
    case .startTLS: counters.command(command.rawValue, isOK: true)
    case .read, .proceed, .wait, .close:
      counters.command(command.rawValue, isOK: reply == UInt8(ascii: "+"))
    }
  }

  private mutating func answered(isOK: Bool, in counters: inout MonitorCounters) {
    guard let command = unanswered else { return }
    unanswered = nil
    counters.command(command.rawValue, isOK: isOK)
  }

  mutating func loggedIn(in counters: inout MonitorCounters) {
    answered(isOK: true, in: &counters)
    counters.login(to: service, mechanism, .ok)
  }

  mutating func loginFailed(_ failure: LoginFailure, in counters: inout MonitorCounters) {
    answered(isOK: false, in: &counters)
    counters.login(to: service, mechanism, failure.counted)
  }

  /// Counts an AUTH whose response was not one of its mechanism.
  mutating func exchangeFailed(in counters: inout MonitorCounters) { answered(isOK: false, in: &counters) }

  mutating func sent(octets: UInt64, isWhole: Bool, in counters: inout MonitorCounters) {
    answered(isOK: true, in: &counters)
    counters.sent(octets: octets, isWhole: isWhole)
  }

  mutating func unsent(in counters: inout MonitorCounters) { answered(isOK: false, in: &counters) }

  /// - Parameters:
  ///   - result: nil if there was nothing to remove.
  ///   - count: how many messages were to be removed.
  mutating func updated(
    _ result: Result<OceanStore.UpdateResult, any Error>?, of count: Int, in counters: inout MonitorCounters
  ) {
    switch result {
    case .success(let update)?:
      counters.removed(update.removed, failed: update.failed)
      answered(isOK: update.firstError == nil, in: &counters)
    case .failure?:
      counters.removed(0, failed: count)
      answered(isOK: false, in: &counters)
    case nil: answered(isOK: true, in: &counters)
    }
  }

  func refused(_ reason: String, in counters: inout MonitorCounters) {
    counters.refused(by: service, reason)
  }
}

extension LoginFailure {
  fileprivate var counted: MonitorCounters.LoginResult {
    switch self {
    case .credentials: .credentials
    case .inUse: .inUse
    case .temporary: .temporary
    case .permanent: .permanent
    }
  }
}
