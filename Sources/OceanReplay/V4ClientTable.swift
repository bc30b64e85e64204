/// The numbers of IPv4 clients by address.
struct V4ClientTable {
  /// An address in the high half, the client's number plus one in the low half; 0 in a vacant slot. The count is a
  /// power of two, and at least half are vacant.
  private var slots = [UInt64](repeating: 0, count: 64)
  private var count = 0
  private let hash: TextHash

  init(_ hash: TextHash) { self.hash = hash }

  /// The number of an address.
  ///
  /// - Parameter new: the number that it gets if it has none yet.
  mutating func number(of address: UInt32, new: Int) -> Int {
    var place = place(address)
    while slots[place] != 0 {
      if slots[place] >> 32 == UInt64(address) { return Int(slots[place] & 0xffff_ffff) - 1 }
      place = (place + 1) & (slots.count - 1)
    }
    slots[place] = UInt64(address) << 32 | UInt64(UInt32(truncatingIfNeeded: new + 1))
    count += 1
    if count * 2 > slots.count { grow() }
    return new
  }

  /// Prepares for looking up an address soon.
  func prefetch(_ address: UInt32) { slots.prefetch(place(address)) }

  private func place(_ address: UInt32) -> Int {
    Int(truncatingIfNeeded: hash(address)) & (slots.count - 1)
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: old.count * 2)
    for slot in old where slot != 0 {
      var place = place(UInt32(truncatingIfNeeded: slot >> 32))
      while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
      slots[place] = slot
    }
  }
}
