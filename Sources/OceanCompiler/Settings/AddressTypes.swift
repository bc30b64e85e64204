import OceanAddresses
import OceanSyntax

extension ValueType where Value == AddressEntries {
  /// Addresses, wherever a setting takes them: a list, one entry, or several in one text: `a; b; c`.
  static let addresses = ValueType(
    summary: "a list of addresses",
    schema: ["anyOf": [["type": "array", "items": entrySchema], entrySchema]], lists: { [$0] }
  ) { node, decoder in
    if let scalar = node.scalar, !scalar.isNothing {
      return decoder.parts(of: scalar, node.span).map { decoder.addressEntry($0.value, $0.span) }
    }
    guard let nodes = decoder.elements(node, of: "addresses", areMappings: true) else { return nil }
    return nodes.flatMap { node in
      if node.mapping != nil {
        return [node.isEndingAddress ? decoder.endingAddress(node) : decoder.addressFile(node)]
      }
      guard decoder.scalar(node, expected: "an address, a network, a range or the name of a list") != nil,
        let scalar = node.scalar
      else { return [Located(.mistaken, node.span)] }
      return decoder.parts(of: scalar, node.span).map { decoder.addressEntry($0.value, $0.span) }
    }
  }

  static let entrySchema: JSONValue = [
    "anyOf": [
      ["type": "string", "pattern": "^[0-9A-Za-z:./*;_ -]+$"],
      Settings.addressFile.schema,
      Settings.endingAddress.schema,
    ]
  ]
}

extension ValueType where Value == Config.AddressList {
  /// Addresses, or a mapping with a switch.
  static let switchedAddresses = ValueType(
    summary: "a list of addresses, or a mapping",
    schema: ["anyOf": [ValueType<AddressEntries>.addresses.schema, Settings.addressList.schema]],
    children: Settings.addressList.rows, lists: { Settings.addressList.lists(in: $0) }
  ) { node, decoder in
    if node.mapping != nil, !node.hasKey("file"), !node.isEndingAddress {
      return Settings.addressList.decode(node, &decoder)
    }
    return ValueType<AddressEntries>.addresses.decode(node, &decoder)
      .map { Config.AddressList(entries: Located($0, node.anchor)) }
  }
}

extension ValueType where Value == [Named<AddressEntries>] {
  /// Address lists under names that the administrator chooses.
  static let namedAddresses = ValueType(
    summary: "a mapping, by name",
    schema: [
      "type": "object", "additionalProperties": ValueType<AddressEntries>.addresses.schema,
      "propertyNames": ["pattern": .string(Name.pattern)],
    ],
    children: [
      SettingRow(
        path: "NAME", summary: ValueType<AddressEntries>.addresses.summary, fallback: nil, isRequired: true,
        doc: "The addresses of the list. It may name other lists.")
    ], lists: { $0.map(\.value) }
  ) { node, decoder in
    guard let entries = decoder.namedEntries(node, of: "address lists") else { return nil }
    return entries.compactMap { entry in
      guard let key = entry.key.scalar?.text, Name.check(key, entry.key.span, "an address list", &decoder),
        let value = ValueType<AddressEntries>.addresses.decode(entry.value, &decoder)
      else { return nil }
      return Named(name: key, span: entry.key.span, value: value)
    }
  }
}

extension ValueType where Value == PlaintextLogin {
  static let plaintextLogin = ValueType(
    summary: "`never`, `loopback`, `always` or a list of addresses",
    schema: ValueType<AddressEntries>.addresses.schema,
    lists: { if case .networks(let entries) = $0 { [entries] } else { [] } }
  ) { node, decoder in
    if let scalar = node.scalar, let word = words.first(where: { $0.0 == scalar.text }) { return word.1 }
    return ValueType<AddressEntries>.addresses.decode(node, &decoder).map(PlaintextLogin.networks)
  }

  static let words: [(String, PlaintextLogin)] = [
    ("never", .never), ("loopback", .loopback), ("always", .always),
  ]
}

extension Decoder {
  /// The parts of `a; b; c`. Each has its own span, if the text stands in the file as it is. The lines of a
  /// block are parts, too.
  func parts(of scalar: Scalar, _ span: Span) -> [Located<String>] {
    let quotes = scalar.style == .plain ? 0 : 1
    let width = Int(span.end.column) - Int(span.start.column)
    let isVerbatim =
      span.start.line == span.end.line && width == scalar.text.unicodeScalars.count + 2 * quotes
    var column = Int(span.start.column) + quotes
    var result: [Located<String>] = []
    for part in scalar.text.unicodeScalars.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == ";" || $0 == "\n" })
    {
      let leading = part.prefix { $0 == " " || $0 == "\t" }.count
      var word = part.dropFirst(leading)
      while word.last == " " || word.last == "\t" { word.removeLast() }
      var place = span
      if isVerbatim {
        place.start.column = Int32(clamping: column + leading)
        place.end.column = Int32(clamping: column + leading + word.count)
      }
      column += part.count + 1
      // A ";" may stand at the end.
      if !word.isEmpty { result.append(Located(String(word), place)) }
    }
    return result
  }

  mutating func report(_ error: AddressPattern.ParseError, _ text: String, _ span: Span) {
    let words = error.words(for: text)
    report(words.code, span, words.message, label: words.label, help: words.help)
  }
}

extension AddressPattern.ParseError {
  /// The mistake in an entry, and what was probably meant.
  func words(for text: String) -> (code: DiagnosticCode, message: String, label: String?, help: String?) {
    switch self {
    case .hostBits(let network, let single):
      (
        .hostBits, "host bits set in \(text)", "the network is \(network)",
        "write \(network), or \(single) for the one address"
      )
    case .prefixLength(let maximum):
      (.badAddress, "'\(text)' has a bad prefix length", nil, "a number from /0 to /\(maximum)")
    case .leadingZero:
      (
        .badAddress, "'\(text)' has an octet with a leading zero",
        "octal to some programs, decimal to others",
        "write it without the zero"
      )
    case .octetOutOfRange:
      (.badAddress, "'\(text)' has a number above 255", nil, "the parts of an IPv4 address go from 0 to 255")
    case .zone:
      (.badAddress, "'\(text)' has a zone id", nil, "write the address without % and what follows")
    case .mapped(let prefix):
      (
        .badAddress, "'\(text)' is an IPv4 address in IPv6 form", nil,
        "write \(prefix.short); ocean treats such clients as IPv4"
      )
    case .reversed(let first, let last):
      (.badAddress, "the range '\(text)' ends before it begins", nil, "write \(last)-\(first)")
    case .mixedFamilies:
      (.badAddress, "'\(text)' mixes address families", nil, "write one range for each family")
    case .wildcard:
      (
        .badAddress, "'\(text)' has a * where it is not allowed", nil,
        "* stands for whole numbers at the end of an IPv4 address: 192.168.*.*"
      )
    case .empty, .malformed:
      (
        .badAddress, "'\(text)' is not an address, network or range", nil,
        "like 192.0.2.1, 192.0.2.0/24, 192.0.2.1-192.0.2.9, 192.168.*.* or 2001:db8::/32"
      )
    }
  }
}
