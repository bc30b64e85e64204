import OceanBase

/// The end of a rule: from then on it is as if the rule were not there.
package struct RuleEnd: Sendable, Hashable, Comparable {
  /// The first second without the rule, since 1970.
  package let seconds: Int64

  package init(seconds: Int64) { self.seconds = seconds }

  /// Reads a date, `2027-01-31`, which is the end of that day (UTC), or a time of RFC 3339. Nil for anything
  /// else, and beyond the year 9999.
  package init?(parsing text: String) {
    if let day = Timestamp.seconds(text + "T00:00:00Z") {
      self.init(seconds: day + Timestamp.day)
    } else if let time = Timestamp.seconds(text) {
      self.init(seconds: time)
    } else {
      return nil
    }
    guard Timestamp.seconds(Timestamp.text(seconds)) == seconds else { return nil }
  }

  /// Whether it has come at a time, in seconds since 1970.
  package func isPast(at time: Int64) -> Bool { seconds <= time }

  /// How long it is until then, in words: `in 12 days`.
  package func distance(from time: Int64) -> String {
    let (left, _) = max(seconds, time).subtractingReportingOverflow(time)
    for (unit, length) in [("day", Timestamp.day), ("hour", 3600), ("minute", 60)] where left >= length {
      let count = left / length
      return "in \(count) \(unit)\(count == 1 ? "" : "s")"
    }
    return "in less than a minute"
  }

  package static func < (a: RuleEnd, b: RuleEnd) -> Bool { a.seconds < b.seconds }
}

extension RuleEnd: CustomStringConvertible {
  /// The date, if it is the end of a day (UTC); otherwise the time.
  package var description: String {
    seconds % Timestamp.day == 0 ? Timestamp.date(seconds - 1) : Timestamp.text(seconds)
  }
}

extension RuleEnd: Codable {
  /// In plan files it is a time of RFC 3339: the first second without the rule.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let seconds = Timestamp.seconds(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a time")
    }
    self.init(seconds: seconds)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Timestamp.text(seconds))
  }
}
