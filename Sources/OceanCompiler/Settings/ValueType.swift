import OceanPlan
package import OceanSyntax

/// How values of one type are written. Reads them, and describes them to the schema and to people.
struct ValueType<Value: Sendable>: Sendable {
  /// Finds the address lists in a value, at any depth; nil if there cannot be any.
  let lists: Lists?
  /// Reads a value; nil after a mistake, which it has reported.
  let decode: Decode
  private let makeSummary: @Sendable () -> String
  private let makeSchema: @Sendable () -> JSONValue
  private let makeChildren: @Sendable () -> [SettingRow]

  typealias Lists = @Sendable (Value) -> [AddressEntries]
  typealias Decode = @Sendable (Node, inout Decoder) -> Value?

  /// What describes the type is made when it is asked for: to read a config it is not needed.
  init(
    summary: @autoclosure @escaping @Sendable () -> String,
    schema: @autoclosure @escaping @Sendable () -> JSONValue,
    children: @autoclosure @escaping @Sendable () -> [SettingRow] = [],
    lists: Lists? = nil, decode: @escaping Decode
  ) {
    self.lists = lists
    self.decode = decode
    makeSummary = summary
    makeSchema = schema
    makeChildren = children
  }

  /// The type's name in the reference: `a duration`, `true or false`.
  var summary: String { makeSummary() }
  var schema: JSONValue { makeSchema() }
  /// The settings inside, for the reference.
  var children: [SettingRow] { makeChildren() }
}

extension ValueType where Value == String {
  static func text(_ summary: String) -> ValueType {
    ValueType(summary: summary, schema: ["type": "string", "minLength": 1]) { node, decoder in
      decoder.scalar(node, expected: summary)
    }
  }

  /// The name that somebody gave to a thing, or refers to it by.
  static func name(of thing: String) -> ValueType {
    ValueType(
      summary: "the name of \(thing)",
      schema: ["type": "string", "pattern": .string(Name.pattern)]
    ) { node, decoder in
      guard let text = decoder.scalar(node, expected: "the name of \(thing)") else { return nil }
      return Name.check(text, node.span, thing, &decoder) ? text : nil
    }
  }

  static let hostName = ValueType(
    summary: "a host name",
    schema: [
      "type": "string", "maxLength": 254, "pattern": .string(HostName.pattern),
      "not": ["pattern": .string(HostName.numericPattern)],
    ]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a host name") else { return nil }
    guard let name = HostName.normalized(text) else {
      decoder.report(
        .badHostName, node.span, "'\(text)' is not a host name",
        help: "letters, digits and hyphens between dots, like mail.example.org")
      return nil
    }
    return name
  }

  /// A path; a relative one is relative to the file that names it.
  static let path = ValueType(
    summary: "a path",
    schema: ["type": "string", "minLength": 1]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a path") else { return nil }
    return decoder.resolve(text, at: node.span)
  }
}

extension ValueType where Value == Int {
  static func integer(_ range: ClosedRange<Int>) -> ValueType {
    @Sendable func limits() -> String {
      range.count == 1 ? "\(range.lowerBound)" : "a number from \(range.lowerBound) to \(range.upperBound)"
    }
    return ValueType(
      summary: range.count == 1 ? "`\(limits())`" : limits(),
      schema: [
        "anyOf": [
          ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
          ["type": "string", "pattern": "^(0|[1-9][0-9]*)$"],
        ]
      ]
    ) { node, decoder in
      guard let text = decoder.scalar(node, expected: limits()) else { return nil }
      let digits = text.utf8
      guard digits.allSatisfy({ (48...57).contains($0) }) else {
        decoder.report(.notANumber, node.span, "expected \(limits()), found '\(text)'")
        return nil
      }
      guard digits.count == 1 || digits.first != 48 else {
        decoder.report(
          .notANumber, node.span, "a number with a leading zero",
          label: "octal to some readers, decimal to others", help: "write it without the zero")
        return nil
      }
      guard let number = Int(text), range.contains(number) else {
        decoder.report(.outOfRange, node.span, "expected \(limits()), found \(text)")
        return nil
      }
      return number
    }
  }

  /// The length of an IPv4 network, `/8`.
  static let networkLength = ValueType(
    summary: "a length of networks from `/1` to `/32`",
    schema: ["type": "string", "pattern": "^/([1-9]|[12][0-9]|3[0-2])$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a length of networks, like /8") else { return nil }
    let digits = text.hasPrefix("/") ? text.dropFirst() : text[...]
    let number = digits.first == "0" || !digits.utf8.allSatisfy { (48...57).contains($0) } ? nil : Int(digits)
    guard let number, (1...32).contains(number), text.hasPrefix("/") else {
      let isMeant = number.map((1...32).contains) ?? false
      decoder.report(
        .badBound, node.span, "'\(text)' is not a length of networks from /1 to /32",
        help: isMeant ? "write /\(digits)" : "like /8: for IPv6, networks may then be as large as a /16")
      return nil
    }
    return number
  }

  /// A duration, in seconds.
  static func duration(_ range: ClosedRange<Int>) -> ValueType {
    @Sendable func limits() -> String {
      "from \(Duration.text(seconds: range.lowerBound)) to \(Duration.text(seconds: range.upperBound))"
    }
    return ValueType(
      summary: "a duration \(limits())",
      schema: ["type": "string", "pattern": "^([0-9]+[smhd])+$"]
    ) { node, decoder in
      guard let text = decoder.scalar(node, expected: "a duration like 10m or 1h30m") else { return nil }
      guard let seconds = Duration.seconds(text) else {
        if text == "off" {
          decoder.report(
            .badDuration, node.span, "this cannot be switched off", help: "write a duration \(limits())")
        } else if text.utf8.allSatisfy({ (48...57).contains($0) }) {
          decoder.report(
            .badDuration, node.span, "a duration needs a unit",
            help: "write \(text)s for seconds or \(text)m for minutes")
        } else {
          decoder.report(
            .badDuration, node.span, "'\(text)' is not a duration",
            help: "write it like 90s, 10m, 1h30m or 2d")
        }
        return nil
      }
      guard range.contains(seconds) else {
        decoder.report(.outOfRange, node.span, "expected a duration \(limits()), found \(text)")
        return nil
      }
      return seconds
    }
  }
}

extension ValueType where Value == Int? {
  /// A number, or `off` for no value.
  static func integerOrOff(_ range: ClosedRange<Int>) -> ValueType {
    let number = ValueType<Int>.integer(range)
    return ValueType(
      summary: "\(number.summary), or `off`",
      schema: ["anyOf": [number.schema, ["type": "string", "enum": ["off"]]]]
    ) { node, decoder in
      if node.scalar?.text == "off" { return .some(nil) }
      return number.decode(node, &decoder).map(Optional.some)
    }
  }
}

extension ValueType where Value == Int? {
  /// A duration in seconds, or `off` for no value.
  static func durationOrOff(_ range: ClosedRange<Int>) -> ValueType {
    let duration = ValueType<Int>.duration(range)
    return ValueType(
      summary: "\(duration.summary), or `off`",
      schema: ["anyOf": [duration.schema, ["type": "string", "enum": ["off"]]]]
    ) { node, decoder in
      if node.scalar?.text == "off" { return .some(nil) }
      return duration.decode(node, &decoder).map(Optional.some)
    }
  }
}

extension ValueType where Value == Bool {
  static let boolean = ValueType(
    summary: "true or false",
    schema: ["anyOf": [["type": "boolean"], ["type": "string", "enum": ["true", "false"]]]]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "true or false") else { return nil }
    switch text {
    case "true": return true
    case "false": return false
    default:
      let meant: String? =
        switch text.lowercased() {
        case "yes", "on", "y", "true", "1", "enabled": "true"
        case "no", "off", "n", "false", "0", "disabled": "false"
        default: nil
        }
      decoder.report(
        .notABoolean, node.span, "expected true or false, found '\(text)'",
        help: meant.map { "write \($0)" } ?? "write true or false")
      return nil
    }
  }
}

extension ValueType {
  /// One of a few words.
  static func choice(_ words: [(String, Value)]) -> ValueType {
    @Sendable func expected() -> String { words.map(\.0).joined(separator: " or ") }
    return ValueType(
      summary: words.map { "`\($0.0)`" }.joined(separator: " or "),
      schema: ["type": "string", "enum": .array(words.map { .string($0.0) })]
    ) { node, decoder in
      guard let text = decoder.scalar(node, expected: expected()) else { return nil }
      if let match = words.first(where: { $0.0 == text }) { return match.1 }
      decoder.report(
        .unknownChoice, node.span, "expected \(expected()), found '\(text)'",
        // Of two numbers that differ by a digit neither is a slip for the other.
        help: text.contains(where: \.isLetter) ? decoder.suggestion(for: text, among: words.map(\.0)) : nil)
      return nil
    }
  }

  /// A list, each element with its place. Elements with mistakes are reported and left out.
  ///
  /// - Parameter mayBeEmpty: whether an empty list means something.
  static func list<Element>(
    _ element: ValueType<Element>, of things: String, mayBeEmpty: Bool = true
  ) -> ValueType
  where Value == [Located<Element>] {
    ValueType(
      summary: "a list of \(things)",
      schema: ["anyOf": [["type": "array", "items": element.schema], element.schema]],
      children: element.children,
      lists: element.lists.map { lists in { @Sendable in $0.flatMap { lists($0.value) } } }
    ) { node, decoder in
      guard let nodes = decoder.elements(node, of: things, areMappings: !element.children.isEmpty) else {
        return nil
      }
      if !mayBeEmpty, nodes.isEmpty {
        decoder.report(.emptyValue, node.span, "an empty list is about nothing", help: "name \(things)")
        return nil
      }
      return nodes.compactMap { node in
        element.decode(node, &decoder).map { Located($0, node.span) }
      }
    }
  }

  /// A section: a mapping with known keys.
  ///
  /// - Parameter isListed: whether the reference lists its settings here.
  static func section(
    _ section: @autoclosure @escaping @Sendable () -> Section<Value>, isListed: Bool = true
  ) -> ValueType where Value: SectionRoot {
    ValueType(
      summary: "a mapping", schema: section().schema, children: isListed ? section().rows : [],
      lists: { section().lists(in: $0) }
    ) { node, decoder in section().decode(node, &decoder) }
  }

  /// Sections under names that the administrator chooses.
  static func named<Root>(
    _ section: @autoclosure @escaping @Sendable () -> Section<Root>, thing: String, things: String
  ) -> ValueType where Value == [Named<Root>] {
    ValueType(
      summary: "a mapping, by name",
      schema: [
        "type": "object", "additionalProperties": section().schema,
        "propertyNames": ["pattern": .string(Name.pattern)],
      ],
      children: section().rows.map { $0.below("NAME") },
      lists: {
        let section = section()
        return $0.flatMap { section.lists(in: $0.value) }
      }
    ) { node, decoder in
      let section = section()
      guard let entries = decoder.namedEntries(node, of: things) else { return nil }
      return entries.compactMap { entry in
        guard let key = entry.key.scalar?.text, Name.check(key, entry.key.span, thing, &decoder),
          let value = section.decode(entry.value, &decoder)
        else { return nil }
        return Named(name: key, span: entry.key.span, value: value)
      }
    }
  }
}

/// A section under a name that the administrator chose; the span is the name's.
package struct Named<Value: Sendable>: Sendable {
  package var name: String
  package var span: Span
  package var value: Value
}
