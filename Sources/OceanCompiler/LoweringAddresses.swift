import OceanPlan
import OceanSyntax

/// An address list with its names and files resolved.
struct LoweredAddresses {
  var rules = RuleList()
  /// Of the rules that are entries of a config, by number.
  var spans: [UInt32: Span] = [:]
  /// Of the entries that are list files, by the name of the file in places.
  var fileSpans: [String: Span] = [:]
  /// Whether all of it could be read; if not, nothing can be concluded from what is missing.
  var isKnown = true
}

/// What lowering knows of address lists.
struct AddressLists {
  /// Those of the config, as far as they were asked for.
  var named: [String: LoweredAddresses] = [:]
  /// List files that were parsed.
  var files: [String: AddressList] = [:]
  /// The names that are being resolved, outermost first.
  var path: [String] = []
  var used: Set<String> = []
  /// What somebody may have meant who wrote a name that is no list.
  var words: [String] = []
}

extension Lowering {
  /// The addresses of a setting; what they are made of is kept in the provenance.
  ///
  /// - Parameter words: what the whole setting may be instead, such as `always`.
  mutating func lowerAddresses(
    _ entries: Located<AddressEntries>?, _ path: String, words: [String] = []
  ) -> AddressSet {
    guard let entries else { return AddressSet() }
    note(entries.span, path)
    addressLists.words = words
    defer { addressLists.words = [] }
    let lowered = resolve(entries.value)
    if purpose.wantsAdvice { reportCovered(lowered) }
    noteRules(lowered.rules, path)
    return AddressSet(lowered.rules.rules)
  }

  /// Names and files replaced by what they stand for.
  mutating func resolve(_ entries: AddressEntries) -> LoweredAddresses {
    var result = LoweredAddresses()
    for entry in entries {
      switch entry.value {
      case .pattern(let pattern, let text):
        result.spans[result.rules.nextRule] = entry.span
        result.rules.append(pattern, from: RuleOrigin(text: text, place: origin(of: entry.span)))
      case .list(let name):
        guard let list = resolveList(name, at: entry.span) else {
          result.isKnown = false
          continue
        }
        for (rule, span) in list.spans { result.spans[rule &+ result.rules.nextRule] = span }
        result.fileSpans.merge(list.fileSpans) { first, _ in first }
        result.rules.append(contentsOf: list.rules, via: name)
        if !list.isKnown { result.isKnown = false }
      case .file(let path, let text):
        guard let list = listFile(path, text, at: entry.span) else {
          result.isKnown = false
          continue
        }
        let place = Provenance.Origin(file: text, line: 1, column: 1)
        result.fileSpans[text] = result.fileSpans[text] ?? entry.span
        result.rules.append(
          list.rules, lines: list.lines, from: RuleOrigin(text: text, place: place), file: path)
      }
    }
    return result
  }

  private mutating func resolveList(_ name: String, at span: Span) -> LoweredAddresses? {
    addressLists.used.insert(name)
    if let known = addressLists.named[name] { return known }
    guard let entries = config.addressLists?.value.first(where: { $0.name == name })?.value else {
      // It may be among those that could not be read.
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
    addressLists.named[name] = resolved
    return resolved
  }

  private mutating func listFile(_ path: String, _ text: String, at span: Span) -> AddressList? {
    if let known = addressLists.files[path] { return known }
    switch facts.listFiles[path] {
    case .read(let contents, let digest):
      addInput(PlanFile.Input(role: .addresses, path: path, sha256: digest))
      let list = AddressList(
        parsing: Array(contents.utf8),
        limits: .init(blocks: Plan.Bounds.listBlocks, errors: Self.mostLineErrors))
      for error in list.errors { report(error, text, at: span) }
      if list.furtherErrors > 0 {
        report(.badListFile, span, "\(text): \(counted(list.furtherErrors, "more wrong line"))")
      }
      addressLists.files[path] = list
      return list
    case .missing: report(.listFileUnreadable, span, "there is no file \(path)")
    case .unreadable(let reason): report(.listFileUnreadable, span, "cannot read \(path): \(reason)")
    // Without its addresses there is no plan: who may connect would be another set.
    case .notPermitted: reportNotChecked("\(path) (not readable by this user)")
    case nil: break
    }
    return nil
  }

  private static let mostLineErrors = 20

  private mutating func report(_ error: AddressList.LineError, _ file: String, at span: Span) {
    let place = "\(file):\(error.line):\(error.columns.lowerBound)"
    switch error.reason {
    case .pattern(let reason):
      let words = reason.words(for: error.text)
      report(.badListFile, span, "\(place): \(words.message)", help: words.help)
    case .tooManyBlocks(let limit):
      report(
        .badListFile, span, "\(place): more than \(limit) networks",
        help: "what follows was not read; split the list")
    }
  }

  /// Lists that nothing names, looked at all the same.
  mutating func checkUnusedAddressLists() {
    guard diagnostics.allSatisfy({ $0.severity != .error }) else { return }
    for list in config.addressLists?.value ?? [] where !addressLists.used.contains(list.name) {
      report(
        .unusedAddressList, list.span, "nothing uses the address list '\(list.name)'",
        help: "name it where addresses are expected, or remove it")
    }
  }

  /// Also of lists that nothing uses: everything in a config is checked.
  mutating func lowerAddressLists() {
    for list in config.addressLists?.value ?? [] where addressLists.named[list.name] == nil {
      addressLists.path = [list.name]
      let resolved = resolve(list.value)
      addressLists.path = []
      addressLists.named[list.name] = resolved
    }
  }

  // MARK: - Entries without effect

  /// Rules that others of their list cover, alone or together.
  mutating func reportCovered(_ addresses: LoweredAddresses) {
    var lines: [String: (count: Int, first: String)] = [:]
    for covered in addresses.rules.rules.covered() {
      guard let origin = addresses.rules.origin(of: covered.rule) else { continue }
      let others = covered.by.compactMap { addresses.rules.origin(of: $0) }
      guard let span = addresses.spans[covered.rule] else {
        let file = origin.place.file
        let first =
          lines[file]?.first
          ?? "line \(origin.place.line) by \(others.first.map { describe($0, in: file) } ?? "others")"
        lines[file] = ((lines[file]?.count ?? 0) + 1, first)
        continue
      }
      let message: String
      if others.count == 1, let other = others.first {
        message =
          addresses.rules.pattern(of: covered.rule)
            == covered.by.first.flatMap { addresses.rules.pattern(of: $0) }
          ? "\(origin.text) is listed twice"
          : "\(origin.text) is part of \(describe(other, from: addresses, covered))"
      } else {
        message = "\(origin.text) is covered by \(others.count) others together"
      }
      report(
        .repeatedEntry, span, message,
        related: covered.by.prefix(8).compactMap { rule in
          addresses.spans[rule].map { Diagnostic.Related("covers it", at: $0) }
        }, help: "remove it")
    }
    for (file, found) in lines.sorted(by: { $0.key < $1.key }) {
      report(
        .coveredLines, addresses.fileSpans[file],
        "\(file): \(counted(found.count, "line")) covered by others, \(found.first)")
    }
  }

  /// With its line, and the file if that is another one.
  private func describe(_ origin: RuleOrigin, in file: String) -> String {
    origin.place.file == file
      ? "\(origin.text) on line \(origin.place.line)" : "\(origin.text), \(origin.place)"
  }

  /// With its place, unless that is shown below the message.
  private func describe(_ origin: RuleOrigin, from addresses: LoweredAddresses, _ covered: CoveredRule)
    -> String
  {
    covered.by.first.flatMap { addresses.spans[$0] } == nil ? "\(origin.text), \(origin.place)" : origin.text
  }
}
