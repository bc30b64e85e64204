import Glibc

/// Numbers for texts: the first is 0, and the same text has the same number. Texts are looked up as bytes, so
/// that a line of a log that has only known texts costs no allocation.
struct NameTable {
  /// All texts, one after the other, each behind its length as a `UInt32`: a lookup finds both in one place.
  private var bytes: [UInt8] = []
  /// Where the length of each text is in `bytes`.
  private var starts: [Int] = []
  /// The texts by hash. The count is a power of two, and at least half are vacant.
  private var slots = [Slot](repeating: Slot(), count: 64)
  /// The text that was asked for last: a log often repeats it in the next line.
  private var last = 0
  private let hash: TextHash

  private struct Slot {
    /// The part of the hash that tells most texts apart without looking at them.
    var hash: UInt32 = 0
    /// The text's number plus one; 0 in a vacant slot.
    var number: UInt32 = 0
    var start = 0
  }

  init(_ hash: TextHash = TextHash()) { self.hash = hash }

  var count: Int { starts.count }

  mutating func number(of text: UnsafeRawBufferPointer) -> Int {
    if last < starts.count, has(text, at: starts[last]) { return last }
    last = find(text, hash(text))
    return last
  }

  /// - Parameter hash: that of the text.
  mutating func number(of text: UnsafeRawBufferPointer, hash: UInt64) -> Int { find(text, hash) }

  /// Prepares for looking up a text soon.
  func prefetch(_ hash: UInt64) {
    slots.prefetch(place(UInt32(truncatingIfNeeded: hash)))
  }

  /// Prepares for comparing a text soon, when its place has been fetched.
  func prefetchText(_ hash: UInt64) {
    let slot = slots[place(UInt32(truncatingIfNeeded: hash))]
    if slot.number != 0 { bytes.prefetch(slot.start) }
  }

  func text(_ number: Int) -> String {
    let start = starts[number] + MemoryLayout<UInt32>.size
    let end = number + 1 < starts.count ? starts[number + 1] : bytes.count
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private func has(_ text: UnsafeRawBufferPointer, at start: Int) -> Bool {
    bytes.withUnsafeBytes { bytes in
      guard bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self) == text.count else { return false }
      guard let known = bytes.baseAddress, let other = text.baseAddress else { return true }
      return memcmp(known + start + MemoryLayout<UInt32>.size, other, text.count) == 0
    }
  }

  private mutating func find(_ text: UnsafeRawBufferPointer, _ fullHash: UInt64) -> Int {
    let hash = UInt32(truncatingIfNeeded: fullHash)
    var place = place(hash)
    while slots[place].number != 0 {
      if slots[place].hash == hash, has(text, at: slots[place].start) { return Int(slots[place].number) - 1 }
      place = (place + 1) & (slots.count - 1)
    }
    let start = bytes.count
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: text.count)) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: text)
    starts.append(start)
    slots[place] = Slot(hash: hash, number: UInt32(truncatingIfNeeded: starts.count), start: start)
    if starts.count * 2 > slots.count { grow() }
    return starts.count - 1
  }

  private func place(_ hash: UInt32) -> Int { Int(hash) & (slots.count - 1) }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    for slot in old where slot.number != 0 {
      var place = place(slot.hash)
      while slots[place].number != 0 { place = (place + 1) & (slots.count - 1) }
      slots[place] = slot
    }
  }
}
