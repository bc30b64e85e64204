/// Hashes texts with a key that is drawn at random: nobody can choose texts that have the same hash.
///
/// It multiplies to 128 bits and folds the halves, 16 bytes at a time, which for names and addresses is much quicker
/// than `Hasher`.
package struct TextHash: Sendable {
  private let first: UInt64
  private let second: UInt64

  init() {
    first = .random(in: .min ... .max)
    second = .random(in: .min ... .max)
  }

  func callAsFunction(_ text: UnsafeRawBufferPointer) -> UInt64 {
    let count = text.count
    var state = first ^ UInt64(truncatingIfNeeded: count)
    guard let base = text.baseAddress, count > 0 else { return Self.fold(state, second) }
    func word(_ place: Int) -> UInt64 { base.loadUnaligned(fromByteOffset: place, as: UInt64.self) }
    var place = 0
    while count - place > 16 {
      state = Self.fold(word(place) ^ second, word(place + 8) ^ state)
      place += 16
    }
    // The last bytes; where there are fewer than two words, the words have some bytes twice.
    var (low, high): (UInt64, UInt64) = (0, 0)
    if count >= 16 {
      (low, high) = (word(count - 16), word(count - 8))
    } else if count >= 8 {
      (low, high) = (word(0), word(count - 8))
    } else {
      for byte in text { low = low << 8 | UInt64(byte) }
    }
    return Self.fold(Self.fold(low ^ second, high ^ state), first)
  }

  func callAsFunction(_ number: UInt32) -> UInt64 { Self.fold(UInt64(number) ^ first, second) }

  @inline(__always)
  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
