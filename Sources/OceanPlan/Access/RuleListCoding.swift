import OceanAddresses

/// Rule lists as plan files have them.
extension RuleList: Codable {
  private struct Stored: Codable {
    var text: String
    var via: String?
    /// Only for a rule that came through further named lists.
    var within: [String]?
    var file: String
    var line: Int
    var column: Int
    /// An absolute path; only for a list file.
    var path: String?
    /// Only for a list file: `192.0.2.0/24@17 198.51.100.7@18`, each entry with its line.
    var entries: String?
    /// Only for a list file that has bounds.
    var bounds: ListBounds?
    /// Only for a rule with an end.
    var until: RuleEnd?
    /// Whether that has come.
    var ended: Bool?
  }

  package init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    while !container.isAtEnd {
      let stored = try container.decode(Stored.self)
      let origin = RuleOrigin(
        text: stored.text, place: .init(file: stored.file, line: stored.line, column: stored.column),
        via: stored.via, within: stored.within ?? [], until: stored.until)
      do throws(AddressPattern.ParseError) {
        if let entries = stored.entries {
          let (rules, lines) = try AddressRules.parse(numbered: entries)
          append(
            rules, lines: lines, from: origin, file: stored.path ?? stored.file,
            bounds: stored.bounds ?? ListBounds())
        } else {
          append(
            try AddressPattern(parsing: stored.text), from: origin,
            isEnded: stored.until != nil && stored.ended == true)
        }
      } catch {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "'\(stored.text)' is not an address rule")
      }
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    let all = rules.numbered
    var position = 0
    for (index, source) in sources.enumerated() {
      let end = index + 1 < sources.count ? sources[index + 1].first : nextRule
      var entries = ""
      while position < all.count, all[position].rule < end {
        if source.file != nil {
          if !entries.isEmpty { entries += " " }
          entries += "\(all[position].pattern)@\(all[position].rule &- source.first)"
        }
        position += 1
      }
      try container.encode(
        Stored(
          text: source.origin.text, via: source.origin.via,
          within: source.origin.within.isEmpty ? nil : source.origin.within, file: source.origin.place.file,
          line: source.origin.place.line, column: source.origin.place.column,
          path: source.file, entries: source.file == nil ? nil : entries,
          bounds: source.bounds.isEmpty ? nil : source.bounds, until: source.origin.until,
          ended: source.isEnded ? true : nil))
    }
  }
}
