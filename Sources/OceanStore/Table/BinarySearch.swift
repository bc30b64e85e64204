extension Range<Int> {
  /// The first number that is not before the one that is looked for; the upper bound if all of them are.
  ///
  /// - Parameter isBefore: true for a first part of the range, false for the rest.
  func lowerBound(where isBefore: (Int) -> Bool) -> Int {
    var range = self
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = isBefore(middle) ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }
}

extension Array where Element: Comparable {
  /// The index of an element in a sorted array; nil if it is not there.
  func sortedIndex(of element: Element) -> Int? {
    let index = indices.lowerBound { self[$0] < element }
    return index < count && self[index] == element ? index : nil
  }
}
