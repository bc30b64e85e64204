package import OceanAddresses

/// Limits how fast each address opens connections, to a number a minute.
///
/// An address may open `perMinute` connections at once, and then one each 60 / `perMinute` seconds; refused
/// ones do not count. So in any minute there are fewer than twice as many. (The generic cell rate algorithm
/// of ITU-T I.371, a leaky bucket that needs one number an address.) IPv6 addresses count by prefix.
///
/// Memory is bounded: 25 bytes an address. If there are more addresses than places, those that have used
/// least of their allowance go first.
package final class ConnectionRate: Sendable {
  /// The default number of places.
  package static let defaultCapacity = 1 << 18

  private let v6PrefixLength: Int
  private let arrivals: AddressTable<Arrivals>

  /// - Parameters:
  ///   - v6PrefixLength: leading bits of an IPv6 address that count as one address, 1 to 128.
  ///   - capacity: how many addresses can be known at a time.
  package init(v6PrefixLength: Int = defaultV6PrefixLength, capacity: Int = defaultCapacity) {
    self.v6PrefixLength = min(max(v6PrefixLength, 1), 128)
    arrivals = AddressTable(capacity: capacity)
  }

  /// Whether an address may open one more connection now; if so, it counts.
  ///
  /// The limit may differ from call to call.
  package func admit(_ peer: IPAddress, perMinute: Int, at now: ClockReading) -> Bool {
    guard perMinute > 0 else { return false }
    let interval = max(60_000_000_000 / Int64(perMinute), 1)
    let now = now.monotonic
    return arrivals.update(AddressKey(peer, v6PrefixLength: v6PrefixLength), rank: \.rank) { arrivals in
      let next = max(arrivals.next, now)
      guard next &- now <= 60_000_000_000 - interval else { return false }
      arrivals.next = next &+ interval
      return true
    }
  }

  /// Whether ``admit(_:perMinute:at:)`` would say yes; counts nothing.
  package func hasRoom(for peer: IPAddress, perMinute: Int, at now: ClockReading) -> Bool {
    guard perMinute > 0 else { return false }
    let interval = max(60_000_000_000 / Int64(perMinute), 1)
    let next = arrivals.value(of: AddressKey(peer, v6PrefixLength: v6PrefixLength))?.next ?? .min
    return max(next, now.monotonic) &- now.monotonic <= 60_000_000_000 - interval
  }

  /// Frees the entries of addresses that have all of their allowance again; to be called about every minute,
  /// on any thread.
  package func sweep(at now: ClockReading) {
    arrivals.removeAll { $0.next <= now.monotonic }
  }

  /// The time at which the next connection would be due if all came evenly, on the monotonic clock.
  private struct Arrivals: AddressTableValue {
    var next = Int64.min

    var rank: UInt64 { UInt64(bitPattern: next) ^ 1 << 63 }
  }
}
