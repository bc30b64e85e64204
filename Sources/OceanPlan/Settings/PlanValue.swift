package import OceanAddresses
import OceanBase

/// The values that a setting can have, and how they are read, written and shown.
package struct PlanValue<Value: Sendable>: Sendable {
  typealias Reader = KeyedDecodingContainer<SettingKey>
  typealias Writer = KeyedEncodingContainer<SettingKey>

  /// The range that a number may have; nil for other values.
  package var range: ClosedRange<Int>?
  /// Whether the number is in seconds.
  package var isDuration = false
  /// Addresses that are always on a list, whatever the config says.
  package var always = AddressSet()
  let shown: @Sendable (Value) -> Plan.Setting.Value?
  let read: @Sendable (Reader, SettingKey) throws -> Value
  let write: @Sendable (Value, inout Writer, SettingKey) throws -> Void
  let isValid: @Sendable (Value) -> Bool
  /// Returns a different value from the one given, to try out what a change does; nil if there is only one.
  let other: @Sendable (Value) -> Value?
  private let makeSummary: @Sendable () -> String

  init(
    summary: @autoclosure @escaping @Sendable () -> String, range: ClosedRange<Int>? = nil,
    shown: @escaping @Sendable (Value) -> Plan.Setting.Value?,
    read: @escaping @Sendable (Reader, SettingKey) throws -> Value,
    write: @escaping @Sendable (Value, inout Writer, SettingKey) throws -> Void,
    isValid: @escaping @Sendable (Value) -> Bool = { _ in true },
    other: @escaping @Sendable (Value) -> Value?
  ) {
    makeSummary = summary
    self.range = range
    self.shown = shown
    self.read = read
    self.write = write
    self.isValid = isValid
    self.other = other
  }

  /// The description in docs/plan-file.md: `a number, 1 to 100`.
  var summary: String { makeSummary() }

  /// The value as people read it; nil for a value that is not set.
  package func text(_ value: Value) -> String? { shown(value)?.text }
}

extension PlanValue where Value: Codable {
  /// A value that a plan file holds as it is.
  init(
    _ summary: @autoclosure @escaping @Sendable () -> String,
    isValid: @escaping @Sendable (Value) -> Bool = { _ in true },
    other: @escaping @Sendable (Value) -> Value?, shown: @escaping @Sendable (Value) -> Plan.Setting.Value?
  ) {
    self.init(
      summary: summary(), shown: shown, read: { try $0.decode(Value.self, forKey: $1) },
      write: { try $1.encode($0, forKey: $2) }, isValid: isValid, other: other)
  }
}

extension PlanValue {
  /// A value that a plan file holds as text.
  ///
  /// - Parameter noun: the kind of value in words, such as `a duration`.
  private init(
    _ noun: String, _ rest: @autoclosure @escaping @Sendable () -> String = "",
    isValid: @escaping @Sendable (Value) -> Bool = { _ in true },
    other: @escaping @Sendable (Value) -> Value?,
    text: @escaping @Sendable (Value) -> String, parse: @escaping @Sendable (String) -> Value?
  ) {
    self.init(
      summary: noun + rest(), shown: { .text(text($0)) },
      read: { container, key in
        let written = try container.decode(String.self, forKey: key)
        guard let value = parse(written) else {
          throw DecodingError.dataCorruptedError(
            forKey: key, in: container, debugDescription: "'\(written)' is not \(noun)")
        }
        return value
      },
      write: { try $1.encode(text($0), forKey: $2) }, isValid: isValid, other: other)
  }
}

extension PlanValue<Int> {
  package static func integer(_ range: ClosedRange<Int>) -> PlanValue {
    var value = PlanValue(
      "a number, \(range.lowerBound) to \(range.upperBound)", isValid: { range.contains($0) },
      other: { range.another(than: $0) }, shown: { .text("\($0)") })
    value.range = range
    return value
  }

  /// - Parameter range: the range in seconds.
  package static func duration(_ range: ClosedRange<Int>) -> PlanValue {
    var value = PlanValue(
      "a duration",
      ", \(Duration.text(seconds: range.lowerBound)) to \(Duration.text(seconds: range.upperBound))",
      isValid: { range.contains($0) }, other: { range.another(than: $0) },
      text: { Duration.text(seconds: $0) }, parse: { Duration.seconds($0) })
    value.range = range
    value.isDuration = true
    return value
  }

  static func milliseconds(_ range: ClosedRange<Int>) -> PlanValue {
    var value = PlanValue(
      "a number of milliseconds", ", \(range.lowerBound)ms to \(range.upperBound)ms",
      isValid: { range.contains($0) }, other: { range.another(than: $0) }, text: { "\($0)ms" },
      parse: { $0.hasSuffix("ms") ? Int($0.dropLast(2)) : nil })
    value.range = range
    return value
  }
}

extension PlanValue<Int?> {
  package static func integerOrOff(_ range: ClosedRange<Int>) -> PlanValue {
    PlanValue(
      summary: "a number, \(range.lowerBound) to \(range.upperBound), or `off`", range: range,
      shown: { .text($0.map(String.init) ?? "off") },
      read: { container, key in
        guard let word = try? container.decode(String.self, forKey: key) else {
          return try container.decode(Int.self, forKey: key)
        }
        guard word == "off" else {
          throw DecodingError.dataCorruptedError(
            forKey: key, in: container, debugDescription: "'\(word)' is neither a number nor 'off'")
        }
        return nil
      },
      write: { number, container, key in
        if let number {
          try container.encode(number, forKey: key)
        } else {
          try container.encode("off", forKey: key)
        }
      },
      isValid: { $0.map(range.contains) ?? true }, other: { range.another(than: $0 ?? range.lowerBound) })
  }
}

extension PlanValue<Int?> {
  /// A duration that a plan file may leave out.
  ///
  /// - Parameter range: the range in seconds.
  static func optionalDuration(_ range: ClosedRange<Int>) -> PlanValue {
    let duration = PlanValue<Int>.duration(range)
    return PlanValue(
      summary: "\(duration.summary); may be absent", range: range,
      shown: { $0.map { .text(Duration.text(seconds: $0)) } },
      read: { try $0.contains($1) ? duration.read($0, $1) : nil },
      write: { if let seconds = $0 { try duration.write(seconds, &$1, $2) } },
      isValid: { $0.map(range.contains) ?? true },
      other: { $0 == nil ? .some(range.upperBound) : .some(nil) })
  }
}

extension PlanValue<Int64> {
  /// Seconds since 1970.
  static let time = PlanValue(
    "a time of RFC 3339", other: { $0 > 0 ? $0 - 1 : $0 + 1 }, text: { Timestamp.text($0) },
    parse: { Timestamp.seconds($0) })
}

extension PlanValue<Bool> {
  package static let flag = PlanValue("`true` or `false`", other: { !$0 }, shown: { .text("\($0)") })
}

extension PlanValue<String> {
  static let text = PlanValue("a text", other: { $0 + "x" }, shown: { .text($0) })
  static let absolutePath = PlanValue("an absolute path", other: { $0 + "/x" }, shown: { .text($0) })
}

extension PlanValue<String?> {
  static let optionalText = PlanValue.optional("a text") {
    .text($0)
  } other: {
    $0 == nil ? "x" : .some(nil)
  }
  static let optionalPath = PlanValue.optional("an absolute path") {
    .text($0)
  } other: {
    $0 == nil ? "/x" : .some(nil)
  }
}

extension PlanValue {
  /// A value that a plan file may leave out.
  static func optional<Wrapped: Codable & Sendable>(
    _ summary: @autoclosure @escaping @Sendable () -> String,
    shown: @escaping @Sendable (Wrapped) -> Plan.Setting.Value,
    other: @escaping @Sendable (Wrapped?) -> Wrapped??
  ) -> PlanValue where Value == Wrapped? {
    PlanValue(
      summary: "\(summary()); may be absent", shown: { $0.map(shown) },
      read: { try $0.decodeIfPresent(Wrapped.self, forKey: $1) },
      write: { try $1.encodeIfPresent($0, forKey: $2) }, isValid: { _ in true }, other: other)
  }
}

extension PlanValue<[String]> {
  static let names = PlanValue(
    "a list of texts", other: { $0.isEmpty ? ["x"] : Array($0.dropLast()) },
    shown: { .text($0.joined(separator: ", ")) })
}

extension PlanValue<[Plan.SASLOffer]> {
  /// Some of the mechanisms, each once, in the order of their cases.
  static let mechanisms = PlanValue(
    "a list of \(Plan.SASLMechanism.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")); each may be "
      + "`{ \"mechanism\": …, \"without_tls\": true }`",
    isValid: { offers in
      let given = offers.map(\.mechanism)
      return Plan.SASLMechanism.allCases.filter(given.contains) == given
    },
    other: { $0.isEmpty ? [Plan.SASLOffer(.plain)] : Array($0.dropLast()) },
    shown: { offers in
      let words = offers.map { "\($0.mechanism.rawValue)\($0.isWithoutTLS ? " (also without TLS)" : "")" }
      return .text(words.isEmpty ? "off" : words.joined(separator: ", "))
    })
}

extension PlanValue<AddressSet> {
  package static let addresses = addresses()

  /// - Parameters:
  ///   - always: addresses that are always among them, whatever the config says.
  ///   - word: the word for some sets, if they have one.
  package static func addresses(
    always: AddressSet = AddressSet(), word: @escaping @Sendable (AddressSet) -> String? = { _ in nil }
  ) -> PlanValue {
    var value = PlanValue(
      "addresses: the fewest CIDR blocks, with a space between two",
      other: {
        $0 == .loopback ? .loopback.union(AddressSet([AddressPattern(IPAddress(v4: 1))])) : .loopback
      },
      shown: { addresses in word(addresses).map(Plan.Setting.Value.text) ?? .addresses(addresses) })
    value.always = always
    return value
  }
}

extension PlanValue
where Value: RawRepresentable & CaseIterable & Codable & Equatable, Value.RawValue == String {
  static var word: PlanValue {
    PlanValue(
      Value.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "),
      other: { value in Value.allCases.first { $0 != value } }, shown: { .text($0.rawValue) })
  }
}

extension ClosedRange<Int> {
  fileprivate func another(than value: Int) -> Int { value < upperBound ? value + 1 : lowerBound }
}
