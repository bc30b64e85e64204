/// A config in the making. Each line knows the setting it comes from.
package struct ImportedConfig {
  enum Section: String, CaseIterable {
    case server, certificates, accounts, mail, services
  }

  private var lines: [Section: [(text: String, origin: String?)]] = [:]

  /// The column where comments begin, unless the line is longer.
  private static let commentColumn = 48

  /// - Parameters:
  ///   - depth: 1 is directly below the section.
  ///   - value: the value in YAML; nil for the head of a mapping.
  ///   - origin: a setting of the other server.
  mutating func add(
    _ section: Section, depth: Int = 1, _ key: String, _ value: String?, from origin: String? = nil
  ) {
    let indent = String(repeating: "  ", count: depth)
    lines[section, default: []].append((indent + key + ":" + (value.map { " \($0)" } ?? ""), origin))
  }

  package func text(head: [String]) -> String {
    var text = head.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined() + "version: 1\n"
    for section in Section.allCases {
      guard let lines = lines[section] else { continue }
      text += "\n\(section.rawValue):\n"
      for line in lines {
        let origin = line.origin.map { "  # \($0)" } ?? ""
        text += (origin.isEmpty ? line.text : Self.padded(line.text) + origin) + "\n"
      }
    }
    return text
  }

  private static func padded(_ text: String) -> String {
    text + String(repeating: " ", count: max(0, commentColumn - text.unicodeScalars.count))
  }

  /// A text in YAML, in quotes unless every reader would read it as it stands.
  static func quoted(_ text: String) -> String {
    func isLetterOrDigit(_ byte: UInt8) -> Bool {
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
    let isPlain =
      text.utf8.first.map { isLetterOrDigit($0) || $0 == UInt8(ascii: "/") } == true
      && text.utf8.allSatisfy { isLetterOrDigit($0) || "/._-".utf8.contains($0) }
      && !["true", "false", "null", "yes", "no", "on", "off"].contains(text.lowercased())
    if isPlain { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\x" + (digits.count == 1 ? "0" : "") + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  static func list(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ", ") + "]" }
}
