/// An exact set of IPv4 and IPv6 addresses, in canonical form: equal sets are equal values, however written.
///
/// Every operation takes time linear in the ranges of its operands, but `contains`, which is logarithmic.
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

  /// Everything any of the rules matches; O(n log n).
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

  package var isEmpty: Bool { v4.isEmpty && v6.isEmpty }

  package func contains(_ address: IPAddress) -> Bool {
    switch address.family {
    case .v4: v4.contains(UInt32(truncatingIfNeeded: address.value))
    case .v6: v6.contains(address.value)
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
    AddressSet(v4: v4.combined(with: other.v4) { $0 && $1 }, v6: v6.combined(with: other.v6) { $0 && $1 })
  }

  package func subtracting(_ other: AddressSet) -> AddressSet {
    AddressSet(v4: v4.combined(with: other.v4) { $0 && !$1 }, v6: v6.combined(with: other.v6) { $0 && !$1 })
  }

  package func isSubset(of other: AddressSet) -> Bool {
    subtracting(other).isEmpty
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
  package func prefixes(of family: IPFamily) -> some Sequence<IPPrefix> {
    ranges(of: family).lazy.flatMap(\.prefixes)
  }

  /// Feeds bytes to a digest, the same for equal sets and different for others, in pieces of a few kilobytes.
  ///
  /// Per family: its bits as one byte, the number of points at which membership flips as 8 bytes, then the points,
  /// ascending and in network byte order.
  package func feedCanonicalBytes(to digest: (UnsafeRawBufferPointer) -> Void) {
    feed(v4, to: digest)
    feed(v6, to: digest)
  }

  private func feed<Word>(_ set: IntervalSet<Word>, to digest: (UnsafeRawBufferPointer) -> Void) {
    let piece = 4096
    var bytes: [UInt8] = []
    bytes.reserveCapacity(piece + 16)
    bytes.append(UInt8(truncatingIfNeeded: Word.bitWidth))
    withUnsafeBytes(of: UInt64(set.flips.count).bigEndian) { bytes.append(contentsOf: $0) }
    for flip in set.flips {
      withUnsafeBytes(of: flip.bigEndian) { bytes.append(contentsOf: $0) }
      if bytes.count >= piece {
        bytes.withUnsafeBytes(digest)
        bytes.removeAll(keepingCapacity: true)
      }
    }
    if !bytes.isEmpty { bytes.withUnsafeBytes(digest) }
  }
}

extension AddressSet: CustomStringConvertible {
  /// The blocks, IPv4 first, separated by commas.
  package var description: String {
    IPFamily.allCases.flatMap { prefixes(of: $0).map(\.description) }.joined(separator: ", ")
  }
}

extension AddressSet: Codable {
  /// From a list of CIDR blocks, in any order.
  package init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    var rules = AddressRules()
    while !container.isAtEnd {
      rules.append(AddressPattern(try container.decode(IPPrefix.self)), rule: 0)
    }
    self.init(rules)
  }

  /// As the fewest CIDR blocks, IPv4 first, ascending.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    for family in IPFamily.allCases {
      for prefix in prefixes(of: family) { try container.encode(prefix) }
    }
  }
}
