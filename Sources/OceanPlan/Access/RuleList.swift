package import OceanAddresses

/// The rules of one address list in the order written, and where each came from.
///
/// The plan itself says which addresses are on the list. This list tells which of its rules decides about an
/// address.
package struct RuleList: Sendable, Equatable {
  package private(set) var rules = AddressRules()
  private(set) var sources: [Source] = []
  /// The number that the next rule will get.
  package private(set) var nextRule: UInt32 = 0

  /// The source of rules: an entry of a config, or a list file with one rule per line.
  struct Source: Sendable, Equatable {
    /// The lowest number of its rules.
    let first: UInt32
    let origin: RuleOrigin
    /// The absolute path of a list file, whose rules are its lines, numbered from `first`.
    var file: String?
    /// The bounds of that file.
    var bounds = ListBounds()
    /// Whether its end has come: it has a number, and no rule.
    var isEnded = false
  }

  package init() {}

  /// A list of which only the addresses are known.
  package init(_ addresses: AddressSet) {
    for family in IPFamily.allCases {
      for range in addresses.ranges(of: family) { rules.append(range, rule: 0) }
    }
  }

  /// - Parameter isEnded: whether the end of the rule has come, so that it matches nothing.
  package mutating func append(
    _ pattern: AddressPattern, from origin: RuleOrigin, isEnded: Bool = false
  ) {
    sources.append(Source(first: nextRule, origin: origin, isEnded: isEnded))
    if !isEnded { rules.append(pattern, rule: nextRule) }
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
      let before = source.origin
      let origin = RuleOrigin(
        text: before.text, place: before.place, via: name ?? before.via,
        within: (name == nil ? [] : [before.via].compactMap(\.self)) + before.within, until: before.until)
      sources.append(
        Source(
          first: source.first &+ nextRule, origin: origin, file: source.file, bounds: source.bounds,
          isEnded: source.isEnded))
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
      text: rules.pattern(of: rule)?.description ?? source.origin.text, place: place, via: source.origin.via,
      within: source.origin.within, isLine: true)
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
      } else {
        result.append(source, rules.pattern(of: source.first))
      }
    }
    return result
  }

  /// - Parameter pattern: nil for a rule whose end has come.
  private mutating func append(_ source: Source, _ pattern: AddressPattern?) {
    sources.append(Source(first: nextRule, origin: source.origin, isEnded: pattern == nil))
    if let pattern { rules.append(pattern, rule: nextRule) }
    nextRule &+= 1
  }

  // MARK: - Rules with an end

  /// Whether any rule has an end, which may have come.
  package var hasEnds: Bool { sources.contains { $0.origin.until != nil } }

  /// The addresses of rules that stay for good.
  package var lasting: AddressSet {
    guard hasEnds else { return AddressSet(rules) }
    var lasting = AddressRules()
    for rule in rules.numbered where source(of: rule.rule)?.origin.until == nil {
      lasting.append(rule.pattern, rule: 0)
    }
    return AddressSet(lasting)
  }

  /// The ends that are still to come, the first one first, and the addresses that leave the list then. An
  /// end after which other rules hold its addresses is among them, with no addresses.
  var ends: [(at: RuleEnd, leaving: AddressSet)] {
    var ending: [RuleEnd: AddressRules] = [:]
    for source in sources {
      guard let until = source.origin.until, let pattern = rules.pattern(of: source.first) else { continue }
      ending[until, default: AddressRules()].append(pattern, rule: 0)
    }
    guard !ending.isEmpty else { return [] }
    var rest = lasting
    return ending.sorted { $0.key > $1.key }.map { at, rules in
      let addresses = AddressSet(rules)
      defer { rest = rest.union(addresses) }
      return (at, addresses.subtracting(rest))
    }.reversed()
  }

  /// The places of the rules with an end that is still to come: of all, and of those whose addresses are not all held by
  /// rules that stay longer.
  package var endPlaces: (all: Set<Provenance.Origin>, leaving: Set<Provenance.Origin>) {
    var (all, leaving) = (Set<Provenance.Origin>(), Set<Provenance.Origin>())
    guard hasEnds else { return (all, leaving) }
    let leavingAt = Dictionary(ends.map { ($0.at, $0.leaving) }, uniquingKeysWith: { $1 })
    for source in sources {
      guard let until = source.origin.until, let pattern = rules.pattern(of: source.first) else { continue }
      all.insert(source.origin.place)
      if leavingAt[until]?.overlaps(pattern) == true { leaving.insert(source.origin.place) }
    }
    return (all, leaving)
  }

  /// The addresses of the list from each end on that is still to come, the first one first.
  package var later: [(at: RuleEnd, addresses: AddressSet)] {
    guard hasEnds else { return [] }
    var addresses = AddressSet(rules)
    return ends.map { at, leaving in
      addresses = addresses.subtracting(leaving)
      return (at, addresses)
    }
  }

  /// The same list without the rules whose end has come.
  ///
  /// - Parameter time: seconds since 1970.
  package func ended(by time: Int64) -> RuleList {
    let ending = sources.indices.filter {
      !sources[$0].isEnded && sources[$0].origin.until?.isPast(at: time) == true
    }
    guard !ending.isEmpty else { return self }
    let gone = Set(ending.map { sources[$0].first })
    var result = self
    result.rules = AddressRules()
    for rule in rules.numbered where !gone.contains(rule.rule) {
      result.rules.append(rule.pattern, rule: rule.rule)
    }
    for index in ending { result.sources[index].isEnded = true }
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

  /// The bounds of its list files, as expectations at the places of the entries that name the files.
  var boundExpectations: [Plan.Expectation] {
    sources.compactMap { source in
      guard let file = source.file, !source.bounds.isEmpty else { return nil }
      return Plan.Expectation(.listFile(file, source.bounds), to: nil, span: source.origin.place)
    }
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
