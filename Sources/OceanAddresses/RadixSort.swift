extension ContiguousArray {
  /// Sorts by a number of each element; elements with equal numbers keep their order.
  ///
  /// Each pass takes 11 bits, as far as the numbers have any. So it is O(n), with the memory for another array.
  @inlinable package mutating func radixSort(by number: (Element) -> UInt64) {
    var bits: UInt64 = 0
    for element in self { bits |= number(element) }
    var other = self
    for shift in stride(from: 0, to: UInt64.bitWidth - bits.leadingZeroBitCount, by: 11) {
      var places = [Int](repeating: 0, count: 2048)
      for element in self { places[Int(number(element) >> UInt64(shift) & 2047)] += 1 }
      var sum = 0
      for digit in places.indices { (places[digit], sum) = (sum, sum + places[digit]) }
      for element in self {
        let digit = Int(number(element) >> UInt64(shift) & 2047)
        other[places[digit]] = element
        places[digit] += 1
      }
      swap(&self, &other)
    }
  }

  /// Sorts by a word of each element, and by comparing where that is quicker: a few elements, or long words.
  ///
  /// - Parameter isBefore: the same order. Elements with equal words must be equal to it, or in order already.
  mutating func sort<Word: AddressWord>(
    byWord word: (Element) -> Word, _ isBefore: (Element, Element) -> Bool
  ) {
    guard count > 1000, Word.bitWidth <= 64 else { return sort(by: isBefore) }
    radixSort { UInt64(truncatingIfNeeded: word($0)) }
  }
}
