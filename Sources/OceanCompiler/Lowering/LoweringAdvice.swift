import OceanAddresses
import OceanPlan
import OceanSyntax

/// A black-list entry of a service whose addresses are all in the service's white list.
struct OverruledEntry {
  let entry: LoweredEntry
  /// The place of the first entry of its list.
  let list: Span
  let service: String
}

/// Reports entries without effect.
///
/// An entry is reported in the list in which it stands. A name stands for its whole list, which other
/// settings may name too: the contents of a list are not to blame for where it is named. So "remove it" never
/// changes what a plan means, whichever of the hints are followed.
extension Lowering {
  // MARK: - Entries that others of their list cover

  /// Reports entries that others of their list cover, alone or together.
  mutating func reportCovered(_ list: LoweredAddresses) {
    // A single entry cannot be covered by others, however many rules it stands for.
    guard list.entries.count > 1 else { return }
    var rules = AddressRules()
    // What ends covers nothing for good.
    for (number, entry) in list.entries.enumerated() where !entry.hasEnd {
      for family in IPFamily.allCases {
        for range in entry.addresses.ranges(of: family) {
          rules.append(range, rule: UInt32(clamping: number))
        }
      }
    }
    var firsts: [String: Int] = [:]
    for (number, entry) in list.entries.enumerated() {
      if let identity = entry.identity, firsts[identity] == nil { firsts[identity] = number }
    }
    for covered in rules.covered() {
      let number = Int(covered.rule)
      guard list.entries.indices.contains(number) else { continue }
      let entry = list.entries[number]
      var others = covered.by.map { list.entries[Int($0)] }
      let message: String
      var help = "remove it"
      if let first = entry.identity.flatMap({ firsts[$0] }), first != number {
        others = [list.entries[first]]
        message = "\(entry.name) is listed twice"
        if let bounds = entry.bounds(besides: list.entries[first]) {
          help = "remove it, and write its bounds into the other entry: \(bounds)"
        }
      } else if entry.isFromFiles {
        // Nobody knows what the files hold tomorrow.
        continue
      } else if others.count == 1, let other = others.first {
        message =
          entry.isEqual(to: other)
          ? "\(entry.name) is listed twice"
          : "\(entry.name) is part of \(describe(other, around: entry, in: list))"
      } else {
        let count = covered.isByMore ? "more than \(others.count)" : "\(others.count)"
        message = "\(entry.name) is covered by \(count) others together"
      }
      report(
        .repeatedEntry, entry.span, message,
        related: others.prefix(8).map { Diagnostic.Related("covers it", at: $0.span) }, help: help)
    }
  }

  /// Describes an entry by its name and, if possible, by the rule of it that covers the other.
  private func describe(
    _ other: LoweredEntry, around entry: LoweredEntry, in list: LoweredAddresses
  ) -> String {
    if case .pattern = other.entry { return other.name }
    // Searching a long list for the rule would take long.
    for rule in other.rules.prefix(Self.maxCompared) {
      guard let pattern = list.rules.pattern(of: rule), let origin = list.rules.origin(of: rule),
        entry.addresses.isSubset(of: AddressSet([pattern]))
      else { continue }
      if case .file = other.entry { return "\(origin.text), \(origin.place)" }
      return "\(other.name) (\(origin.text), \(origin.place))"
    }
    return other.name
  }

  private static let maxCompared = 1000

  /// Reports lines of a list file that other lines of it cover.
  mutating func reportCoveredLines(of list: AddressList, _ path: String, _ name: String, at span: Span) {
    let covered = list.rules.covered()
    guard let first = covered.first else { return }
    var rules = RuleList()
    rules.append(
      list.rules, lines: list.lines,
      from: RuleOrigin(text: name, place: Provenance.Origin(file: name, line: 1, column: 1)), file: path)
    let by = first.by.first.flatMap { rules.origin(of: $0) }
    report(
      .coveredLines, span,
      "\(name): \(counted(covered.count, "line")) covered by others, line \(first.rule) by "
        + (by.map { "\($0.text) on line \($0.place.line)" } ?? "others"))
  }

  // MARK: - Entries of a black list that block nobody

  /// Remembers overruled entries: a black list of service_defaults belongs to several services, and may block
  /// in others.
  ///
  /// - Parameter white: the addresses that are on the white list for good.
  mutating func noteOverruled(
    _ black: LoweredAddresses, by white: AddressSet, of service: String
  ) {
    guard let list = black.entries.first?.span else { return }
    addressLists.blackLists[list, default: []].append(service)
    guard !white.isEmpty else { return }
    addressLists.overruled += black.entries.filter {
      !$0.addresses.isEmpty && $0.addresses.isSubset(of: white)
    }.map { OverruledEntry(entry: $0, list: list, service: service) }
  }

  mutating func reportOverruled() {
    for (_, entries) in Dictionary(grouping: addressLists.overruled, by: \.entry.span) {
      guard let first = entries.first else { continue }
      let services = Set(entries.map(\.service))
      let others = Set(addressLists.blackLists[first.list] ?? []).subtracting(services)
      let message = "the white list overrules all of \(first.entry.name)"
      if others.isEmpty {
        report(
          .overruledEntry, first.entry.span, message,
          help: "it refuses nobody; if it should, the white list must not hold it")
      } else {
        report(
          .overruledEntry, first.entry.span, "in \(Self.quoted(services)) \(message)",
          help: "it refuses nobody there; leave it for \(Self.quoted(others)), which has this black list too")
      }
    }
  }

  /// Names a few services: `'a'`, `'a' and 'b'`, `'a' and 7 others`.
  private static func quoted(_ names: Set<String>) -> String {
    let sorted = names.sorted().map { "'\($0)'" }
    return sorted.count > 2
      ? "\(sorted[0]) and \(sorted.count - 1) others" : sorted.joined(separator: " and ")
  }
}

extension LoweredEntry {
  /// The entry's name in messages.
  var name: String {
    switch entry {
    case .pattern(_, let text, _): text
    case .list(let name): "'\(name)'"
    case .file(let file): file.text
    // No message here is about a mistaken entry.
    case .mistaken: ""
    }
  }

  /// Equal for two entries that stay the same whatever happens to lists and files; nil for patterns.
  fileprivate var identity: String? {
    switch entry {
    case .pattern, .mistaken: nil
    case .list(let name): name
    case .file(let file): file.path
    }
  }

  /// The bounds of a list file that are stricter than those that another entry has of it, as they are written; nil if
  /// there are none.
  fileprivate func bounds(besides other: LoweredEntry) -> String? {
    guard case .file(let file) = entry, case .file(let otherFile) = other.entry else { return nil }
    let (own, known) = (file.bounds, otherFile.bounds)
    let all = known.tightened(by: own)
    let stricter = [
      all.atLeast == known.atLeast ? nil : own.atLeast.map { "at_least: \($0)" },
      all.atMost == known.atMost ? nil : own.atMost.map { "at_most: \($0)" },
      all.largestNetwork == known.largestNetwork ? nil : own.largestNetwork.map { "largest_network: /\($0)" },
    ].compactMap(\.self)
    return stricter.isEmpty ? nil : stricter.joined(separator: ", ")
  }

  fileprivate func isEqual(to other: LoweredEntry) -> Bool {
    if case .pattern(let own, _, _) = entry, case .pattern(let their, _, _) = other.entry {
      own == their
    } else {
      false
    }
  }
}
