import OceanAddresses

/// The rule for which way a change of a setting goes. Every row of the catalogue has one.
struct DirectionRule<Root: Sendable, Value: Sendable>: Sendable {
  /// The direction of a change of a value of a section, from one section and value to another.
  let direction: @Sendable (_ before: (Root, Value), _ after: (Root, Value)) -> Direction?
  /// For a list of addresses: what more addresses do.
  var more: Direction?
  private let makeWords: @Sendable () -> DirectionWords

  /// What weakens and what strengthens, for docs/plan-file.md.
  var words: DirectionWords { makeWords() }

  init(
    _ weaker: @autoclosure @escaping @Sendable () -> String,
    _ stronger: @autoclosure @escaping @Sendable () -> String,
    values direction: @escaping @Sendable (_ before: Value, _ after: Value) -> Direction?
  ) {
    makeWords = { DirectionWords(weaker: weaker(), stronger: stronger()) }
    self.direction = { direction($0.1, $1.1) }
  }

  /// For a value that depends on others of its section.
  init(
    _ weaker: @autoclosure @escaping @Sendable () -> String,
    _ stronger: @autoclosure @escaping @Sendable () -> String,
    section direction: @escaping @Sendable (_ before: Root, _ after: Root) -> Direction?
  ) {
    makeWords = { DirectionWords(weaker: weaker(), stronger: stronger()) }
    self.direction = { direction($0.0, $1.0) }
  }

  /// The value protects nothing, or neither of two values protects more.
  static var neither: Self { Self("", "", values: { _, _ in nil }) }

  private static func ordered(
    _ weaker: @autoclosure @escaping @Sendable () -> String,
    _ stronger: @autoclosure @escaping @Sendable () -> String,
    _ isWeaker: @escaping @Sendable (Value, Value) -> Bool
  ) -> Self {
    Self(
      weaker(), stronger(),
      values: { Direction(isWeakened: isWeaker($1, $0), isStrengthened: isWeaker($0, $1)) })
  }
}

/// What weakens and what strengthens, each a few words; empty if nothing does.
struct DirectionWords: Sendable {
  let weaker: String
  let stronger: String

  var reversed: DirectionWords { DirectionWords(weaker: stronger, stronger: weaker) }
}

extension DirectionRule where Value: Comparable {
  static var largerIsWeaker: Self { ordered("more", "less") { $0 > $1 } }
  static var largerIsStronger: Self { ordered("less", "more") { $0 < $1 } }
}

extension DirectionRule where Value == Int? {
  /// Without a number there is no limit.
  static var largerIsWeaker: Self { ordered("more, or `off`", "less") { $0 ?? .max > $1 ?? .max } }
}

extension DirectionRule where Value == Int? {
  /// Without a number there is nothing that could last.
  static var longerIsWeaker: Self { ordered("longer", "shorter, or absent") { $0 ?? 0 > $1 ?? 0 } }
}

extension DirectionRule where Value == Bool {
  static var onIsStronger: Self { ordered("`false`", "`true`") { !$0 && $1 } }
  static var onIsWeaker: Self { ordered("`true`", "`false`") { $0 && !$1 } }
}

extension DirectionRule where Value: RawRepresentable & Equatable, Value.RawValue == String {
  /// From the word that protects most to the one that protects least.
  static func strongestFirst(_ words: [Value]) -> Self {
    @Sendable func rank(_ word: Value) -> Int { words.firstIndex(of: word) ?? words.count }
    return ordered(
      words.dropFirst().map { "`\($0.rawValue)`" }.joined(separator: ", then "),
      words.dropLast().reversed().map { "`\($0.rawValue)`" }.joined(separator: ", then ")
    ) { rank($0) > rank($1) }
  }
}

extension DirectionRule where Value == AddressSet {
  /// - Parameter direction: what more addresses do.
  static func more(are direction: Direction) -> Self {
    let (more, fewer) = ("more addresses", "fewer addresses")
    var rule =
      direction == .weakened
      ? Self(more, fewer, values: { Self.direction(from: $0, to: $1) })
      : Self(fewer, more, values: { Self.direction(from: $1, to: $0) })
    rule.more = direction
    return rule
  }

  private static func direction(from before: AddressSet, to after: AddressSet) -> Direction? {
    Direction(isWeakened: !after.isSubset(of: before), isStrengthened: !before.isSubset(of: after))
  }
}

/// A setting that differs between two sections.
struct SettingDifference: Sendable {
  let path: SettingPath
  let changeClass: ChangeClass
  let direction: Direction?

  var reversed: SettingDifference {
    SettingDifference(path: path, changeClass: changeClass, direction: direction?.reversed)
  }
}
