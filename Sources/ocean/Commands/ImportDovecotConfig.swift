import OceanSyntax

/// A config of Dovecot 2.3, as `doveconf -n` prints it: settings and sections, each with its line.
struct DovecotConfig {
  struct Setting {
    let name: String
    let value: String
    let line: Int

    /// What `doveconf -n` prints in place of keys and passwords.
    var isHidden: Bool { value == DovecotConfig.hidden }
    var isYes: Bool { value == "yes" }
    var words: [String] { value.split { $0 == " " || $0 == "," || $0 == "\t" }.map(String.init) }
    /// The path of a value that is in a file: `</etc/ssl/cert.pem`.
    var file: String? { value.hasPrefix("<") ? String(value.dropFirst()).trimmed : nil }
  }

  struct Section {
    /// `service`, `passdb`, `local_name`.
    let kind: String
    /// `pop3-login`; empty for none.
    let name: String
    let line: Int
    var settings: [Setting] = []
    var sections: [Section] = []

    subscript(_ name: String) -> Setting? { settings.last { $0.name == name } }
  }

  enum ParseError: Error, CustomStringConvertible {
    case line(Int, String)
    /// It is of no version that is understood here.
    case version(String)
    /// A config that is in several files.
    case include(Int)

    var description: String {
      switch self {
      case .line(let line, let reason): "line \(line): \(reason)"
      case .version(let version): "it is for Dovecot \(version); only configs of Dovecot 2.3 are understood"
      case .include(let line):
        "line \(line) includes other files: where Dovecot is installed, give this command what 'doveconf -nP' prints"
      }
    }
  }

  fileprivate static let hidden = "# hidden, use -P to show it"
  private static let mostNested = 16

  /// Everything outside of sections, and the sections.
  private(set) var top = Section(kind: "", name: "", line: 1)

  /// Whether a text is what `doveconf` prints, and no file that it reads.
  static func isPrinted(_ text: String) -> Bool { text.hasPrefix("# 2.") }

  init(parsing text: String) throws(ParseError) {
    var open: [Section] = [top]
    for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let number = index + 1
      let line = String(raw).trimmed
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard !line.hasPrefix("!include") else { throw .include(number) }
      if line == "}" {
        guard open.count > 1, let section = open.popLast() else { throw .line(number, "'}' closes nothing") }
        open[open.count - 1].sections.append(section)
      } else if line.hasSuffix("{") {
        guard open.count < Self.mostNested else { throw .line(number, "nested too deeply") }
        open.append(Self.section(String(line.dropLast()).trimmed, number))
      } else if let equals = line.firstIndex(of: "=") {
        let name = String(line[..<equals]).trimmed
        let value = Self.value(String(line[line.index(after: equals)...]).trimmed)
        if name == "dovecot_config_version" { throw .version(value) }
        open[open.count - 1].settings.append(Setting(name: name, value: value, line: number))
      } else {
        throw .line(number, "neither a setting nor a section")
      }
    }
    guard open.count == 1, let top = open.first else {
      throw .line(open.last?.line ?? 1, "the section that begins here does not end")
    }
    self.top = top
  }

  private static func section(_ head: String, _ line: Int) -> Section {
    guard let space = head.firstIndex(of: " ") else { return Section(kind: head, name: "", line: line) }
    let name = value(String(head[head.index(after: space)...]).trimmed)
    return Section(kind: String(head[..<space]), name: name, line: line)
  }

  /// Without quotes, or without a comment behind it.
  private static func value(_ text: String) -> String {
    if text == hidden { return text }
    if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") {
      return String(text.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
    }
    guard let comment = text.firstRange(of: " #") else { return text }
    return String(text[..<comment.lowerBound]).trimmed
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
