/// Positions in a table, in order: all of them, or those of a list.
struct Positions: RandomAccessCollection {
  private let list: [UInt32]?
  let count: Int

  init(all count: Int) { (list, self.count) = (nil, count) }

  init(_ list: [UInt32]) { (self.list, count) = (list, list.count) }

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  subscript(place: Int) -> Int { list.map { Int($0[place]) } ?? place }

  /// The index of a position; nil if it is not among them.
  func place(of position: Int) -> Int? {
    guard let list else { return position < count ? position : nil }
    return UInt32(exactly: position).flatMap(list.sortedIndex)
  }
}
