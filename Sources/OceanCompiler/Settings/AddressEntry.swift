import OceanAddresses
import OceanPlan
import OceanSyntax

/// An entry of an address list, as written.
enum AddressEntry: Sendable {
  /// - Parameter until: nil for an entry without an end.
  case pattern(AddressPattern, text: String, until: RuleEnd?)
  /// The name of one of `address_lists`.
  case list(String)
  case file(ListFileEntry)
  /// An entry that could not be read, and was reported: nothing can be concluded from the list without it.
  case mistaken
}

/// A list file, as an entry names it.
struct ListFileEntry: Sendable {
  /// Absolute.
  let path: String
  /// The path as written.
  let text: String
  /// What it must keep, and where that is written.
  let given: Config.AddressFile

  var bounds: ListBounds {
    ListBounds(
      atLeast: given.atLeast?.value, atMost: given.atMost?.value, largestNetwork: given.largestNetwork?.value)
  }
}

typealias AddressEntries = [Located<AddressEntry>]

extension ValueType where Value == AddressEntry {
  /// An address, network or range by itself.
  static let oneAddress = ValueType(
    summary: "an address, a network or a range",
    schema: ["type": "string", "pattern": "^[0-9A-Fa-f:./* -]+$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "an address, a network or a range") else { return nil }
    guard !text.contains(";") else {
      decoder.report(
        .badEnd, node.span, "several addresses with one end", help: "write an entry for each of them")
      return nil
    }
    let entry = decoder.addressEntry(text, node.span).value
    switch entry {
    case .pattern: return entry
    case .list(let name):
      decoder.report(
        .badEnd, node.span, "'\(name)' is a list, and an end belongs to an address",
        help: "write the ends in the list: \(name): [{ address: 203.0.113.9, until: 2027-01-31 }]")
    case .file, .mistaken: break
    }
    return nil
  }
}

extension ValueType where Value == RuleEnd {
  static let ruleEnd = ValueType(
    summary: "a date or a time",
    schema: [
      "type": "string",
      "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([Zz]|[+-][0-9]{2}:[0-9]{2}))?$",
    ]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a date or a time") else { return nil }
    guard let end = RuleEnd(parsing: text) else {
      decoder.report(
        .badEnd, node.span, "'\(text)' is not a date or a time",
        help: "like 2027-01-31, which is the end of that day (UTC), or 2027-01-31T18:00:00+01:00")
      return nil
    }
    return end
  }
}

extension Node {
  /// Whether a mapping is meant as an address with an end.
  var isEndingAddress: Bool { hasKey("address") || hasKey("until") && !hasKey("file") }

  func hasKey(_ key: String) -> Bool { self.key(key) != nil }

  fileprivate func key(_ key: String) -> Node? { mapping?.first { $0.key.scalar?.text == key }?.key }
}

extension Decoder {
  /// Reads `{ file: PATH }`, perhaps with bounds.
  mutating func addressFile(_ node: Node) -> Located<AddressEntry> {
    if let until = node.key("until") {
      report(
        .badEnd, until.span, "a list file cannot have an end, nor can its lines",
        help: "write the addresses that end as entries: { address: 203.0.113.9, until: 2027-01-31 }")
      return Located(.mistaken, node.anchor)
    }
    guard let given = Settings.addressFile.decode(node, &self), let file = given.file else {
      return Located(.mistaken, node.anchor)
    }
    let text = node.mapping?.first { $0.key.scalar?.text == "file" }?.value.scalar?.text ?? file.value
    if let least = given.atLeast, let most = given.atMost, least.value > most.value {
      report(
        .badBound, most.span, "no list has at least \(least.value) and at most \(most.value) entries",
        help: "write the smaller number as at_least")
    }
    return Located(.file(ListFileEntry(path: file.value, text: text, given: given)), file.span)
  }

  /// Reads `{ address: ADDRESS, until: DATE }`.
  mutating func endingAddress(_ node: Node) -> Located<AddressEntry> {
    if node.hasKey("address"), let file = node.key("file") {
      report(
        .badEnd, file.span, "an entry is an address or a list file, and this one names both",
        help: "write two entries: { address: 203.0.113.9, until: 2027-01-31 } and { file: lists/drop.netset }"
      )
      return Located(.mistaken, node.anchor)
    }
    guard let given = Settings.endingAddress.decode(node, &self), let address = given.address,
      case .pattern(let pattern, let text, _) = address.value, let until = given.until
    else { return Located(.mistaken, node.anchor) }
    return Located(.pattern(pattern, text: text, until: until.value), address.span)
  }

  /// Reads a pattern, or the name of a list. A mistake is reported.
  mutating func addressEntry(_ text: String, _ span: Span) -> Located<AddressEntry> {
    // No name has one of these characters, and every pattern has one.
    guard text.contains(where: { ".:/*".contains($0) }) || text.allSatisfy(\.isNumber) else {
      return Located(Name.check(text, span, "an address list", &self) ? .list(text) : .mistaken, span)
    }
    do throws(AddressPattern.ParseError) {
      return Located(.pattern(try AddressPattern(parsing: text), text: text, until: nil), span)
    } catch {
      report(error, text, span)
      return Located(.mistaken, span)
    }
  }
}
