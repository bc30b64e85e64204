/// The place of a rule of an address list.
package struct RuleOrigin: Sendable, Hashable {
  /// The rule as it was written: `192.168.*.*`.
  package let text: String
  /// The place of the entry, or of the line in the list file.
  package let place: Provenance.Origin
  /// The named list through which the rule came in, if it did.
  package let via: String?
  /// Nil for a rule without an end.
  package let until: RuleEnd?

  /// `192.168.*.*`, or `203.0.113.9 until 2027-01-31`.
  package var words: String { until.map { "\(text) until \($0)" } ?? text }

  /// The same, as `office (192.168.*.*)` for a rule of a named list.
  package var name: String { via.map { "\($0) (\(words))" } ?? words }

  package init(text: String, place: Provenance.Origin, via: String? = nil, until: RuleEnd? = nil) {
    self.text = text
    self.place = place
    self.via = via
    self.until = until
  }
}
