import TestSupport

extension Array<UInt8> {
  /// The octets cut at random places; some of the pieces are empty.
  func pieces(using random: inout SeededGenerator) -> [ArraySlice<UInt8>] {
    let cuts = (0..<Int.random(in: 0...6, using: &random)).map { _ in
      Int.random(in: 0...count, using: &random)
    }
    let ends = [0] + cuts.sorted() + [count]
    return zip(ends, ends.dropFirst()).map { self[$0..<$1] }
  }

  /// Random octets out of these, `length` in number.
  func mixed(_ length: Int, using random: inout SeededGenerator) -> [UInt8] {
    (0..<length).map { _ in self[Int.random(in: indices, using: &random)] }
  }
}
