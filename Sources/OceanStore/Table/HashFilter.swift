/// A quick test that says of most hashes that they are not in a set.
struct HashFilter {
  private var words: [UInt64]

  /// - Parameter count: how many hashes there will be.
  init(count: Int) {
    var bits = 1 << 10
    while bits < 16 * count { bits *= 2 }
    words = Array(repeating: 0, count: bits / 64)
  }

  mutating func insert(_ hash: UInt64) { words[word(of: hash)] |= 1 << (hash & 63) }

  func mayContain(_ hash: UInt64) -> Bool { words[word(of: hash)] & 1 << (hash & 63) != 0 }

  private func word(of hash: UInt64) -> Int {
    Int(truncatingIfNeeded: hash >> 6 & UInt64(truncatingIfNeeded: words.count - 1))
  }
}
