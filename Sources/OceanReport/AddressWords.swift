import OceanAddresses

extension AddressSet {
  /// Some of the addresses, named in the shorter of two ways.
  struct Part {
    /// `everybody` or `all IPv4`, which `blocks` are left out of; nil if they are the addresses themselves.
    let whole: String?
    let blocks: AddressSet

    /// Nothing is left to be listed.
    var isWhole: Bool { whole != nil && blocks.isEmpty }
  }

  /// The families that are named by what they lack, because that is less and takes fewer blocks.
  private var familiesByRest: [IPFamily] {
    let rest = complement
    return IPFamily.allCases.filter { rest.count($0) < count($0) && rest.blockCount($0) < blockCount($0) }
  }

  /// The numbers of addresses, for a line before ``parts``. A family that is named by what it lacks has none: its
  /// number would say less, and may have 39 digits. Nil if no family has one.
  var countsBesideParts: String? {
    let families = familiesByRest
    let counted = IPFamily.allCases.filter {
      !families.contains($0) && (families.isEmpty || blockCount($0) > 0)
    }
    return counted.isEmpty ? nil : counted.map { "\(count($0)) \($0.name)" }.joined(separator: ", ")
  }

  /// The whole set. A family is named by what it lacks if that is less, and takes fewer blocks.
  var parts: [Part] {
    let rest = complement
    let families = familiesByRest
    if families == IPFamily.allCases { return [Part(whole: "everybody", blocks: rest)] }
    return IPFamily.allCases.compactMap { family in
      let isByRest = families.contains(family)
      let blocks = (isByRest ? rest : self).intersection(.all(family))
      if !isByRest, blocks.isEmpty { return nil }
      return Part(whole: isByRest ? "all \(family.name)" : nil, blocks: blocks)
    }
  }

  /// The addresses in a line of text, or their number if it would be a long one.
  var words: String {
    if isEmpty || self == .all { return summary }
    let parts = parts
    if parts.reduce(AddressSet(), { $0.union($1.blocks) }).isLong { return counts }
    return parts.map { part in
      guard let whole = part.whole else { return part.blocks.shortDescription }
      return part.isWhole ? whole : "\(whole) but \(part.blocks.shortDescription)"
    }.joined(separator: ", ")
  }

  func blockCount(_ family: IPFamily) -> Int { prefixes(of: family).reduce(0) { count, _ in count + 1 } }
}
