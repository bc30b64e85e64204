package import OceanAddresses

/// The place of a rule of an address list.
package struct RuleOrigin: Sendable, Hashable {
  /// The rule as it was written: `192.168.*.*`.
  package let text: String
  /// The place of the entry, or of the line in the list file.
  package let place: Provenance.Origin
  /// The named list through which the rule came in, if it did.
  package let via: String?

  /// `192.168.*.*`, or `office (192.168.*.*)` for a rule of a named list.
  package var name: String { via.map { "\($0) (\(text))" } ?? text }

  package init(text: String, place: Provenance.Origin, via: String? = nil) {
    self.text = text
    self.place = place
    self.via = via
  }
}

/// The rules of one address list in the order written, and where each came from.
///
/// The plan itself says which addresses are on the list. This list tells which of its rules decides about an
/// address.
package struct RuleList: Sendable, Equatable {
  package private(set) var rules = AddressRules()
  private var sources: [Source] = []
  /// The number that the next rule will get.
  package private(set) var nextRule: UInt32 = 0

  /// The source of rules: an entry of a config, or a list file with one rule per line.
  private struct Source: Sendable, Equatable {
    /// The lowest number of its rules.
    let first: UInt32
    let origin: RuleOrigin
    /// The absolute path of a list file, whose rules are its lines, numbered from `first`.
    var file: String?
    /// The bounds of that file.
    var bounds = ListBounds()
  }

  package init() {}

  /// A list of which only the addresses are known.
  package init(_ addresses: AddressSet) {
    for family in IPFamily.allCases {
      for range in addresses.ranges(of: family) { rules.append(range, rule: 0) }
    }
  }

  package mutating func append(_ pattern: AddressPattern, from origin: RuleOrigin) {
    sources.append(Source(first: nextRule, origin: origin))
    rules.append(pattern, rule: nextRule)
    nextRule &+= 1
  }

  /// Adds a list file.
  ///
  /// - Parameters:
  ///   - lines: at least the highest line number of its entries.
  ///   - origin: the file as it was named, line 1.
  ///   - file: its absolute path.
  ///   - bounds: what it must keep to be read again. They are not checked here.
  package mutating func append(
    _ entries: AddressRules, lines: Int, from origin: RuleOrigin, file: String,
    bounds: ListBounds = ListBounds()
  ) {
    sources.append(Source(first: nextRule, origin: origin, file: file, bounds: bounds))
    rules.append(contentsOf: entries, offset: nextRule)
    nextRule &+= UInt32(clamping: lines) &+ 1
  }

  /// - Parameter name: the named list through which the rules come in; nil leaves their origins unchanged.
  package mutating func append(contentsOf other: RuleList, via name: String? = nil) {
    for source in other.sources {
      let origin = RuleOrigin(
        text: source.origin.text, place: source.origin.place, via: name ?? source.origin.via)
      sources.append(
        Source(
          first: source.first &+ nextRule, origin: origin, file: source.file, bounds: source.bounds))
    }
    rules.append(contentsOf: other.rules, offset: nextRule)
    nextRule &+= other.nextRule
  }

  /// The entries of the list, in order, and how many rules each brought.
  package var entries: [(origin: RuleOrigin, rules: Int)] {
    let numbers = rules.numbers
    return sources.indices.map { index in
      let end = index + 1 < sources.count ? sources[index + 1].first : nextRule
      return (sources[index].origin, numbers.count(in: sources[index].first..<end))
    }
  }

  /// The names of the entries that lie wholly within some addresses, and the addresses that these entries do
  /// not hold.
  ///
  /// O(n log n) in the rules.
  package func entries(within addresses: AddressSet) -> (names: [String], rest: AddressSet) {
    var names: [String] = []
    var known: Set<String> = []
    var found = AddressRules()
    let all = rules.numbered
    var position = 0
    for (index, source) in sources.enumerated() {
      let end = index + 1 < sources.count ? sources[index + 1].first : nextRule
      let start = position
      while position < all.count, all[position].rule < end { position += 1 }
      let own = all[start..<position]
      guard !own.isEmpty, own.allSatisfy({ addresses.contains($0.pattern) }) else { continue }
      for rule in own { found.append(rule.pattern, rule: 0) }
      if known.insert(source.origin.name).inserted { names.append(source.origin.name) }
    }
    return (names, addresses.subtracting(AddressSet(found)))
  }

  /// The origin of a rule; nil for a rule that is not in the list, and for lists of which only the addresses
  /// are known.
  package func origin(of rule: UInt32) -> RuleOrigin? {
    guard let source = source(of: rule) else { return nil }
    guard source.file != nil else { return source.origin }
    var place = source.origin.place
    place.line = Int(rule &- source.first)
    return RuleOrigin(
      text: rules.pattern(of: rule)?.description ?? source.origin.text, place: place, via: source.origin.via)
  }

  /// The same list with other contents of its list files.
  ///
  /// - Parameter contents: returns the contents of the file at an absolute path; nil leaves them unchanged.
  package func replacing(_ contents: (String) -> ListContents?) -> RuleList {
    guard isFromFiles else { return self }
    var result = RuleList()
    for (index, source) in sources.enumerated() {
      if let file = source.file {
        let new = contents(file) ?? self.contents(index)
        result.append(
          new.rules, lines: new.lines, from: source.origin, file: file, bounds: source.bounds)
      } else if let pattern = rules.pattern(of: source.first) {
        result.append(pattern, from: source.origin)
      }
    }
    return result
  }

  /// The contents of its list files, by absolute path.
  package var listFiles: [String: ListContents] {
    var result: [String: ListContents] = [:]
    for (index, source) in sources.enumerated() {
      if let file = source.file { result[file] = contents(index) }
    }
    return result
  }

  /// The bounds of its list files, by absolute path.
  package var listBounds: [String: ListBounds] {
    var result: [String: ListBounds] = [:]
    for source in sources {
      guard let file = source.file else { continue }
      result[file] = source.bounds.tightened(by: result[file] ?? ListBounds())
    }
    return result
  }

  private func contents(_ index: Int) -> ListContents {
    let first = sources[index].first
    let end = index + 1 < sources.count ? sources[index + 1].first : nextRule
    // The numbers go one beyond the highest line.
    return ListContents(rules: rules.numbered(in: first..<end), lines: Int(end &- first) - 1)
  }

  /// Whether any rule is from a list file.
  package var isFromFiles: Bool { sources.contains { $0.file != nil } }

  /// Whether a rule is a line of a list file.
  package func isFromFile(_ rule: UInt32) -> Bool { source(of: rule)?.file != nil }

  /// The addresses that a rule matches.
  package func pattern(of rule: UInt32) -> AddressPattern? { rules.pattern(of: rule) }

  /// The entry that brought a rule into the list.
  func entryOrigin(of rule: UInt32) -> RuleOrigin? { entryIndex(of: rule).map { sources[$0].origin } }

  func entryIndex(of rule: UInt32) -> Int? {
    var low = 0
    var high = sources.count
    while low < high {
      let middle = (low + high) / 2
      if sources[middle].first <= rule { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? low - 1 : nil
  }

  private func source(of rule: UInt32) -> Source? { entryIndex(of: rule).map { sources[$0] } }
}

/// The contents of a list file: its entries, numbered by their lines.
package struct ListContents: Sendable, Equatable {
  package var rules: AddressRules
  /// At least the highest line number of an entry.
  package var lines: Int

  package init(rules: AddressRules, lines: Int) {
    self.rules = rules
    self.lines = lines
  }

  /// Names the set of addresses, however they are listed.
  package var digest: Digest { AddressSet(rules).digest }
}

// MARK: - In plan files

extension RuleList: Codable {
  private struct Stored: Codable {
    var text: String
    var via: String?
    var file: String
    var line: Int
    var column: Int
    /// An absolute path; only for a list file.
    var path: String?
    /// Only for a list file: `192.0.2.0/24@17 198.51.100.7@18`, each entry with its line.
    var entries: String?
    /// Only for a list file that has bounds.
    var bounds: ListBounds?
  }

  package init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    while !container.isAtEnd {
      let stored = try container.decode(Stored.self)
      let origin = RuleOrigin(
        text: stored.text, place: .init(file: stored.file, line: stored.line, column: stored.column),
        via: stored.via)
      do throws(AddressPattern.ParseError) {
        if let entries = stored.entries {
          let (rules, lines) = try AddressRules.parse(numbered: entries)
          append(
            rules, lines: lines, from: origin, file: stored.path ?? stored.file,
            bounds: stored.bounds ?? ListBounds())
        } else {
          append(try AddressPattern(parsing: stored.text), from: origin)
        }
      } catch {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "'\(stored.text)' is not an address rule")
      }
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    let all = rules.numbered
    var position = 0
    for (index, source) in sources.enumerated() {
      let end = index + 1 < sources.count ? sources[index + 1].first : nextRule
      var entries = ""
      while position < all.count, all[position].rule < end {
        if source.file != nil {
          if !entries.isEmpty { entries += " " }
          entries += "\(all[position].pattern)@\(all[position].rule &- source.first)"
        }
        position += 1
      }
      try container.encode(
        Stored(
          text: source.origin.text, via: source.origin.via, file: source.origin.place.file,
          line: source.origin.place.line, column: source.origin.place.column,
          path: source.file, entries: source.file == nil ? nil : entries,
          bounds: source.bounds.isEmpty ? nil : source.bounds))
    }
  }
}
