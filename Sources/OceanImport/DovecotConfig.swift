/// A config of Dovecot in the form of 2.3, taken apart: settings and sections, each with its line.
package struct DovecotConfig {
  package struct Setting: Equatable {
    package let name: String
    package let value: String
    package let line: Int
    /// The name and the value as the config has them, for people: 2.4 has other names.
    let written: (name: String, value: String)

    init(name: String, value: String, line: Int, written: String? = nil) {
      (self.name, self.value, self.line) = (name, value, line)
      self.written = (written ?? name, value)
    }

    private init(_ name: String, _ value: String, _ original: Setting) {
      (self.name, self.value, line, written) = (name, value, original.line, original.written)
    }

    /// The same setting in other words.
    func converted(_ name: String, _ value: String? = nil) -> Setting {
      Setting(name, value ?? self.value, self)
    }

    package static func == (one: Setting, other: Setting) -> Bool {
      one.name == other.name && one.value == other.value && one.line == other.line
    }

    /// Whether `doveconf -n` printed a placeholder instead of a key or password.
    var isHidden: Bool { value == DovecotConfig.hidden }
    var isYes: Bool { value == "yes" }
    var words: [String] { value.split { $0 == " " || $0 == "," || $0 == "\t" }.map(String.init) }
    /// The path of the file that holds the value: `</etc/ssl/cert.pem`.
    var file: String? { value.hasPrefix("<") ? String(value.dropFirst()).trimmed : nil }
  }

  /// A section of the config. Translating takes settings out of it; what is left in the end was not looked
  /// at.
  final class Section {
    /// The kind: `service`, `passdb`, `local_name`.
    let kind: String
    /// The name, such as `pop3-login`; empty for a section without one.
    let name: String
    /// The line; 0 if it is not written anywhere.
    let line: Int
    fileprivate(set) var settings: [Setting]
    fileprivate(set) var sections: [Section]
    /// How a passdb or userdb asks a database or directory, if the config itself says so, as that of 2.4 does.
    var lookup: Lookup?

    init(
      _ kind: String, _ name: String, line: Int, settings: [Setting] = [], sections: [Section] = []
    ) {
      (self.kind, self.name, self.line) = (kind, name, line)
      (self.settings, self.sections) = (settings, sections)
    }

    /// The setting that counts, whether or not it has its default value.
    subscript(_ name: String) -> Setting? { settings.last { $0.name == name } }

    /// Takes the setting, which then counts as looked at; nil if it has its default value.
    func take(_ name: String) -> Setting? {
      defer { settings.removeAll { $0.name == name } }
      guard let setting = self[name], setting.value != Knowledge.usual(setting.name, in: self) else {
        return nil
      }
      return setting
    }

    /// Takes all sections of a kind. They then count as looked at, except for what is left in them.
    func takeSections(_ kind: String, _ name: String? = nil) -> [Section] {
      func isMeant(_ section: Section) -> Bool {
        section.kind == kind && (name == nil || section.name == name)
      }
      defer { sections.removeAll(where: isMeant) }
      return sections.filter(isMeant)
    }

    /// Replaces what this section says by what another one says.
    func overlay(_ other: Section) {
      for setting in other.settings {
        settings.removeAll { $0.name == setting.name }
        settings.append(setting)
      }
      for section in other.sections { merge(section) }
    }

    /// Adds a section. Dovecot merges sections that have the same name. Those about accounts it keeps as a
    /// list, in which those of a protocol come first.
    private func merge(_ section: Section) {
      if ["passdb", "userdb"].contains(section.kind) {
        let place = sections.firstIndex { $0.kind == section.kind && !$0.isOfProtocol } ?? sections.count
        section.isOfProtocol = true
        sections.insert(section, at: place)
      } else if let same = sections.first(where: { $0.kind == section.kind && $0.name == section.name }) {
        same.overlay(section)
      } else {
        sections.append(section)
      }
    }

    private var isOfProtocol = false

    /// The lines of everything in the section and below it.
    var lines: [Int] { [line] + settings.map(\.line) + sections.flatMap(\.lines) }

    func remove(_ setting: Setting) { settings.removeAll { $0 == setting } }

    func replace(_ setting: Setting, with value: String) {
      settings = settings.map {
        $0 == setting
          ? Setting(name: $0.name, value: value, line: $0.line, written: $0.written.name) : $0
      }
    }

    /// Adds what the parser has read.
    func add(_ setting: Setting) { settings.append(setting) }
    func add(_ section: Section) { sections.append(section) }
  }

  static let hidden = "# hidden, use -P to show it"

  /// Everything outside of sections, and the sections.
  let top: Section
  /// The origin that the head of the file names: `/etc/dovecot/dovecot.conf`.
  package let path: String?
  /// The host whose `doveconf` printed the file, if the file says so.
  package let hostname: String?
  /// The version of the `doveconf` that printed the file: `2.3.19.1`; nil for a file that Dovecot reads.
  package let version: String?
  /// Whether it is a config of 2.4.
  let isLater: Bool
  /// Complaints of `doveconf`, which prints some of them among the settings when both go to one file.
  let complaints: [(text: String, line: Int)]

  init(
    top: Section, path: String?, hostname: String?, version: String?, isLater: Bool,
    complaints: [(text: String, line: Int)]
  ) {
    (self.top, self.path, self.hostname) = (top, path, hostname)
    (self.version, self.isLater, self.complaints) = (version, isLater, complaints)
  }
}

extension String {
  var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
