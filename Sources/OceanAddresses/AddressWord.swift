/// An address as a number: `UInt32` for IPv4, `UInt128` for IPv6.
///
/// The sorted arrays of this folder are generic over it, so that an IPv4 entry costs a quarter of an IPv6
/// one.
typealias AddressWord = FixedWidthInteger & UnsignedInteger & Sendable

extension IPAddress {
  init<Word: AddressWord>(_ word: Word) {
    self.init(family: Word.bitWidth == 32 ? .v4 : .v6, value: UInt128(word))
  }
}

/// An aligned power-of-two block of addresses: `first` with its low `hostBits` free.
struct Block<Word: AddressWord>: Equatable {
  let first: Word
  let hostBits: Int

  var last: Word { first | Self.hostMask(hostBits) }

  var prefix: IPPrefix { IPPrefix(IPAddress(first), length: Word.bitWidth - hostBits) }

  static func hostMask(_ hostBits: Int) -> Word {
    hostBits == 0 ? 0 : Word.max >> Word(Word.bitWidth - hostBits)
  }
}

/// The fewest blocks that make up `first...last`, in order.
struct Blocks<Word: AddressWord>: Sequence, IteratorProtocol {
  private var first: Word
  private let last: Word
  private var done: Bool

  init(_ first: Word, _ last: Word) {
    self.first = first
    self.last = last
    done = first > last
  }

  /// Returns the largest block that starts at `first` and does not reach past `last`. Taking less would cost
  /// one more block, because the rest would need the other half again.
  mutating func next() -> Block<Word>? {
    if done { return nil }
    let span = last - first
    // This is floor(log2(span + 1)), without overflow if the span is the whole space.
    let fitting =
      span == .max ? Word.bitWidth : Word.bitWidth - 1 - (span + 1).leadingZeroBitCount
    let block = Block(first: first, hostBits: Swift.min(first.trailingZeroBitCount, fitting))
    if block.last == last { done = true } else { first = block.last + 1 }
    return block
  }
}
