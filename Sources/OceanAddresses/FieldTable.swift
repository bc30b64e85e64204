/// The lines of a file as fields between separators, the way awk divides them.
struct FieldTable {
  private typealias Field = ArraySlice<UInt8>

  private let separator: AddressListFile.FieldSeparator
  /// The line with the names of the fields, counted from 1; 0 if there is no such line.
  private var header = 0
  private var rows = 0
  /// The columns of the first entries, counted from 0.
  private var columns = Set<Int>()
  /// Whether every line has one entry, and nothing beside it that may be a second.
  private var isSingle = true
  /// Whether every line has nothing but entries.
  private var isFull = true
  private var fewest = Int.max
  private var most = 0
  /// Columns with nothing but numbers that can be the length or the size of the network which begins at the
  /// line's address; nil before the first line.
  private var sizes: Set<Int>?
  private var hasPermission = false
  /// Lines that are not entries as they are: how many, and with how many of them it is unclear what they
  /// mean.
  private var others = (all: 0, unclear: 0, masked: 0)

  /// Nil if there is a line that has no entry with this separator, or no line at all.
  init?(_ lines: [ArraySlice<UInt8>], _ separator: AddressListFile.FieldSeparator) {
    self.separator = separator
    for (index, line) in lines.enumerated() {
      guard let content = Self.content(line, separator) else { continue }
      let fields = Self.fields(content, separator)
      if add(fields, isEntry: AddressListFormatReader.isEntry(content.trimmedOfSpace)) { continue }
      guard rows == 0, header == 0, Self.isHeader(fields) else { return nil }
      header = index + 1
    }
    if rows == 0 { return nil }
  }

  var format: AddressListFile.Format? {
    if isSingle, columns.count == 1, let column = columns.first {
      if hasPermission { return .table }
      if sizes?.isEmpty == false { return .masks }
      return .fields(separator, column: column + 1, header: header)
    }
    // If all lines have the same number of entries, these may be columns, each with a meaning of its own.
    if isFull, header == 0, most > 2, rows == 1 || fewest != most { return .several(separator) }
    // If a list has only a few wrong lines, each of them is reported.
    guard others.all > 0, others.unclear == others.all else { return nil }
    return others.masked == others.all ? .masks : .pairs
  }

  /// - Parameter isEntry: whether the whole line is an entry.
  /// - Returns: whether one of the fields is an entry; if not, nothing is added.
  private mutating func add(_ fields: [Field], isEntry: Bool) -> Bool {
    let entries = fields.indices.filter { AddressListFormatReader.isEntry(fields[$0]) }
    guard let first = entries.first else { return false }
    let rest = fields.indices.filter { !entries.contains($0) }
    sizes = (sizes ?? Set(rest)).filter { rest.contains($0) && Self.isSize(fields[$0], of: fields[first]) }
    if rest.contains(where: { Self.permissions.contains(Self.lowercased(fields[$0])) }) {
      hasPermission = true
    }

    let hasMask =
      entries.dropFirst().contains { Self.isMask(fields[$0]) }
      || rest.contains { fields[$0].first == UInt8(ascii: "/") }
    let isDoubtful = rest.contains { Self.isDoubtful(fields[$0], isNext: $0 == first + 1) }
    let isClear = !hasMask && !isDoubtful
    rows += 1
    columns.insert(first)
    if entries.count > 1 || !isClear { isSingle = false }
    if !rest.isEmpty || !isClear { isFull = false }
    fewest = min(fewest, entries.count)
    most = max(most, entries.count)
    if !isEntry {
      others.all += 1
      if entries.count > 1 || !isClear { others.unclear += 1 }
      if hasMask { others.masked += 1 }
    }
    return true
  }

  // MARK: - Lines

  /// A line without its comment and quotes, which commands remove; nil if there is nothing else.
  private static func content(_ line: Field, _ separator: AddressListFile.FieldSeparator) -> Field? {
    var content = line.prefix {
      $0 != UInt8(ascii: "#") && (separator == .semicolon || $0 != UInt8(ascii: ";"))
    }
    if content.last == UInt8(ascii: "\r") { content.removeLast() }
    if content.contains(UInt8(ascii: "\"")) { content = Field(content.filter { $0 != UInt8(ascii: "\"") }) }
    let start = content.drop(while: \.isListSpace)
    return start.isEmpty || start.first == UInt8(ascii: ";") ? nil : content
  }

  private static func fields(_ content: Field, _ separator: AddressListFile.FieldSeparator) -> [Field] {
    switch separator {
    case .blank: content.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    case .comma, .semicolon:
      content.split(omittingEmptySubsequences: false) { separator.rawValue.utf8.contains($0) }
        .map(\.trimmedOfSpace)
    }
  }

  /// Names of fields that hold addresses; a line without an address and without one of these is not a header.
  private static let headings: Set<String> = [
    "ip", "ips", "ipv4", "ipv6", "ip4", "ip6", "address", "addresses", "addr", "ipaddress", "ipaddr", "cidr",
    "network",
    "net", "subnet", "prefix", "range", "host", "from", "start", "first", "begin", "src", "dst", "source",
    "destination",
  ]

  private static func isHeader(_ fields: [Field]) -> Bool {
    !fields.contains { AddressListFormatReader.mentionsAddress($0) }
      && fields.contains { field in
        lowercased(field).split { $0 == "_" || $0 == " " || $0 == "-" }.contains {
          headings.contains(String($0))
        }
      }
  }

  // MARK: - Fields

  /// Words by which a table lets clients in, or leaves the decision to others.
  private static let permissions: Set<String> = [
    "ok", "permit", "allow", "allowed", "accept", "accepted", "pass", "dunno", "whitelist", "white", "ham",
    "good",
    "relay", "trust", "trusted", "inactive", "expired", "removed", "delisted",
  ]

  private static func lowercased(_ field: Field) -> String {
    String(decoding: field.prefix(20), as: UTF8.self).lowercased()
  }

  private static func isDoubtful(_ field: Field, isNext: Bool) -> Bool {
    AddressListFormatReader.mentionsAddress(field)
      || isNext
        && (field.first == UInt8(ascii: "-")
          || ["to", "..", "...", "–", "through"].contains(lowercased(field)))
  }

  /// Whether a field is a mask: 255.255.255.0, or the reverse: 0.0.0.255.
  private static func isMask(_ field: Field) -> Bool {
    guard let address = single(field), address.family == .v4 else { return false }
    let value = UInt32(truncatingIfNeeded: address.number)
    func isRun(_ bits: UInt32) -> Bool { bits & (bits &+ 1) == 0 }
    return value >> 24 == 255 && isRun(~value) || value >> 24 == 0 && isRun(value)
  }

  /// Whether a field is a number, and the address the first of a network with this length or with this many
  /// addresses.
  private static func isSize(_ field: Field, of entry: Field) -> Bool {
    guard !field.isEmpty, let number = UInt64(String(decoding: field, as: UTF8.self)),
      let address = single(entry)
    else { return false }
    let zeros = min(address.number.trailingZeroBitCount, address.family.bits)
    if number <= UInt64(address.family.bits), zeros >= address.family.bits - Int(number) { return true }
    // A network has as many addresses as it is aligned to; registries count others too, from the beginning of
    // a /24.
    return zeros >= 8 || number > 1 && number.nonzeroBitCount == 1 && zeros >= number.trailingZeroBitCount
  }

  private static func single(_ field: Field) -> IPAddress? {
    var parser = AddressParser(Array(field))
    guard let pattern = try? parser.pattern(), pattern.first == pattern.last,
      !field.contains(UInt8(ascii: "/"))
    else { return nil }
    return pattern.first
  }
}

extension IPAddress {
  fileprivate var number: UInt128 { UInt128(value) }
}

extension ArraySlice<UInt8> {
  fileprivate var trimmedOfSpace: ArraySlice<UInt8> {
    let start = drop(while: \.isListSpace)
    return start.prefix(start.count - start.reversed().prefix(while: \.isListSpace).count)
  }
}
