import NIOCore
import OceanPlan

/// When a session is ended for want of traffic.
struct SessionClock {
  /// How long a client may take to read the last reply.
  private static let closeTimeout = TimeAmount.seconds(10)
  /// How long a pool may work for a client that has closed its side.
  private static let halfClosedTimeout = TimeAmount.seconds(5)

  private(set) var lastTraffic: NIODeadline
  private var deadline: NIODeadline
  private let idleTimeout: TimeAmount

  init(_ limits: Plan.Limits, at now: NIODeadline) {
    lastTraffic = now
    deadline = now + .seconds(Int64(limits.loginSeconds))
    idleTimeout = .seconds(Int64(limits.idleSeconds))
  }

  func isOver(at now: NIODeadline) -> Bool { deadline <= now }

  /// Before the login traffic gains no time.
  mutating func traffic(at now: NIODeadline, isLoggedIn: Bool) {
    lastTraffic = now
    if isLoggedIn { deadline = now + idleTimeout }
  }

  /// The password was right: how long it takes to read a mailbox for the first time is nothing that a client can hurry, and
  /// a login that is given up begins again at nothing.
  mutating func opens(at now: NIODeadline) { deadline = now + idleTimeout }

  /// UPDATE takes the time it takes.
  mutating func stop() { deadline = .distantFuture }

  mutating func closes(at now: NIODeadline) { deadline = now + Self.closeTimeout }

  /// A client that has closed its side and left nothing behind may wait for what a pool does now, or be gone: nobody can
  /// tell, but its mailbox must not be in use for as long as an idle client's.
  mutating func mayBeAlone(at now: NIODeadline) { deadline = min(deadline, now + Self.halfClosedTimeout) }
}
