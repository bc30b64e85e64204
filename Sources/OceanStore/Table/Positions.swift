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
