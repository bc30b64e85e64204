import OceanAddresses
import OceanPlan
import OceanSyntax

/// An address list with its names and files resolved.
struct LoweredAddresses {
  var rules = RuleList()
  /// The entries as they stand in the list itself; empty if nobody wants advice.
  var entries: [LoweredEntry] = []
  /// Whether all of it could be read; if not, nothing can be concluded from what is missing.
  var isKnown = true

  var addresses: AddressSet { AddressSet(rules.rules) }
}

/// An entry of an address list as it is written there, a name or a file included, and its addresses.
struct LoweredEntry {
  let entry: AddressEntry
  let span: Span
  let addresses: AddressSet
  /// The numbers that its rules have in the list.
  let rules: Range<UInt32>
  /// Whether some of its rules come from list files, whose lines come and go.
  let isFromFiles: Bool
  /// Whether some of its rules have an end.
  let hasEnd: Bool
}

/// The state of lowering that is about address lists.
struct AddressLists {
  /// The named lists of the config that were asked for.
  var named: [String: LoweredAddresses] = [:]
  /// The addresses of the named lists that were used, if somebody wants advice.
  var namedAddresses: [String: AddressSet] = [:]
  /// List files that were parsed.
  var files: [String: AddressList] = [:]
  /// The addresses of the list files that were used, if somebody wants advice.
  var fileAddresses: [String: AddressSet] = [:]
  /// The services that use each black list, by the place of its first entry.
  var blackLists: [Span: [String]] = [:]
  var overruled: [OverruledEntry] = []
  /// The place that names each list file first.
  var fileSpans: [String: Span] = [:]
  /// Settings whose lists could not be read in full: nothing can be concluded from what is missing.
  var unknown: Set<SettingPath> = []
  /// List files about which the facts say nothing: without their addresses there is no plan.
  var unanswered: Set<String> = []
  /// Why list files cannot be used, by path. In the plan of a server that starts, they have no entries.
  var unusable: [String: String] = [:]
  /// The entries whose end is still to come.
  var ending: [EndingEntry] = []
  /// The places of entries with an end in settings' lists: of all, and of those with which addresses leave some list.
  var endsInForce: (all: Set<Provenance.Origin>, leaving: Set<Provenance.Origin>) = ([], [])
  /// The names that are being resolved, outermost first.
  var path: [String] = []
  var used: Set<String> = []
  /// Words that somebody may have meant who wrote a name that is not a list.
  var words: [String] = []
}

extension Lowering {
  /// The addresses of a setting. The entries they come from are kept as the rules of `path`.
  ///
  /// - Parameter words: the words that may replace the whole setting, such as `always`.
  mutating func lowerAddresses(
    _ entries: Located<AddressEntries>?, _ path: SettingPath, words: [String] = []
  ) -> AddressSet {
    lowerEntries(entries, path, words: words).addresses
  }

  mutating func lowerEntries(
    _ entries: Located<AddressEntries>?, _ path: SettingPath, words: [String] = []
  ) -> LoweredAddresses {
    guard let entries else { return LoweredAddresses() }
    note(entries.span, path)
    addressLists.words = words
    defer { addressLists.words = [] }
    let lowered = resolve(entries.value)
    if !lowered.isKnown { addressLists.unknown.insert(path) }
    reportCovered(lowered)
    reportVainEnds(lowered)
    let places = lowered.rules.endPlaces
    addressLists.endsInForce.all.formUnion(places.all)
    addressLists.endsInForce.leaving.formUnion(places.leaving)
    noteRules(lowered.rules, path)
    return lowered
  }

  /// Replaces names and files with their entries.
  mutating func resolve(_ entries: AddressEntries) -> LoweredAddresses {
    var result = LoweredAddresses()
    for entry in entries {
      let first = result.rules.nextRule
      let addresses: AddressSet
      var (isFromFiles, hasEnd) = (false, false)
      switch entry.value {
      case .pattern(let pattern, let text, let until):
        let isEnded = until?.isPast(at: facts.now) ?? false
        result.rules.append(
          pattern, from: RuleOrigin(text: text, place: origin(of: entry.span), until: until),
          isEnded: isEnded)
        if let until { noteEnd(of: text, until, at: entry.span, isEnded: isEnded) }
        hasEnd = until != nil
        addresses = purpose.wantsAdvice && !isEnded ? AddressSet([pattern]) : AddressSet()
      case .list(let name):
        guard let list = resolveList(name, at: entry.span) else {
          result.isKnown = false
          continue
        }
        result.rules.append(contentsOf: list.rules, via: name)
        if !list.isKnown { result.isKnown = false }
        addresses = addressLists.namedAddresses[name] ?? AddressSet()
        (isFromFiles, hasEnd) = (list.rules.isFromFiles, list.rules.hasEnds)
      case .file(let file):
        guard let list = listFile(file.path, file.text, at: entry.span) else {
          result.isKnown = false
          continue
        }
        let place = Provenance.Origin(file: file.text, line: 1, column: 1)
        result.rules.append(
          list.rules, lines: list.lines, from: RuleOrigin(text: file.text, place: place), file: file.path,
          bounds: file.bounds)
        let isWhole =
          addressLists.unusable[file.path] == nil && list.errors.isEmpty && list.furtherErrors == 0
        if !isWhole || !checkBounds(of: list, file, at: entry.span) { result.isKnown = false }
        addresses = addressLists.fileAddresses[file.path] ?? AddressSet()
        isFromFiles = true
      case .mistaken:
        result.isKnown = false
        continue
      }
      guard purpose.wantsAdvice else { continue }
      result.entries.append(
        LoweredEntry(
          entry: entry.value, span: entry.span, addresses: addresses, rules: first..<result.rules.nextRule,
          isFromFiles: isFromFiles, hasEnd: hasEnd))
    }
    return result
  }

  private mutating func resolveList(_ name: String, at span: Span) -> LoweredAddresses? {
    addressLists.used.insert(name)
    if let known = addressLists.named[name] { return known }
    guard let entries = config.addressLists?.value.first(where: { $0.name == name })?.value else {
      // It may be one of those that could not be read.
      guard !config.isMistaken("address_lists") else { return nil }
      let names = addressLists.words + (config.addressLists?.value ?? []).map(\.name).sorted()
      report(
        .unknownReference, span, "there is no address list named '\(name)'",
        help: suggestion(for: name, among: names)
          ?? (names.count == addressLists.words.count
            ? "define it under address_lists" : "there are: \(names.prefix(10).joined(separator: ", "))"))
      return nil
    }
    guard !addressLists.path.contains(name) else {
      let way = (addressLists.path.drop { $0 != name } + [name]).joined(separator: " -> ")
      report(
        .circularList, span, "the address list '\(name)' names itself", label: way, help: "remove this entry")
      return nil
    }
    addressLists.path.append(name)
    let resolved = resolve(entries)
    addressLists.path.removeLast()
    keep(resolved, as: name)
    return resolved
  }

  private mutating func keep(_ list: LoweredAddresses, as name: String) {
    addressLists.named[name] = list
    guard purpose.wantsAdvice else { return }
    addressLists.namedAddresses[name] = list.addresses
    reportCovered(list)
  }

  /// Checks lists that no setting names.
  mutating func checkUnusedAddressLists() {
    guard diagnostics.allSatisfy({ $0.severity != .error }) else { return }
    for list in config.addressLists?.value ?? [] where !addressLists.used.contains(list.name) {
      report(
        .unusedAddressList, list.span, "nothing uses the address list '\(list.name)'",
        help: "name it where addresses are expected, or remove it")
    }
  }

  /// Lowers all lists, also unused ones: everything in a config is checked.
  mutating func lowerAddressLists() {
    for list in config.addressLists?.value ?? [] where addressLists.named[list.name] == nil {
      addressLists.path = [list.name]
      let resolved = resolve(list.value)
      addressLists.path = []
      keep(resolved, as: list.name)
    }
  }
}
