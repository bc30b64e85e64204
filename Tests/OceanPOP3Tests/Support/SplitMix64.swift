/// A seeded generator, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

extension Array<UInt8> {
  /// Cut at random places, into pieces of which some are empty.
  func pieces(using random: inout SplitMix64) -> [ArraySlice<UInt8>] {
    let cuts = (0..<Int.random(in: 0...6, using: &random)).map { _ in
      Int.random(in: 0...count, using: &random)
    }
    let ends = [0] + cuts.sorted() + [count]
    return zip(ends, ends.dropFirst()).map { self[$0..<$1] }
  }

  /// `length` random octets out of these.
  func mixed(_ length: Int, using random: inout SplitMix64) -> [UInt8] {
    (0..<length).map { _ in self[Int.random(in: indices, using: &random)] }
  }
}
