package import OceanAddresses
internal import Synchronization

/// Counts the live connections of each address exactly, over all listeners and event loops.
///
/// IPv6 addresses count by prefix. Memory goes with the connections: an address without connections costs
/// nothing, and a counter without connections less than 64 KiB.
package final class ConnectionCounter: Sendable {
  private let v6PrefixLength: Int
  private let shards: [Shard]

  fileprivate final class Shard: Sendable {
    /// The capacity that a shard without connections keeps, at most.
    private static let keptCapacity = 24

    private let counts = Mutex([AddressKey: Int]())

    func count(of key: AddressKey) -> Int { counts.withLock { $0[key, default: 0] } }

    func take(_ key: AddressKey, limit: Int) -> Bool {
      guard limit > 0 else { return false }
      return counts.withLock { counts in
        func add(to count: inout Int) -> Bool {
          guard count < limit else { return false }
          count += 1
          return true
        }
        return add(to: &counts[key, default: 0])
      }
    }

    func giveBack(_ key: AddressKey) {
      counts.withLock { counts in
        guard let index = counts.index(forKey: key) else { return }
        if counts.values[index] > 1 {
          counts.values[index] -= 1
        } else {
          counts.remove(at: index)
        }
        // A few places are kept: most shards of a quiet server have no connection again and again.
        if counts.isEmpty, counts.capacity > Self.keptCapacity { counts = [:] }
      }
    }
  }

  /// - Parameter v6PrefixLength: leading bits of an IPv6 address that count as one address, 1 to 128.
  package init(v6PrefixLength: Int = defaultV6PrefixLength) {
    self.v6PrefixLength = min(max(v6PrefixLength, 1), 128)
    shards = (0..<64).map { _ in Shard() }
  }

  /// A place among the connections of an address. It is given back when the value goes, in whatever way it
  /// does.
  package struct Ticket: ~Copyable, Sendable {
    fileprivate let shard: Shard
    fileprivate let key: AddressKey

    deinit { shard.giveBack(key) }
  }

  /// Takes a place for a connection.
  ///
  /// - Parameter limit: the most connections of an address at a time; `.max` only counts.
  /// - Returns: nil if the address already has that many.
  package func admit(_ peer: IPAddress, limit: Int) -> Ticket? {
    let key = AddressKey(peer, v6PrefixLength: v6PrefixLength)
    let shard = shard(of: key)
    return shard.take(key, limit: limit) ? Ticket(shard: shard, key: key) : nil
  }

  /// The live connections of an address, and of all that count as one with it.
  package func count(of peer: IPAddress) -> Int {
    let key = AddressKey(peer, v6PrefixLength: v6PrefixLength)
    return shard(of: key).count(of: key)
  }

  private func shard(of key: AddressKey) -> Shard {
    // Hashes use a key of the process: nobody can aim at one shard.
    shards[key.hashValue & (shards.count - 1)]
  }
}
