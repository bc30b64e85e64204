/// Everything known about the settings of Dovecot 2.3: all that its `doveconf -a` prints, and those of its
/// plugins. Settings of 2.4 that are not in ``LaterForm`` are here too.
enum Knowledge {
  enum Verdict {
    /// ocean has a setting for it, or it decides how others are translated.
    case translated
    /// The mail or its users are not served as before, unless something is decided.
    case open(String)
    case different(String)
    /// ocean has nothing like it. The text says what to do instead, or why nothing need be done.
    case withoutCounterpart(String)
    /// Settings that nobody will miss; those with one reason are listed together.
    case needless(String)
    case unknown
  }

  struct Entry {
    let verdict: Verdict
    /// The default value.
    let usual: String
  }

  /// - Parameter names: `name`, or `name=default` if the default is not empty.
  static func table(_ groups: [(Verdict, [String])]) -> [String: Entry] {
    var table: [String: Entry] = [:]
    for (verdict, names) in groups {
      for name in names {
        let equals = name.firstIndex(of: "=") ?? name.endIndex
        table[String(name[..<equals])] = Entry(
          verdict: verdict, usual: String(name[equals...].dropFirst()))
      }
    }
    return table
  }

  static func usual(_ name: String, in section: DovecotConfig.Section) -> String? {
    entries(of: section)[name]?.usual
  }

  static func verdict(
    on setting: DovecotConfig.Setting, in section: DovecotConfig.Section
  ) -> Verdict {
    if let entry = entries(of: section)[setting.name] { return entry.verdict }
    if section.kind == "plugin" { return verdict(onPluginSetting: setting) }
    guard isTop(section), let reason = otherPrograms.first(where: { setting.name.hasPrefix($0) }) else {
      return .unknown
    }
    return .needless("\(reason.hasPrefix("m") || reason.hasPrefix("d") ? otherStorage : otherProtocols)")
  }

  /// Whether at least one of the settings or sections is Dovecot's.
  static func knowsAnything(of top: DovecotConfig.Section) -> Bool {
    top.settings.contains { self.top[$0.name] != nil } || top.sections.contains { sections.contains($0.kind) }
  }

  private static func isTop(_ section: DovecotConfig.Section) -> Bool {
    ["", "protocol", "local", "remote", "local_name"].contains(section.kind)
  }

  private static func entries(of section: DovecotConfig.Section) -> [String: Entry] {
    switch section.kind {
    case "passdb": passdb
    case "userdb": userdb
    case "namespace": namespace
    case "mailbox": mailbox
    case "inet_listener": listener
    case "service": service
    case "plugin": [:]
    default: top
    }
  }

  private static let sections: Set<String> = [
    "passdb", "userdb", "namespace", "service", "plugin", "protocol", "local", "remote", "local_name", "dict",
  ]
}
