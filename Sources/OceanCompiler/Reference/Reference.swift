import OceanSyntax

/// Every setting as documents tell it: `docs/settings.md`, and the manual.
package enum SettingsReference {
  package struct Setting: Sendable {
    /// The last part of its path.
    package let key: String
    /// What is written there, like `a duration`.
    package let value: String
    /// Nil if there is none.
    package let fallback: String?
    package let isRequired: Bool
    package let meaning: String
    fileprivate let path: String

    fileprivate init(_ row: SettingRow) {
      key = String(row.path.split(separator: ".").last ?? "")
      value = row.summary
      fallback = row.fallback?.text
      isRequired = row.isRequired
      meaning = row.doc
      path = row.path
    }
  }

  package struct Section: Sendable {
    /// Empty for the settings that are in none.
    package let path: String
    package fileprivate(set) var settings: [Setting]
  }

  /// What holds for all of them.
  package static let rules = [
    "Nothing is ignored: an unknown setting is an error.",
    "A duration is a number with a unit, `s`, `m`, `h` or `d`, or several of them: `90s`, `10m`, `1h30m`.",
    "A path that does not begin with `/` is relative to the file that names it.",
    "Where a list is expected, a single value stands for a list of one.",
    "`NAME` is a name of your own: letters, digits, hyphens and underscores.",
  ]

  package static let sections = Settings.root.rows.reduce(into: [Section]()) { sections, row in
    let path = row.path.split(separator: ".").dropLast().joined(separator: ".")
    if let index = sections.firstIndex(where: { $0.path == path }) {
      sections[index].settings.append(Setting(row))
    } else {
      sections.append(Section(path: path, settings: [Setting(row)]))
    }
  }

  /// What an entry of an address list may be.
  package static let entries = """
    Wherever addresses are expected, an entry is an address, a network, a range, the name of a list, or a mapping:
    `{ file: lists/drop.netset }` or `{ address: 203.0.113.9, until: 2027-01-31 }`.
    """
  package static let fileEntry = Section(path: "", settings: Settings.addressFile.rows.map(Setting.init))
  package static let addressEntry = Section(path: "", settings: Settings.endingAddress.rows.map(Setting.init))

  /// `docs/settings.md`.
  package static var markdown: String {
    """
    # Settings

    Every setting of `ocean.yaml`. `ocean schema --reference` prints this page, `ocean schema` the same as a JSON Schema
    for editors. Configs to begin with are in [examples](../examples).

    \(rules.map { "- \($0)\n" }.joined())
    """
      + sections.map { "\n## \($0.path.isEmpty ? "Top level" : $0.path)\n\n\($0.table)" }.joined() + """

        ## Entries of address lists

        \(entries)

        \(fileEntry.table)
        \(addressEntry.table)
        """
  }
}

extension SettingsReference.Section {
  /// The section in Markdown. A setting with a section of its own is linked.
  fileprivate var table: String {
    settings.reduce("| setting | value | default | meaning |\n|---|---|---|---|\n") { text, setting in
      let section = SettingsReference.sections.first {
        $0.path == setting.path || $0.path == setting.path + ".NAME"
      }
      let name = section.map { "[`\(setting.key)`](#\(anchor($0.path)))" } ?? "`\(setting.key)`"
      let fallback = setting.isRequired ? "required" : setting.fallback ?? ""
      return text + "| \(name) | \(setting.value) | \(fallback) | \(setting.meaning) |\n"
    }
  }
}

/// The fragment that forges generate for a heading.
private func anchor(_ heading: String) -> String {
  heading.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
}

/// `docs/diagnostics.md`: every code and what to do about it.
package func diagnosticsReference() -> String {
  var text = """
    # Diagnostics

    What `ocean check` says, by code. `ocean check --explain OC0214` prints one of these on a terminal.

    With an error the config is invalid and nothing runs. Warnings and notes leave it valid; under `acknowledge` they can
    be named, with a reason, and are then listed apart.

    | code | severity | title |
    |---|---|---|

    """
  for code in DiagnosticCode.all {
    text += "| [\(code.id)](#\(anchor(code.id))) | \(code.severity.rawValue) | \(code.title) |\n"
  }
  for code in DiagnosticCode.all {
    text += "\n## \(code.id)\n\n**\(code.severity.rawValue): \(code.title)**\n\n\(code.explanation)\n"
  }
  return text
}
