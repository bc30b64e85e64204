import NIOCore
import OceanPlan
import OceanMonitor

/// What the monitor shows of the sessions of one loop.
struct MonitoredSessions: Sendable {
  /// By service, then by state.
  private(set) var counts: [String: [SessionInfo.State: Int]] = [:]
  /// The sessions that have been there longest, in order.
  private(set) var oldest: [SessionSnapshot] = []
  private let limit: Int

  /// - Parameter limit: how many sessions are described.
  init(limit: Int) { self.limit = limit }

  mutating func add(_ session: SessionHandler, at now: NIODeadline) {
    counts[session.serviceName, default: [:]][session.kind, default: 0] += 1
    // Ids rise with time.
    guard limit > 0, oldest.count < limit || oldest.last.map({ session.id < $0.id }) ?? true else { return }
    let place = oldest.firstIndex { session.id < $0.id } ?? oldest.count
    oldest.insert(session.snapshot(at: now), at: place)
    if oldest.count > limit { oldest.removeLast() }
  }

  mutating func add(_ other: Self) {
    for (name, states) in other.counts { counts[name, default: [:]].merge(states, uniquingKeysWith: +) }
    oldest = Array((oldest + other.oldest).sorted { $0.id < $1.id }.prefix(limit))
  }
}
