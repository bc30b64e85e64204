/// Reads what `doveconf` prints, and files that Dovecot reads if they need no other files.
package struct DovecotParser {
  package enum Failure: Error, Equatable, CustomStringConvertible {
    case line(Int, String)
    case notText(line: Int)
    case empty
    /// Nothing in the file is a setting of Dovecot's.
    case foreign
    /// The file is of a version that is not understood here.
    case version(String)
    /// Something that only Dovecot can read: parts in other files, variables.
    case needsDovecot(line: Int, String)

    package var description: String {
      switch self {
      case .line(let line, let reason): "line \(line): \(reason)"
      case .notText(let line): "line \(line) is not text: a NUL, or bytes that are not UTF-8"
      case .empty: "there is nothing in it; 'doveconf -nP' prints what Dovecot has been told"
      case .foreign:
        "nothing in it is a setting of Dovecot; give this command a dovecot.conf, or what 'doveconf -nP' prints"
      case .version(let version):
        "it is for Dovecot \(version); this import reads configs of 2.3 and 2.4. Else begin with 'ocean init': the "
          + "Maildirs, passwd-files and certificates can stay as they are"
      case .needsDovecot(let line, let what):
        "line \(line) \(what): where Dovecot is installed, run 'doveconf -nP -c FILE >dovecot.txt', and give this "
          + "command dovecot.txt"
      }
    }
  }

  private static let maxNested = 16
  private static let spaces: Set<Unicode.Scalar> = [" ", "\t"]

  private var open: [DovecotConfig.Section] = [.init("", "", line: 1)]
  private var complaints: [(text: String, line: Int)] = []
  private var head: [String: String] = [:]

  /// Whether a text is output of `doveconf`, not a file that it reads.
  package static func isPrinted(_ bytes: [UInt8]) -> Bool {
    withoutMark(bytes).starts(with: "# 2.".utf8)
  }

  private static func withoutMark(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...]
  }

  package static func parse(_ bytes: [UInt8]) throws(Failure) -> DovecotConfig {
    var parser = DovecotParser()
    // Split by bytes: to `String` the end of a Windows line is one character.
    let lines = withoutMark(bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      guard !line.contains(0), let text = String(validating: line, as: UTF8.self) else {
        throw .notText(line: index + 1)
      }
      try parser.read(text.trimmed, index + 1)
    }
    return try parser.end()
  }

  private mutating func read(_ line: String, _ number: Int) throws(Failure) {
    if line.isEmpty { return }
    if line.hasPrefix("#") { return readHead(line) }
    if line.hasPrefix("doveconf: ") { return complaints.append((line, number)) }
    if line.hasPrefix("!include") { throw .needsDovecot(line: number, "includes other files") }
    if line.hasSuffix("\\") { throw .needsDovecot(line: number, "goes on in the next one") }
    if line == "}" {
      guard open.count > 1, let section = open.popLast() else { throw .line(number, "'}' closes nothing") }
      open[open.count - 1].add(section)
    } else if line.hasSuffix("{") {
      guard open.count < Self.maxNested else { throw .line(number, "nested too deeply") }
      open.append(Self.section(String(line.dropLast()).trimmed, number))
    } else if let equals = line.firstIndex(of: "=") {
      try read(
        setting: String(line[..<equals]).trimmed,
        Self.value(String(line[line.index(after: equals)...]).trimmed), number)
    } else {
      throw .line(number, "neither a setting nor a section")
    }
  }

  private mutating func read(setting name: String, _ value: String, _ number: Int) throws(Failure) {
    guard !name.isEmpty, name.unicodeScalars.allSatisfy({ !Self.spaces.contains($0) }) else {
      throw .line(number, "neither a setting nor a section")
    }
    // `doveconf` has already replaced variables in what it prints.
    if head["version"] == nil, value.hasPrefix("$") || value.contains(" $") {
      throw .needsDovecot(line: number, "has a variable in it")
    }
    open[open.count - 1].add(DovecotConfig.Setting(name: name, value: value, line: number))
  }

  /// Reads a line of the head: `# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf`, `# Hostname: mx1`.
  private mutating func readHead(_ line: String) {
    let text = String(line.dropFirst()).trimmed
    if text.hasPrefix("2."), head["version"] == nil, let colon = text.firstRange(of: "): ") {
      head["version"] = text.split(separator: " ").first.map(String.init)
      head["path"] = String(text[colon.upperBound...]).trimmed
    } else if text.hasPrefix("Hostname: ") {
      head["hostname"] = String(text.dropFirst("Hostname: ".count)).trimmed
    }
  }

  private func end() throws(Failure) -> DovecotConfig {
    guard open.count == 1, let top = open.first else {
      throw .line(open.last?.line ?? 1, "the section that begins here does not end")
    }
    let version = head["version"] ?? top["dovecot_config_version"]?.value
    let isLater = version?.hasPrefix("2.4") ?? Self.isLater(top)
    if let version, !isLater, !version.hasPrefix("2.") || version.hasPrefix("2.5") { throw .version(version) }
    guard !top.settings.isEmpty || !top.sections.isEmpty else { throw .empty }
    let form = isLater ? LaterForm.converted(top) : top
    guard Knowledge.knowsAnything(of: form) else { throw .foreign }
    return DovecotConfig(
      top: form, path: head["path"], hostname: head["hostname"], version: head["version"],
      isLater: isLater, complaints: complaints)
  }

  /// Whether a config has what only Dovecot 2.4 knows: it says where mail is in several settings, and passdbs
  /// are named after their drivers.
  private static func isLater(_ top: DovecotConfig.Section) -> Bool {
    let names: Set<String> = ["dovecot_storage_version", "mail_driver", "mail_path", "mail_inbox_path"]
    return top.settings.contains { names.contains($0.name) }
      || top.sections.contains {
        ["passdb", "userdb"].contains($0.kind) && !$0.name.isEmpty && $0["driver"] == nil
      }
  }

  /// Whether a file says that it is for Dovecot 2.4, which `doveconf` of 2.3 does not read.
  package static func isForLater(_ bytes: [UInt8]) -> Bool {
    bytes.split(separator: UInt8(ascii: "\n")).contains { line in
      line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d || $0 == UInt8(ascii: "=") }.first?
        .elementsEqual("dovecot_config_version".utf8) == true
    }
  }

  private static func section(_ head: String, _ line: Int) -> DovecotConfig.Section {
    guard let space = head.firstIndex(where: \.isWhitespace) else { return .init(head, "", line: line) }
    let name = value(String(head[head.index(after: space)...]).trimmed)
    return .init(String(head[..<space]), name, line: line)
  }

  /// The value without quotes, or without a comment after it.
  private static func value(_ text: String) -> String {
    if text == DovecotConfig.hidden { return text }
    for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
      return unescaped(text.dropFirst().dropLast())
    }
    guard let comment = text.firstRange(of: /[ \t]#/) else { return text }
    return String(text[..<comment.lowerBound]).trimmed
  }

  /// Replaces a backslash by the character after it.
  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var isEscaped = false
    for character in text {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        result.append(character)
        isEscaped = false
      }
    }
    return result
  }
}
