package import OceanAddresses
internal import Synchronization

/// The pool from which connections take their places.
package enum PendingPool: Hashable, Sendable {
  case service(ObjectIdentifier)
  /// Connections of proxies that have not named their clients yet: they do not have a place of a service.
  case unnamed
}

/// The connections of the whole server that have not logged in yet. Anybody can open them without a password.
///
/// If a place is missing, the oldest connection of the largest network gives way to a newcomer of a smaller
/// one. The sizes of networks are compared as /24, /48 and /56 before they are compared as single addresses:
/// neighbours count together, and many scattered addresses with many connections each do not keep out one
/// more.
package final class PendingLogins: Sendable {
  /// Ends a connection whose place another one takes. Never called with a lock held.
  package typealias GiveWay = @Sendable () -> Void

  private struct Pending {
    var networks: PendingNetworks
    var entries: [UInt64: (place: PendingNetworks.Index, giveWay: GiveWay)] = [:]
    var arrivals: UInt64 = 0

    mutating func take(_ number: UInt64) -> GiveWay? {
      guard let entry = entries.removeValue(forKey: number) else { return nil }
      networks.remove(entry.place)
      if entries.isEmpty { entries = [:] }
      return entry.giveWay
    }
  }

  private let pending: Mutex<Pending>

  /// - Parameter v6PrefixLength: leading bits of an IPv6 address that count as one address, 1 to 128.
  package init(v6PrefixLength: Int = defaultV6PrefixLength) {
    pending = Mutex(Pending(networks: PendingNetworks(v6PrefixLength: min(max(v6PrefixLength, 1), 128))))
  }

  package var count: Int { pending.withLock { $0.entries.count } }

  /// A place among them. It is given back when this object goes, if not before.
  package final class Ticket: Sendable {
    private let logins: PendingLogins
    private let number: UInt64

    fileprivate init(_ logins: PendingLogins, _ number: UInt64) {
      self.logins = logins
      self.number = number
    }

    deinit { _ = giveBack() }

    /// Gives back the place: the connection has logged in, or has gone.
    ///
    /// - Returns: false if it had to give way before, or had no place any more.
    package func giveBack() -> Bool { logins.pending.withLock { $0.take(number) } != nil }
  }

  /// Takes a place for a connection.
  ///
  /// - Parameter giveWay: what `makeRoom` returns if it is this connection that gives way.
  /// - Returns: nil if there are `limit` already.
  package func admit(
    _ peer: IPAddress, to pool: PendingPool, limit: Int, giveWay: @escaping GiveWay
  ) -> Ticket? {
    let number = pending.withLock { pending -> UInt64? in
      guard pending.entries.count < limit else { return nil }
      pending.arrivals += 1
      let number = pending.arrivals
      pending.entries[number] = (pending.networks.insert(peer, in: pool, number: number), giveWay)
      return number
    }
    return number.map { Ticket(self, $0) }
  }

  /// Takes the place of the connection that gives way to a newcomer.
  ///
  /// - Parameters:
  ///   - peer: the newcomer; nil if a proxy has yet to name it.
  ///   - pool: where a place is needed; nil for anywhere.
  /// - Returns: what ends that connection; nil if no connection gives way to this newcomer.
  package func makeRoom(for peer: IPAddress?, in pool: PendingPool?) -> GiveWay? {
    pending.withLock { pending in
      pending.networks.giver(for: peer, in: pool).flatMap { pending.take($0) }
    }
  }

  /// Whether `makeRoom` would find a connection.
  package func hasGiver(for peer: IPAddress?, in pool: PendingPool?) -> Bool {
    pending.withLock { $0.networks.giver(for: peer, in: pool) != nil }
  }
}
