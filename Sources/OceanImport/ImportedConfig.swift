import OceanSyntax

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
        text += (origin.isEmpty ? line.text : line.text.padded(to: Self.commentColumn) + origin) + "\n"
      }
    }
    return text
  }

  static func list(_ texts: [String]) -> String {
    "[" + texts.map(\.yamlQuoted).joined(separator: ", ") + "]"
  }
}
