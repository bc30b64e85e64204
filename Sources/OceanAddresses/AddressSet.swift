/// An exact set of IPv4 and IPv6 addresses, in canonical form: equal sets are equal values, however they are
/// written.
///
/// Every operation takes time linear in the ranges of its operands, except `contains`, which is logarithmic, and what
/// a small set shares with a much larger one, or does not: that is logarithmic in the larger.
package struct AddressSet: Sendable, Hashable {
  private var v4: IntervalSet<UInt32>
  private var v6: IntervalSet<UInt128>

  init(v4: IntervalSet<UInt32>, v6: IntervalSet<UInt128>) {
    self.v4 = v4
    self.v6 = v6
  }

  /// The empty set.
  package init() {
    self.init(v4: IntervalSet(), v6: IntervalSet())
  }

  /// The addresses that any of the rules matches; O(n log n).
  package init(_ rules: AddressRules) {
    self.init(
      v4: IntervalSet(unsorted: rules.v4.lazy.map { $0.first...$0.last }),
      v6: IntervalSet(unsorted: rules.v6.lazy.map { $0.first...$0.last }))
  }

  package init(_ patterns: some Sequence<AddressPattern>) {
    self.init(AddressRules(patterns))
  }

  /// Every address of both families.
  package static let all = AddressSet().complement

  /// Every address of one family.
  package static func all(_ family: IPFamily) -> AddressSet {
    switch family {
    case .v4: AddressSet(v4: IntervalSet().complement(), v6: IntervalSet())
    case .v6: AddressSet(v4: IntervalSet(), v6: IntervalSet().complement())
    }
  }

  package var isEmpty: Bool { v4.isEmpty && v6.isEmpty }

  package func contains(_ address: IPAddress) -> Bool {
    switch address.family {
    case .v4: v4.contains(UInt32(truncatingIfNeeded: address.value))
    case .v6: v6.contains(address.value)
    }
  }

  /// Whether every address of the pattern is in the set; logarithmic.
  package func contains(_ pattern: AddressPattern) -> Bool {
    let (first, last) = (pattern.first.value, pattern.last.value)
    return switch pattern.family {
    case .v4: v4.contains(UInt32(truncatingIfNeeded: first)...UInt32(truncatingIfNeeded: last))
    case .v6: v6.contains(first...last)
    }
  }

  /// Whether any address of the pattern is in the set; logarithmic.
  package func overlaps(_ pattern: AddressPattern) -> Bool {
    let (first, last) = (pattern.first.value, pattern.last.value)
    return switch pattern.family {
    case .v4: v4.overlaps(UInt32(truncatingIfNeeded: first)...UInt32(truncatingIfNeeded: last))
    case .v6: v6.overlaps(first...last)
    }
  }

  package func count(_ family: IPFamily) -> AddressCount {
    switch family {
    case .v4: AddressCount(v4.count)
    case .v6: AddressCount(v6.count)
    }
  }

  // MARK: - Algebra

  package var complement: AddressSet {
    AddressSet(v4: v4.complement(), v6: v6.complement())
  }

  package func union(_ other: AddressSet) -> AddressSet {
    AddressSet(v4: v4.combined(with: other.v4) { $0 || $1 }, v6: v6.combined(with: other.v6) { $0 || $1 })
  }

  package func intersection(_ other: AddressSet) -> AddressSet {
    AddressSet(v4: Self.shared(v4, other.v4), v6: Self.shared(v6, other.v6))
  }

  package func subtracting(_ other: AddressSet) -> AddressSet {
    AddressSet(v4: v4.filtered(by: other.v4, isIn: false), v6: v6.filtered(by: other.v6, isIn: false))
  }

  private static func shared<Word>(_ a: IntervalSet<Word>, _ b: IntervalSet<Word>) -> IntervalSet<Word> {
    a.rangeCount < b.rangeCount ? a.filtered(by: b, isIn: true) : b.filtered(by: a, isIn: true)
  }

  package func isSubset(of other: AddressSet) -> Bool {
    subtracting(other).isEmpty
  }

  /// Whether no address is in both sets.
  package func isDisjoint(with other: AddressSet) -> Bool {
    v4.isDisjoint(with: other.v4) && v6.isDisjoint(with: other.v6)
  }

  // MARK: - Parts

  /// The maximal ranges of one family, ascending, lazily.
  package func ranges(of family: IPFamily) -> some Sequence<AddressPattern> {
    let count = family == .v4 ? v4.rangeCount : v6.rangeCount
    return (0..<count).lazy.map { index in
      switch family {
      case .v4:
        let range = v4.range(index)
        return AddressPattern(IPAddress(range.lowerBound), IPAddress(range.upperBound))
      case .v6:
        let range = v6.range(index)
        return AddressPattern(IPAddress(range.lowerBound), IPAddress(range.upperBound))
      }
    }
  }

  /// The fewest CIDR blocks that make up the addresses of one family, ascending, lazily.
  package func prefixes(of family: IPFamily) -> Prefixes { Prefixes(self, family) }

  /// This is not a lazy sequence of the library's: other modules would have to walk millions of blocks by its
  /// generic code.
  package struct Prefixes: Sequence, IteratorProtocol {
    private let set: AddressSet
    private let family: IPFamily
    /// How many ranges have been passed.
    private var position = 0
    private var v4: Blocks<UInt32>?
    private var v6: Blocks<UInt128>?

    fileprivate init(_ set: AddressSet, _ family: IPFamily) {
      self.set = set
      self.family = family
    }

    package mutating func next() -> IPPrefix? {
      switch family {
      case .v4: Self.next(&v4, in: set.v4, &position)
      case .v6: Self.next(&v6, in: set.v6, &position)
      }
    }

    private static func next<Word>(
      _ blocks: inout Blocks<Word>?, in set: IntervalSet<Word>, _ position: inout Int
    ) -> IPPrefix? {
      while true {
        if let block = blocks?.next() { return block.prefix }
        guard position < set.rangeCount else { return nil }
        let range = set.range(position)
        blocks = Blocks(range.lowerBound, range.upperBound)
        position += 1
      }
    }
  }
}

extension AddressSet: CustomStringConvertible {
  /// The blocks, IPv4 first, separated by commas.
  package var description: String { text(separator: ", ") }

  private func text(separator: StaticString) -> String {
    var text: [UInt8] = []
    for family in IPFamily.allCases {
      for prefix in prefixes(of: family) {
        if !text.isEmpty { separator.withUTF8Buffer { text.append(contentsOf: $0) } }
        text.append(textOf: prefix)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension AddressSet: Codable {
  /// Decodes one string of CIDR blocks separated by single spaces, in any order; they may overlap. The empty
  /// string is the empty set.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = Array(try container.decode(String.self).utf8)
    var parser = AddressParser(text, allowsMapped: true)
    var rules = AddressRules()
    while !text.isEmpty {
      parser.end = text[parser.position...].firstIndex(of: UInt8(ascii: " ")) ?? text.count
      do {
        rules.append(AddressPattern(try parser.prefix()), rule: 0)
      } catch {
        throw DecodingError.dataCorruptedError(
          in: container,
          debugDescription: "no address block at byte \(parser.problem.lowerBound) of an address set")
      }
      if parser.end == text.count { break }
      parser.position = parser.end + 1
    }
    self.init(rules)
  }

  /// Encodes one string: the fewest CIDR blocks separated by single spaces, IPv4 first, ascending, each with
  /// its length. It is one string, not one for each block, because encoders can bear only that for a million
  /// blocks.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text(separator: " "))
  }
}
