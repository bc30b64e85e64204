extension AddressRules {
  /// All rules of both families, by number.
  package var numbered: [(pattern: AddressPattern, rule: UInt32)] {
    let four = v4.map { (pattern: AddressPattern(IPAddress($0.first), IPAddress($0.last)), rule: $0.rule) }
    let six = v6.map { (pattern: AddressPattern(IPAddress($0.first), IPAddress($0.last)), rule: $0.rule) }
    return (four + six).sorted { $0.rule < $1.rule }
  }

  /// Parses entries with their numbers, `192.0.2.0/24@17 198.51.100.7@18`. The numbers rise, because rules are found by
  /// them.
  ///
  /// - Returns: the rules, and the highest number.
  package static func parse(numbered entries: String) throws(AddressPattern.ParseError) -> (
    AddressRules, lines: Int
  ) {
    let bytes = Array(entries.utf8)
    var parser = AddressParser(bytes, allowsMapped: true)
    var rules = AddressRules()
    var last: UInt32 = 0
    for entry in bytes.indices.split(whereSeparator: { bytes[$0] == UInt8(ascii: " ") }) {
      guard let at = entry.firstIndex(where: { bytes[$0] == UInt8(ascii: "@") }),
        let line = UInt32(String(decoding: bytes[(at + 1)..<entry.endIndex], as: UTF8.self)), line > last,
        line < .max / 2
      else { throw .malformed }
      parser.position = entry.startIndex
      parser.end = at
      rules.append(try parser.pattern(), rule: line)
      last = line
    }
    return (rules, Int(last))
  }

  /// The numbers of both families' rules, each ascending.
  package var numbers: RuleNumbers { RuleNumbers(v4: v4.map(\.rule), v6: v6.map(\.rule)) }

  /// The range of a rule; if several ranges have the number, the first of them.
  package func pattern(of rule: UInt32) -> AddressPattern? {
    if let range = Self.range(of: rule, in: v4) {
      return AddressPattern(IPAddress(range.first), IPAddress(range.last))
    }
    return Self.range(of: rule, in: v6).map { AddressPattern(IPAddress($0.first), IPAddress($0.last)) }
  }

  private static func range<Word>(
    of rule: UInt32, in ranges: ContiguousArray<RuleRange<Word>>
  ) -> RuleRange<Word>? {
    let index = Self.index(of: rule, in: ranges)
    return index < ranges.count && ranges[index].rule == rule ? ranges[index] : nil
  }

  /// The index of the first range whose rule has this number or a higher one.
  private static func index<Word>(of rule: UInt32, in ranges: ContiguousArray<RuleRange<Word>>) -> Int {
    // Nearly all lines of most files are rules: then the number tells the place.
    if let first = ranges.first?.rule, first <= rule, rule - first < ranges.count,
      ranges[Int(rule - first)].rule == rule, rule == first || ranges[Int(rule - first) - 1].rule < rule
    {
      return Int(rule - first)
    }
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].rule < rule { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The rules with these numbers, renumbered so that the lower bound becomes 0.
  package func numbered(in numbers: Range<UInt32>) -> AddressRules {
    func part<Word>(_ ranges: ContiguousArray<RuleRange<Word>>) -> ContiguousArray<RuleRange<Word>> {
      let first = Self.index(of: numbers.lowerBound, in: ranges)
      let end = Self.index(of: numbers.upperBound, in: ranges)
      return ContiguousArray(
        ranges[first..<end].lazy.map { $0.renumbered(by: 0 &- numbers.lowerBound) })
    }
    return AddressRules(v4: part(v4), v6: part(v6))
  }
}

/// The numbers of rules, to be counted.
package struct RuleNumbers {
  fileprivate let v4: [UInt32]
  fileprivate let v6: [UInt32]

  package func count(in range: Range<UInt32>) -> Int {
    [v4, v6].reduce(0) { $0 + Self.below(range.upperBound, $1) - Self.below(range.lowerBound, $1) }
  }

  private static func below(_ number: UInt32, _ numbers: [UInt32]) -> Int {
    var low = 0
    var high = numbers.count
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
