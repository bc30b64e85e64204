internal import Synchronization

/// A map from addresses to small values, bounded however many addresses come.
///
/// It is built like a processor's cache. An address belongs to one group of 16 places, found by a hash whose
/// key is drawn at each start, so that nobody can aim addresses at one group. A newcomer to a full group
/// takes the place of the entry that the caller ranks lowest there: no table-wide order has to be kept.
/// Groups are spread over shards with a lock each. A shard starts without memory and doubles as it fills. The
/// largest has 4096 places, so that the longest pause, copying one, is a fraction of a millisecond.
///
/// If there are as many addresses as places, used evenly, nine in ten find room.
final class AddressTable<Value: AddressTableValue>: Sendable {
  private let shards: [Shard]
  private let entries = Atomic(0)

  private final class Shard: Sendable {
    let groups: Mutex<AddressGroups<Value>>

    init(maxGroups: Int) { groups = Mutex(AddressGroups(maxGroups: maxGroups)) }
  }

  /// - Parameter capacity: places in all; rounded up to a power of two, at least 16.
  init(capacity: Int) {
    let width = AddressGroups<Value>.width
    var groups = 1
    while groups * width < min(capacity, 1 << 28) { groups *= 2 }
    let shards = min(groups, 256)
    self.shards = (0..<shards).map { _ in Shard(maxGroups: groups / shards) }
  }

  /// The number of entries; read without a lock.
  var count: Int { entries.load(ordering: .relaxed) }

  func value(of key: AddressKey) -> Value? {
    let hash = Self.hash(key)
    return shard(hash).groups.withLock { groups in
      groups.index(of: key, hash).map { groups.values[$0] }
    }
  }

  /// Changes the entry of an address; the entry is made if it is missing.
  ///
  /// - Parameter rank: how much an entry is worth keeping: in a full group the lowest gives way.
  func update<Result>(
    _ key: AddressKey, rank: (Value) -> UInt64, _ body: (inout Value) -> Result
  ) -> Result where Result: Sendable {
    let hash = Self.hash(key)
    return shard(hash).groups.withLock { groups in
      if let index = groups.index(of: key, hash) { return body(&groups.values[index]) }
      let before = groups.count
      let index = groups.insert(key, hash, rank: rank)
      entries.wrappingAdd(groups.count - before, ordering: .relaxed)
      return body(&groups.values[index])
    }
  }

  /// Removes the entry of an address if `condition` holds for it.
  @discardableResult
  func remove(_ key: AddressKey, where condition: (Value) -> Bool = { _ in true }) -> Value? {
    let hash = Self.hash(key)
    return shard(hash).groups.withLock { groups in
      guard let index = groups.index(of: key, hash), condition(groups.values[index]) else { return nil }
      let value = groups.values[index]
      groups.remove(at: index)
      entries.wrappingSubtract(1, ordering: .relaxed)
      return value
    }
  }

  /// Removes every entry for which `condition` holds, one shard after the other; memory of emptied shards is freed.
  func removeAll(where condition: (Value) -> Bool) {
    for shard in shards {
      shard.groups.withLock { groups in
        let before = groups.count
        groups.removeAll(where: condition)
        entries.wrappingSubtract(before - groups.count, ordering: .relaxed)
      }
    }
  }

  /// Copies of all entries, in no particular order, taken one shard after the other.
  func all() -> [(key: AddressKey, value: Value)] {
    shards.flatMap { shard in shard.groups.withLock { $0.all() } }
  }

  private func shard(_ hash: UInt64) -> Shard {
    shards[Int(truncatingIfNeeded: hash >> 48) & (shards.count - 1)]
  }

  /// The hash of a key. Swift's hashes use a key of the process.
  fileprivate static func hash(_ key: AddressKey) -> UInt64 {
    UInt64(truncatingIfNeeded: key.hashValue)
  }
}

/// The value that an ``AddressTable`` has for an address.
protocol AddressTableValue: Sendable {
  /// Makes a value of an address of which nothing is known yet. It must own no memory.
  init()
}

/// The entries of one shard.
private struct AddressGroups<Value: AddressTableValue>: Sendable {
  /// Places in a group.
  static var width: Int { 16 }

  private(set) var count = 0
  /// Both arrays have the same indices: group after group.
  private(set) var keys: [AddressKey] = []
  var values: [Value] = []
  /// Seven bits of each key's hash, below the bit that says that the place is taken: eight places a word. A
  /// lookup reads a group's two words; for most keys that are not there, these alone tell it.
  private var tags: [UInt64] = []
  private let maxGroups: Int

  init(maxGroups: Int) { self.maxGroups = maxGroups }

  func index(of key: AddressKey, _ hash: UInt64) -> Int? {
    guard count > 0 else { return nil }
    let first = firstWord(hash)
    for word in first..<first + 2 {
      var matches = Self.matches(Self.tag(hash), in: tags[word])
      while matches != 0 {
        let index = Self.index(word, matches)
        if keys[index] == key { return index }
        matches &= matches &- 1
      }
    }
    return nil
  }

  /// Adds an entry for a key that does not have one.
  mutating func insert(_ key: AddressKey, _ hash: UInt64, rank: (Value) -> UInt64) -> Int {
    var place = vacancy(hash)
    while place == nil, grow() { place = vacancy(hash) }
    let index = place ?? lowest(hash, rank)
    if place == nil { remove(at: index) }
    let shift = UInt64(8 * (index % 8))
    tags[index / 8] |= UInt64(Self.tag(hash)) << shift
    keys[index] = key
    count += 1
    return index
  }

  mutating func remove(at index: Int) {
    tags[index / 8] &= ~(0xff << UInt64(8 * (index % 8)))
    values[index] = Value()
    count -= 1
  }

  mutating func removeAll(where condition: (Value) -> Bool) {
    for index in values.indices where isTaken(index) && condition(values[index]) { remove(at: index) }
    if count == 0 { self = AddressGroups(maxGroups: maxGroups) }
  }

  func all() -> [(key: AddressKey, value: Value)] {
    values.indices.filter(isTaken).map { (keys[$0], values[$0]) }
  }

  // MARK: - Places

  /// The first of the two words of tags of a hash's group.
  private func firstWord(_ hash: UInt64) -> Int {
    // The number of words is a power of two.
    2 * (Int(truncatingIfNeeded: hash >> 8) & (tags.count / 2 - 1))
  }

  private func vacancy(_ hash: UInt64) -> Int? {
    guard !tags.isEmpty else { return nil }
    let first = firstWord(hash)
    for word in first..<first + 2 {
      let vacant = ~tags[word] & Self.highBits
      if vacant != 0 { return Self.index(word, vacant) }
    }
    return nil
  }

  private func lowest(_ hash: UInt64, _ rank: (Value) -> UInt64) -> Int {
    let first = 8 * firstWord(hash)
    var lowest = (index: first, rank: rank(values[first]))
    for index in first + 1..<first + Self.width {
      let rank = rank(values[index])
      if rank < lowest.rank { lowest = (index, rank) }
    }
    return lowest.index
  }

  /// Doubles the groups; false if there are as many as there may be. Each new group takes over only its half
  /// of an old one.
  private mutating func grow() -> Bool {
    let groups = tags.count / 2
    guard groups < maxGroups else { return false }
    let old = self
    let places = max(groups * 2, 1) * Self.width
    tags = Array(repeating: 0, count: places / 8)
    keys = Array(repeating: AddressKey.vacant, count: places)
    values = Array(repeating: Value(), count: places)
    count = 0
    for index in old.values.indices where old.isTaken(index) {
      let hash = AddressTable<Value>.hash(old.keys[index])
      values[insert(old.keys[index], hash) { _ in 0 }] = old.values[index]
    }
    return true
  }

  private func isTaken(_ index: Int) -> Bool {
    tags[index / 8] >> UInt64(8 * (index % 8)) & 0x80 != 0
  }

  // MARK: - Words of tags

  private static var highBits: UInt64 { 0x8080_8080_8080_8080 }
  private static var lowBits: UInt64 { 0x0101_0101_0101_0101 }

  private static func tag(_ hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: hash) | 0x80 }

  /// The high bit of each byte that equals `tag`, and perhaps of a few others, whose keys differ.
  private static func matches(_ tag: UInt8, in word: UInt64) -> UInt64 {
    let difference = word ^ (lowBits &* UInt64(tag))
    return (difference &- lowBits) & ~difference & highBits
  }

  private static func index(_ word: Int, _ highBits: UInt64) -> Int {
    8 * word + highBits.trailingZeroBitCount / 8
  }
}
