/// The part of a config that applies to POP3, and what of that applies only to some clients.
struct Scope {
  /// Settings for connections to one address, from some clients, or with one server name.
  struct Filter {
    fileprivate(set) var local: String?
    fileprivate(set) var localName: String?
    fileprivate(set) var remote: String?
    let section: DovecotConfig.Section

    /// The filter as the config writes it: `local 192.0.2.1, remote 10.0.0.0/8`.
    var title: String {
      [local.map { "local \($0)" }, remote.map { "remote \($0)" }, localName.map { "local_name \($0)" }]
        .compactMap(\.self).joined(separator: ", ")
    }
  }

  /// The settings for all clients.
  private(set) var base = DovecotConfig.Section("", "", line: 1)
  private(set) var filters: [Filter] = []
  /// The lines of sections for other protocols.
  private(set) var otherProtocols: [Int] = []

  private struct Place: Hashable {
    var local: String?
    var localName: String?
    var remote: String?
  }

  private struct Part {
    let place: Place
    let isOfProtocol: Bool
    let section: DovecotConfig.Section
  }

  private var parts: [Part] = []

  init(_ top: DovecotConfig.Section) {
    collect(top, at: Place(), isOfProtocol: false)
    var sections: [Place: DovecotConfig.Section] = [:]
    var places: [Place] = []
    // A setting for one protocol takes precedence over one for all.
    for part in parts.filter({ !$0.isOfProtocol }) + parts.filter(\.isOfProtocol) {
      if let section = sections[part.place] {
        section.overlay(part.section)
      } else {
        sections[part.place] = part.section
        places.append(part.place)
      }
    }
    base = sections[Place()] ?? base
    filters = places.compactMap { place in
      guard place != Place(), let section = sections[place] else { return nil }
      return Filter(
        local: place.local, localName: place.localName, remote: place.remote, section: section)
    }.filter { !$0.section.settings.isEmpty || !$0.section.sections.isEmpty }
    parts = []
  }

  /// Whether a part for one protocol, or for all but one, is for POP3.
  static func isMeant(protocol name: String) -> Bool {
    name.hasPrefix("!") ? name != "!pop3" : name == "pop3"
  }

  private mutating func collect(
    _ section: DovecotConfig.Section, at place: Place, isOfProtocol: Bool
  ) {
    let own = DovecotConfig.Section(
      section.kind, section.name, line: section.line, settings: section.settings,
      sections: section.sections.filter { !["protocol", "local", "remote", "local_name"].contains($0.kind) })
    parts.append(Part(place: place, isOfProtocol: isOfProtocol, section: own))
    for inner in section.sections {
      var place = place
      switch inner.kind {
      case "protocol":
        guard Self.isMeant(protocol: inner.name) else {
          otherProtocols += inner.lines
          continue
        }
        collect(inner, at: place, isOfProtocol: true)
        continue
      case "local": place.local = inner.name
      case "remote": place.remote = inner.name
      case "local_name": place.localName = inner.name
      default: continue
      }
      collect(inner, at: place, isOfProtocol: isOfProtocol)
    }
  }
}
