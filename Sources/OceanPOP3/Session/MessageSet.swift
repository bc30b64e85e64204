/// A set of message indices: one bit a message; nothing is allocated while it is empty.
package struct MessageSet: Sendable, Equatable {
  private var words: [UInt64] = []

  /// The number of messages in the set.
  package private(set) var count = 0

  package init() {}

  package var isEmpty: Bool { count == 0 }

  package func contains(_ index: Int) -> Bool {
    let word = index >> 6
    return word < words.count && words[word] & bit(index) != 0
  }

  /// Adds a message; false if it was there already.
  @discardableResult
  package mutating func insert(_ index: Int) -> Bool {
    guard !contains(index) else { return false }
    let word = index >> 6
    if word >= words.count {
      words.append(contentsOf: repeatElement(0, count: word + 1 - words.count))
    }
    words[word] |= bit(index)
    count += 1
    return true
  }

  private func bit(_ index: Int) -> UInt64 { 1 << UInt64(index & 63) }
}

extension MessageSet: Sequence {
  /// Visits the indices in ascending order.
  package struct Iterator: IteratorProtocol {
    private let words: [UInt64]
    private var word = 0
    private var rest: UInt64

    fileprivate init(_ words: [UInt64]) {
      self.words = words
      rest = words.first ?? 0
    }

    package mutating func next() -> Int? {
      while rest == 0 {
        word += 1
        guard word < words.count else { return nil }
        rest = words[word]
      }
      defer { rest &= rest - 1 }
      return word << 6 | rest.trailingZeroBitCount
    }
  }

  package func makeIterator() -> Iterator { Iterator(words) }

  package var underestimatedCount: Int { count }
}
