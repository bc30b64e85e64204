/// A hash table from names to numbers 0, 1, 2, ... in the order of insertion.
///
/// It contains only hashes; the names stay with its owner, who compares. Open addressing, at most half full:
/// 12 to 20 bytes a name.
struct NameIndex: Sendable {
  private var hashes: [UInt32] = []
  /// Number + 1; 0 is a free slot. The number of slots is a power of two.
  private var slots = [UInt32](repeating: 0, count: 16)

  /// The name's number.
  func find(_ name: AccountName, isSame: (Int) -> Bool) -> Int? {
    let hash = Self.hash(name)
    let slot = probe(hash) { hashes[$0] == hash && isSame($0) }
    return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
  }

  /// The number of a name that is already there; otherwise nil, and the name now has the next number.
  mutating func insert(_ name: AccountName, isSame: (Int) -> Bool) -> Int? {
    if let number = find(name, isSame: isSame) { return number }
    hashes.append(Self.hash(name))
    if hashes.count * 2 > slots.count {
      slots = Array(repeating: 0, count: slots.count * 2)
      for number in hashes.indices { place(number) }
    } else {
      place(hashes.count - 1)
    }
    return nil
  }

  private mutating func place(_ number: Int) {
    slots[probe(hashes[number]) { _ in false }] = UInt32(number) + 1
  }

  /// The slot of the number that matches, or the free one where the search ends.
  private func probe(_ hash: UInt32, isMatch: (Int) -> Bool) -> Int {
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] != 0, !isMatch(Int(slots[slot]) - 1) { slot = (slot + 1) & mask }
    return slot
  }

  /// The hash of a name, seeded per process by the standard library.
  private static func hash(_ name: AccountName) -> UInt32 {
    UInt32(truncatingIfNeeded: name.text.hashValue)
  }
}
