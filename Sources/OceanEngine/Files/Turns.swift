import NIOCore

/// Waiting elements in a queue for each key. The keys take turns: a key with many elements delays no other.
struct Turns<Element> {
  private var queues: [Int: CircularBuffer<Element>] = [:]
  /// The keys of all queues, the next one first.
  private var order = CircularBuffer<Int>()
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// Adds an element behind all others of its key.
  mutating func append(_ element: Element, of key: Int) {
    if queues[key] == nil { order.append(key) }
    queues[key, default: CircularBuffer(initialCapacity: 1)].append(element)
    count += 1
  }

  /// Takes out the first element of the key whose turn it is, and ends that turn.
  mutating func popFirst() -> Element? {
    guard let key = order.popFirst(), let element = queues[key]?.popFirst() else { return nil }
    count -= 1
    if queues[key]?.isEmpty == false {
      order.append(key)
    } else {
      queues[key] = nil
    }
    return element
  }

  /// Takes out the unwanted elements.
  mutating func removeAll(where isUnwanted: (Element) -> Bool) -> [Element] {
    var removed: [Element] = []
    var kept = Turns()
    for key in order {
      for element in queues[key] ?? [] {
        if isUnwanted(element) { removed.append(element) } else { kept.append(element, of: key) }
      }
    }
    if !removed.isEmpty { self = kept }
    return removed
  }
}
