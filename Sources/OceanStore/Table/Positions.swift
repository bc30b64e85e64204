/// Positions in a table, in order: all of them, or those of a list.
struct Positions: RandomAccessCollection {
  private let list: [UInt32]?
  let count: Int

  init(all count: Int) { (list, self.count) = (nil, count) }

  init(_ list: [UInt32]) { (self.list, count) = (list, list.count) }

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  subscript(place: Int) -> Int { list.map { Int($0[place]) } ?? place }

  /// The first place of a position that is not lower.
  private func lowerBound(of position: Int) -> Int {
    guard let list else { return Swift.min(position, count) }
    var range = 0..<list.count
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = list[middle] < position ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }

  /// The index of a position; nil if it is not among them.
  func place(of position: Int) -> Int? {
    let place = lowerBound(of: position)
    return place < count && self[place] == position ? place : nil
  }
}

/// Tells quickly of most hashes that they are not among some.
struct HashFilter {
  private var words: [UInt64]

  /// - Parameter count: how many there will be.
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

  static func contains(_ hash: UInt64, in sorted: [UInt64]) -> Bool {
    var range = 0..<sorted.count
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if sorted[middle] == hash { return true }
      range = sorted[middle] < hash ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return false
  }
}
