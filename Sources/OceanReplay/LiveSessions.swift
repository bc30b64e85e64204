import OceanAccess
import OceanAddresses

/// The sessions of a ``SimulatedServer`` that are open, by when they end.
struct LiveSessions {
  struct Session {
    let start: Int64
    let end: Int64
    let client: Int
    let peer: IPAddress
    /// The number of its service.
    let service: Int
    let place: Place
  }

  /// A session's place among the connections of its address; given back when this object goes.
  final class Place: Sendable {
    private let ticket: ConnectionCounter.Ticket

    init(_ ticket: consuming ConnectionCounter.Ticket) { self.ticket = ticket }
  }

  /// A heap: no session ends before the one at half its position.
  private var sessions: [Session] = []

  var count: Int { sessions.count }

  mutating func add(_ session: Session) {
    var position = sessions.count
    sessions.append(session)
    while position > 0, sessions[position].end < sessions[(position - 1) / 2].end {
      sessions.swapAt(position, (position - 1) / 2)
      position = (position - 1) / 2
    }
  }

  /// Removes the session that ends first, if it has ended by a time.
  mutating func removeFirst(endedBy time: Int64) -> Session? {
    guard let first = sessions.first, first.end <= time else { return nil }
    sessions.swapAt(0, sessions.count - 1)
    sessions.removeLast()
    sink(0)
    return first
  }

  /// Removes all sessions for which a condition holds.
  mutating func remove(where condition: (Session) -> Bool) -> [Session] {
    let removed = sessions.filter(condition)
    guard !removed.isEmpty else { return [] }
    sessions.removeAll(where: condition)
    for position in (0..<sessions.count / 2).reversed() { sink(position) }
    return removed
  }

  private mutating func sink(_ start: Int) {
    var position = start
    while true {
      var next = 2 * position + 1
      guard next < sessions.count else { return }
      if next + 1 < sessions.count, sessions[next + 1].end < sessions[next].end { next += 1 }
      guard sessions[next].end < sessions[position].end else { return }
      sessions.swapAt(position, next)
      position = next
    }
  }
}
