import Glibc

/// Numbers for texts: the first is 0, and the same text has the same number. Texts are looked up as bytes, so
/// that a line of a log that has only known texts costs no allocation.
struct NameTable {
  /// All texts, one after the other.
  private var bytes: [UInt8] = []
  /// Where each text ends in `bytes`.
  private var ends: [Int] = []
  /// The numbers plus one, by hash; 0 is vacant. The count is a power of two, and at least half are vacant.
  private var slots = [UInt32](repeating: 0, count: 64)
  /// The text that was asked for last: a log often repeats it in the next line.
  private var last = 0

  var count: Int { ends.count }

  mutating func number(of text: UnsafeRawBufferPointer) -> Int {
    if last < ends.count, has(text, at: last) { return last }
    last = find(text)
    return last
  }

  func text(_ number: Int) -> String { String(decoding: bytes[range(number)], as: UTF8.self) }

  private func range(_ number: Int) -> Range<Int> { (number > 0 ? ends[number - 1] : 0)..<ends[number] }

  private func has(_ text: UnsafeRawBufferPointer, at number: Int) -> Bool {
    let range = range(number)
    guard range.count == text.count else { return false }
    return bytes.withUnsafeBytes { bytes in
      let known = UnsafeRawBufferPointer(rebasing: bytes[range])
      guard let start = known.baseAddress, let other = text.baseAddress else { return true }
      return memcmp(start, other, text.count) == 0
    }
  }

  private mutating func find(_ text: UnsafeRawBufferPointer) -> Int {
    var slot = Self.hash(text) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if has(text, at: number) { return number }
      slot = (slot + 1) & (slots.count - 1)
    }
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    slots[slot] = UInt32(truncatingIfNeeded: ends.count)
    if ends.count * 2 > slots.count { grow() }
    return ends.count - 1
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for number in ends.indices {
      var slot =
        bytes.withUnsafeBytes {
          Self.hash(UnsafeRawBufferPointer(rebasing: $0[range(number)]))
        } & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(truncatingIfNeeded: number + 1)
    }
  }

  /// Swift's hashes use a key of the process: nobody can choose names that all have one slot.
  private static func hash(_ text: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: text)
    return hasher.finalize()
  }
}
