/// The place of a rule of an address list.
package struct RuleOrigin: Sendable, Hashable {
  /// The rule as it was written: `192.168.*.*`.
  package let text: String
  /// The place of the entry, or of the line in the list file.
  package let place: Provenance.Origin
  /// The named list through which the rule came in, if it did.
  package let via: String?
  /// The named lists in that list through which it came in, the outermost first.
  package let within: [String]
  /// Whether it is a line of a list file, which is the file of its place.
  package let isLine: Bool
  /// Nil for a rule without an end.
  package let until: RuleEnd?

  /// Whether a text names the rule: by its entry, with its end or without, by a list that it is in, or as both are
  /// printed, `office (192.168.*.*)`. A list file stands for its lines.
  package func isNamed(_ text: String) -> Bool {
    let entries = [self.text, words]
    let lists = [via].compactMap(\.self) + within + (isLine ? [place.file] : [])
    return entries.contains(text)
      || lists.contains { list in text == list || entries.contains { text == "\(list) (\($0))" } }
  }

  /// `192.168.*.*`, or `203.0.113.9 until 2027-01-31`.
  package var words: String { until.map { "\(text) until \($0)" } ?? text }

  /// The same, as `office (192.168.*.*)` for a rule of a named list.
  package var name: String { via.map { "\($0) (\(words))" } ?? words }

  package init(
    text: String, place: Provenance.Origin, via: String? = nil, within: [String] = [], isLine: Bool = false,
    until: RuleEnd? = nil
  ) {
    self.text = text
    self.place = place
    self.via = via
    self.within = within
    self.isLine = isLine
    self.until = until
  }
}
