/// A hash table from names to numbers 0, 1, 2, ... in the order of insertion.
///
/// It contains only hashes; the names stay with its owner, who compares. Open addressing, at most half full:
/// 16 to 32 bytes a name. A slot has the hash beside the number, so that a search looks at one place in memory.
struct NameIndex: Sendable {
  private(set) var count = 0
  /// The hash in the upper half, number + 1 in the lower; 0 is a free slot. The number of slots is a power of two.
  private var slots: [UInt64]

  /// - Parameter expected: how many names there will be, as far as that can be guessed.
  init(expecting expected: Int = 0) {
    var size = 16
    while size < expected * 2, size < 1 << 24 { size *= 2 }
    slots = Array(repeating: 0, count: size)
  }

  /// The number of a name with this hash for which `isSame` is true.
  func find(_ hash: UInt32, isSame: (Int) -> Bool) -> Int? {
    let slot = slots[probe(hash, isSame: isSame)]
    return slot == 0 ? nil : Self.number(slot)
  }

  /// The number of a name that is already there; otherwise nil, and the name now has the next number.
  mutating func insert(_ hash: UInt32, isSame: (Int) -> Bool) -> Int? {
    let place = probe(hash, isSame: isSame)
    if slots[place] != 0 { return Self.number(slots[place]) }
    count += 1
    slots[place] = UInt64(hash) << 32 | UInt64(truncatingIfNeeded: count)
    if count * 2 > slots.count { grow() }
    return nil
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: 0, count: old.count * 2)
    for slot in old where slot != 0 {
      slots[probe(UInt32(truncatingIfNeeded: slot >> 32)) { _ in false }] = slot
    }
  }

  /// The slot of the number that matches, or the free one where the search ends.
  private func probe(_ hash: UInt32, isSame: (Int) -> Bool) -> Int {
    let mask = slots.count - 1
    var place = Int(hash) & mask
    while slots[place] != 0 {
      if slots[place] >> 32 == UInt64(hash), isSame(Self.number(slots[place])) { break }
      place = (place + 1) & mask
    }
    return place
  }

  private static func number(_ slot: UInt64) -> Int { Int(slot & 0xffff_ffff) - 1 }

  /// The hash of a folded name, seeded per process by the standard library.
  static func hash(_ name: UnsafeRawBufferPointer) -> UInt32 {
    var hasher = Hasher()
    hasher.combine(bytes: name)
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }
}

extension AccountName {
  /// Calls `body` with the octets of the name.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var text = text
    return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }
}
