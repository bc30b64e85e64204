/// A set of numbers, as the ascending points at which membership flips, starting from "not in the set" below
/// zero.
///
/// The form is canonical: equal sets are equal arrays. Ranges are disjoint and never touch, because two flips
/// at one point would cancel. A set that holds the greatest number simply lacks its last flip, so that
/// nothing is ever computed beyond the number range.
struct IntervalSet<Word: AddressWord>: Sendable, Hashable {
  private(set) var flips: ContiguousArray<Word> = []

  init() {}

  /// Makes a set from ascending ranges, which may overlap and touch.
  init(ascending ranges: some Sequence<ClosedRange<Word>>) {
    var ranges = ranges.makeIterator()
    guard var current = ranges.next() else { return }
    while let range = ranges.next() {
      if current.upperBound == .max { break }
      if range.lowerBound <= current.upperBound + 1 {
        current = current.lowerBound...max(current.upperBound, range.upperBound)
      } else {
        append(current)
        current = range
      }
    }
    append(current)
  }

  init(unsorted ranges: some Sequence<ClosedRange<Word>>) {
    var sorted = ContiguousArray(ranges)
    sorted.sort(byWord: { $0.lowerBound }) { $0.lowerBound < $1.lowerBound }
    self.init(ascending: sorted)
  }

  private mutating func append(_ range: ClosedRange<Word>) {
    flips.append(range.lowerBound)
    if range.upperBound < .max { flips.append(range.upperBound + 1) }
  }

  var isEmpty: Bool { flips.isEmpty }

  var rangeCount: Int { (flips.count + 1) / 2 }

  /// Range number `index` of `rangeCount`, ascending.
  func range(_ index: Int) -> ClosedRange<Word> {
    let end = 2 * index + 1
    return flips[2 * index]...(end < flips.count ? flips[end] - 1 : .max)
  }

  func contains(_ number: Word) -> Bool { !flipsUp(to: number).isMultiple(of: 2) }

  /// The number of flips up to a number.
  private func flipsUp(to number: Word) -> Int {
    var low = 0
    var high = flips.count
    while low < high {
      let middle = (low + high) / 2
      if flips[middle] <= number { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether the set holds all of a range.
  func contains(_ range: ClosedRange<Word>) -> Bool {
    let next = flipsUp(to: range.lowerBound)
    return !next.isMultiple(of: 2) && (next == flips.count || flips[next] > range.upperBound)
  }

  /// Whether the set holds any of a range.
  func overlaps(_ range: ClosedRange<Word>) -> Bool {
    let next = flipsUp(to: range.lowerBound)
    return !next.isMultiple(of: 2) || (next < flips.count && flips[next] <= range.upperBound)
  }

  /// How many numbers the set holds; nil stands for all of them if that does not fit the type.
  var count: UInt128? {
    var count: UInt128 = 0
    for index in 0..<rangeCount {
      let range = range(index)
      let span = UInt128(range.upperBound - range.lowerBound)
      if span == .max { return nil }
      count += span + 1
    }
    return count
  }

  /// Whether the sets share no number. Stops at the first number that both hold.
  func isDisjoint(with other: IntervalSet) -> Bool {
    var (i, j) = (0, 0)
    while i < rangeCount, j < other.rangeCount {
      let (a, b) = (range(i), other.range(j))
      if a.overlaps(b) { return false }
      if a.upperBound < b.upperBound { i += 1 } else { j += 1 }
    }
    return true
  }

  // MARK: - Algebra

  func complement() -> IntervalSet {
    var result = self
    if flips.first == 0 { result.flips.removeFirst() } else { result.flips.insert(0, at: 0) }
    return result
  }

  /// The numbers of the set that another one holds, or those that it does not hold.
  ///
  /// Only the parts of a much larger set around these numbers are looked at: O(k log n).
  func filtered(by other: IntervalSet, isIn wanted: Bool) -> IntervalSet {
    // All numbers: often a setting that leaves nobody out.
    if flips.count == 1, flips[0] == 0 { return wanted ? other : other.complement() }
    guard flips.count < other.flips.count / 32 else { return combined(with: other) { $0 && $1 == wanted } }
    var result = IntervalSet()
    for index in 0..<rangeCount {
      let range = range(index)
      var start = range.lowerBound
      var next = other.flipsUp(to: start)
      while true {
        let isCut = next < other.flips.count && other.flips[next] <= range.upperBound
        let end = isCut ? other.flips[next] - 1 : range.upperBound
        if next.isMultiple(of: 2) != wanted { result.append(start...end) }
        guard isCut else { break }
        start = end + 1
        next += 1
      }
    }
    return result
  }

  /// The numbers for which `isMember(in self, in other)` holds, in one pass; false, false must give false.
  @inline(__always)
  func combined(with other: IntervalSet, _ isMember: (Bool, Bool) -> Bool) -> IntervalSet {
    if other.flips.count < flips.count / 32 { return pieced(with: other, isMember) }
    if flips.count < other.flips.count / 32 { return other.pieced(with: self) { isMember($1, $0) } }
    var result = IntervalSet()
    let (a, b) = (flips, other.flips)
    result.flips = ContiguousArray(unsafeUninitializedCapacity: a.count + b.count) { buffer, count in
      var (i, j) = (0, 0)
      var (inSelf, inOther, inResult) = (false, false, false)
      // Which set flips next is as good as random, so there is no branch on it.
      while i < a.count, j < b.count {
        let (isSelf, isOther) = (a[i] <= b[j], b[j] <= a[i])
        buffer[count] = isSelf ? a[i] : b[j]
        i &+= isSelf ? 1 : 0
        j &+= isOther ? 1 : 0
        inSelf = inSelf != isSelf
        inOther = inOther != isOther
        let isIn = isMember(inSelf, inOther)
        count &+= isIn != inResult ? 1 : 0
        inResult = isIn
      }
      // One set does not flip any more; the other decides, or nothing does.
      let rest = i < a.count ? a[i...] : b[j...]
      let isDecided =
        i < a.count
        ? isMember(false, inOther) != isMember(true, inOther)
        : isMember(inSelf, false) != isMember(inSelf, true)
      guard isDecided else { return }
      for point in rest {
        buffer[count] = point
        count += 1
      }
    }
    return result
  }

  /// The same with a much smaller set: what lies between its flips is copied as it is.
  private func pieced(with other: IntervalSet, _ isMember: (Bool, Bool) -> Bool) -> IntervalSet {
    var result = IntervalSet()
    result.flips.reserveCapacity(flips.count + other.flips.count)
    var (next, inOther) = (0, false)
    func copy(to end: Int) {
      if isMember(false, inOther) != isMember(true, inOther) {
        result.flips.append(contentsOf: flips[next..<end])
      }
      next = end
    }
    for point in other.flips {
      let end = point > .min ? flipsUp(to: point - 1) : 0
      copy(to: end)
      let before = isMember(!end.isMultiple(of: 2), inOther)
      if end < flips.count, flips[end] == point { next += 1 }
      inOther.toggle()
      if isMember(!next.isMultiple(of: 2), inOther) != before { result.flips.append(point) }
    }
    copy(to: flips.count)
    return result
  }
}
