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

  private struct End {
    let time: Int64
    /// The session's place in `sessions`.
    let place: Int
  }

  /// A heap: no session ends before the one at half its position. It has no more than the ends, because they move a
  /// lot.
  private var ends: [End] = []
  private var sessions: [Session?] = []
  /// The places in `sessions` without one.
  private var vacant: [Int] = []

  mutating func add(_ session: Session) {
    let end: End
    if let place = vacant.popLast() {
      end = End(time: session.end, place: place)
      sessions[place] = session
    } else {
      end = End(time: session.end, place: sessions.count)
      sessions.append(session)
    }
    var position = ends.count
    ends.append(end)
    while position > 0, end.time < ends[(position - 1) / 2].time {
      ends[position] = ends[(position - 1) / 2]
      position = (position - 1) / 2
    }
    ends[position] = end
  }

  /// Removes the session that ends first, if it has ended by a time.
  mutating func removeFirst(endedBy time: Int64) -> Session? {
    guard let first = ends.first, first.time <= time, let last = ends.popLast() else { return nil }
    if !ends.isEmpty { sink(last, from: 0) }
    vacant.append(first.place)
    return sessions[first.place].take()
  }

  /// Removes all sessions for which a condition holds.
  mutating func remove(where condition: (Session) -> Bool) -> [Session] {
    var removed: [Session] = []
    for place in sessions.indices {
      guard let session = sessions[place], condition(session) else { continue }
      removed.append(session)
      sessions[place] = nil
      vacant.append(place)
    }
    guard !removed.isEmpty else { return [] }
    ends.removeAll { sessions[$0.place] == nil }
    for position in (0..<ends.count / 2).reversed() { sink(ends[position], from: position) }
    return removed
  }

  /// Puts an end in a position, or below it where it belongs.
  private mutating func sink(_ end: End, from start: Int) {
    var position = start
    while true {
      var next = 2 * position + 1
      guard next < ends.count else { break }
      if next + 1 < ends.count, ends[next + 1].time < ends[next].time { next += 1 }
      guard ends[next].time < end.time else { break }
      ends[position] = ends[next]
      position = next
    }
    ends[position] = end
  }
}
