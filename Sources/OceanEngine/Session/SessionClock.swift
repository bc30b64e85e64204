import NIOCore
import OceanPlan

/// Times when a session without traffic is ended.
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

  /// Notes traffic. Before the login it does not extend the time.
  mutating func traffic(at now: NIODeadline, isLoggedIn: Bool) {
    lastTraffic = now
    if isLoggedIn { deadline = now + idleTimeout }
  }

  /// Notes that the password was right. From now on the session has the idle timeout: a client cannot hurry
  /// the first reading of a mailbox, and a login that is given up begins again at nothing.
  mutating func opens(at now: NIODeadline) { deadline = now + idleTimeout }

  /// Stops the clock: UPDATE takes the time it takes.
  mutating func stop() { deadline = .distantFuture }

  mutating func closes(at now: NIODeadline) { deadline = now + Self.closeTimeout }

  /// Shortens the deadline for a client that has closed its side and left nothing behind. It may wait for
  /// what a pool does now, or be gone: nobody can tell. But its mailbox must not be in use for as long as an
  /// idle client's.
  mutating func mayBeAlone(at now: NIODeadline) { deadline = min(deadline, now + Self.halfClosedTimeout) }
}
