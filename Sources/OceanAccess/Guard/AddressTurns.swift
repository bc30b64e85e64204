package import OceanAddresses
internal import Synchronization

/// Waiting elements in a queue for each address. The addresses take turns: a client with many waiting
/// elements delays only itself.
///
/// IPv6 addresses count by prefix. Safe to call from any thread.
package final class AddressTurns<Element: Sendable>: Sendable {
  private struct Waiting {
    /// The queues by address; a queue is never empty.
    var queues: [AddressKey: [Element]] = [:]
    /// The keys of all queues, the next one first.
    var turns: [AddressKey] = []
  }

  private let v6PrefixLength: Int
  private let waiting = Mutex(Waiting())

  /// - Parameter v6PrefixLength: leading bits of an IPv6 address that count as one address, 1 to 128.
  package init(v6PrefixLength: Int = defaultV6PrefixLength) {
    self.v6PrefixLength = min(max(v6PrefixLength, 1), 128)
  }

  /// Adds an element behind all others of its address.
  package func append(_ element: Element, of peer: IPAddress) {
    let key = AddressKey(peer, v6PrefixLength: v6PrefixLength)
    waiting.withLock { waiting in
      if waiting.queues[key] == nil { waiting.turns.append(key) }
      waiting.queues[key, default: []].append(element)
    }
  }

  /// How many elements wait.
  package var count: Int { waiting.withLock { $0.queues.values.reduce(0) { $0 + $1.count } } }

  /// Takes out the first element of the address whose turn it is, and ends that turn; nil if nothing waits.
  package func next() -> Element? {
    waiting.withLock { waiting in
      guard let key = waiting.turns.first else { return nil }
      waiting.turns.removeFirst()
      let element = waiting.queues[key]?.removeFirst()
      if waiting.queues[key]?.isEmpty == false {
        waiting.turns.append(key)
      } else {
        waiting.queues[key] = nil
      }
      return element
    }
  }
}
