import NIOCore
import OceanAccess
import OceanAddresses
import OceanBase
import OceanMonitor
import OceanPlan
import OceanPOP3
import OceanStore

/// Decides about a session's logins, by the places that its connection holds and by what its address has
/// done.
struct SessionLogin: ~Copyable {
  /// The step that follows the end of a login.
  enum Step {
    case enter(Mailbox, Identity, app: String?)
    case answer(LoginFailure)
    /// A wrong password is answered late, at a time that tells nothing about the account.
    case answerLate(LoginFailure, at: NIODeadline)
    /// The address is blocked.
    case cutOff
    /// Its place went to another while the password was checked.
    case giveWay
  }

  /// Whether failed logins here count against the client's address.
  let isHammeringCounted: Bool
  private var admission: Admission?
  /// AUTH's exchange, while one is going on.
  private var exchange: SASLExchange?
  private let peer: IPAddress
  private let failureDelay: TimeAmount

  init(_ admission: consuming Admission, peer: IPAddress, isHammeringCounted: Bool, _ limits: Plan.Limits) {
    self.admission = consume admission
    self.peer = peer
    self.isHammeringCounted = isHammeringCounted
    failureDelay = .milliseconds(Int64(limits.failureDelayMilliseconds))
  }

  /// Takes a step of AUTH's mechanism, of a new exchange if it is named.
  mutating func authenticate(_ mechanism: String?, _ response: SecretBytes?) -> SASLExchange.Step {
    if let mechanism {
      exchange = Plan.SASLMechanism(rawValue: mechanism.lowercased()).map(SASLExchange.init)
    }
    guard let step = exchange?.step(response) else { return .malformed }
    if case .challenge = step { return step }
    exchange = nil
    return step
  }

  /// How long the failures of the client's address delay a login: more connections, or pipelining, gain
  /// nothing.
  func delay(_ environment: Environment, at now: NIODeadline) -> TimeAmount? {
    guard isHammeringCounted else { return nil }
    let wait = environment.admission.hammering.delay(for: peer, at: ClockReading(now))
    return wait > 0 ? .nanoseconds(wait) : nil
  }

  /// Lets the client in, unless its address was blocked meanwhile or its place is another's.
  mutating func opened(
    _ mailbox: Mailbox, _ identity: Identity, app: String?, _ environment: Environment, at now: NIODeadline
  ) -> Step {
    // The login may be a guess among others that were on their way when the address was blocked.
    if isHammeringCounted, environment.admission.hammering.block(of: peer, at: ClockReading(now)) != nil {
      mailbox.leave()
      return .cutOff
    }
    guard admission?.pendingLogin.giveBack() == true else {
      mailbox.leave()
      return .giveWay
    }
    return .enter(mailbox, identity, app: app)
  }

  /// Counts a failed login; one wrong password too many is not answered at all.
  ///
  /// - Parameter guess: the guess that counts against the client's address.
  func failed(
    _ failure: LoginFailure, _ guess: Credentials?, since started: NIODeadline, _ environment: Environment,
    in counters: inout MonitorCounters, at now: NIODeadline
  ) -> Step {
    guard failure == .credentials else { return .answer(failure) }
    var outcome: AntiHammering.Outcome?
    if isHammeringCounted, let guess {
      outcome = environment.countFailure(of: peer, guess, at: ClockReading(now))
    }
    switch outcome {
    case .blocked:
      counters.wrongPassword(isCounted: true)
      return .cutOff
    case .counted: counters.wrongPassword(isCounted: true)
    case .repeated, .exempt, nil: counters.wrongPassword(isCounted: false)
    }
    return .answerLate(failure, at: started + failureDelay)
  }

  /// Gives back the places.
  mutating func leave() { admission = nil }
}
