package import OceanAddresses
internal import Synchronization

/// Live connections by address, counted over several servers.
///
/// An address may have as many connections as are left of its limit by what others have. That is told only after some time,
/// and once all together have half of the limit, so that at one moment each server may let in too many; and it holds only
/// while the engine answers: otherwise each server counts alone.
package final class SharedConnections: AddressConnections {
  /// Addresses of others that are remembered.
  private static let maxOthers = 1 << 20

  private struct State {
    /// What other servers have, by address: of those that have many.
    var others: [AddressKey: Int] = [:]
    /// What was told, by address.
    var told: [AddressKey: Connections] = [:]
    /// The limits of addresses that have connected since.
    var touched: [AddressKey: Int] = [:]
    /// How far the engine's data was read; zero on a new connection.
    var cursor: Int64 = 0
  }

  /// What an address has, and the most that it may have.
  typealias Connections = (count: Int, limit: Int)

  private let local: ConnectionCounter
  private let v6PrefixLength: Int
  private let state = Mutex(State())
  private let noted: @Sendable () -> Void

  /// - Parameter noted: called when an address has several connections here, which others should know soon.
  init(v6PrefixLength: Int, noted: @escaping @Sendable () -> Void) {
    local = ConnectionCounter(v6PrefixLength: v6PrefixLength)
    self.v6PrefixLength = v6PrefixLength
    self.noted = noted
  }

  package func admit(_ peer: IPAddress, limit: Int) -> ConnectionCounter.Ticket? {
    let key = AddressKey(peer, v6PrefixLength: v6PrefixLength)
    let others = state.withLock { $0.others[key] ?? 0 }
    // A limit of `.max` only counts.
    guard let ticket = local.admit(peer, limit: limit == .max ? limit : limit - min(others, limit)) else {
      return nil
    }
    let isSeveral = state.withLock { state in
      state.touched[key] = min(limit, state.touched[key] ?? .max)
      return state.told[key] != nil
    }
    if isSeveral { noted() }
    return ticket
  }

  package func count(of peer: IPAddress) -> Int {
    let key = AddressKey(peer, v6PrefixLength: v6PrefixLength)
    return local.count(of: peer) + state.withLock { $0.others[key] ?? 0 }
  }

  // MARK: - Exchanges

  /// Nothing is known of others, and they know nothing of this server.
  func beginAnew() {
    state.withLock { state in
      state.touched.merge(state.told.mapValues(\.limit), uniquingKeysWith: min)
      (state.others, state.told, state.cursor) = ([:], [:], 0)
    }
  }

  /// Goes on alone.
  func forgetOthers() { state.withLock { $0.others = [:] } }

  /// The addresses whose number is another than was told: some of them.
  func changes(_ room: inout Int) -> [(address: IPPrefix, has: Connections)] {
    let (limits, told) = state.withLock { state in
      defer { state.touched = [:] }
      return (state.touched.merging(state.told.mapValues(\.limit), uniquingKeysWith: min), state.told)
    }
    var changes: [(key: AddressKey, has: Connections)] = []
    var left: [AddressKey: Int] = [:]
    for (key, limit) in limits {
      let count = local.count(of: key.prefix(v6PrefixLength: v6PrefixLength).network)
      guard count != told[key]?.count ?? 0 else { continue }
      if changes.count < room { changes.append((key, (count, limit))) } else { left[key] = limit }
    }
    room -= changes.count
    state.withLock { state in
      state.touched.merge(left, uniquingKeysWith: min)
      for (key, has) in changes { state.told[key] = has.count == 0 ? nil : has }
    }
    return changes.map { ($0.key.prefix(v6PrefixLength: v6PrefixLength), $0.has) }
  }

  var cursor: Int64 { state.withLock(\.cursor) }

  /// Takes over how many connections other servers have.
  func take(_ totals: SharedState.Page) throws(SharedState.AnswerError) {
    var counts: [(AddressKey, Int)] = []
    for total in totals.entries {
      guard let parts = total.elements, parts.count == 2, let text = parts[0].string,
        let address = try? IPPrefix(parsing: text), let count = parts[1].int
      else { throw .malformed }
      let key = AddressKey(address.network, v6PrefixLength: v6PrefixLength)
      guard key.prefix(v6PrefixLength: v6PrefixLength) == address else { throw .malformed }
      counts.append((key, Int(clamping: count)))
    }
    state.withLock { state in
      for (key, count) in counts where state.others.count < Self.maxOthers || state.others[key] != nil {
        state.others[key] = count > 0 ? count : nil
      }
      state.cursor = totals.cursor
    }
  }
}
