import OceanSyntax

/// `docs/settings.md`: every setting, from the table.
package func settingsReference() -> String {
  var text = """
    # Settings

    Every setting of `ocean.yaml`. `ocean schema --reference` prints this page, `ocean schema` the same as a JSON Schema
    for editors. Configs to begin with are in [examples](../examples).

    - Nothing is ignored: an unknown setting is an error.
    - A duration is a number with a unit, `s`, `m`, `h` or `d`, or several of them: `90s`, `10m`, `1h30m`.
    - A path that does not begin with `/` is relative to the file that names it.
    - Where a list is expected, a single value stands for a list of one.
    - `NAME` is a name of your own: letters, digits, hyphens and underscores.

    """
  var sections: [(path: String, rows: [SettingRow])] = []
  for row in Settings.root.rows {
    let path = row.path.split(separator: ".").dropLast().joined(separator: ".")
    if let index = sections.firstIndex(where: { $0.path == path }) {
      sections[index].rows.append(row)
    } else {
      sections.append((path, [row]))
    }
  }
  for section in sections {
    text += "\n## \(section.path.isEmpty ? "Top level" : section.path)\n\n"
    text += table(section.rows) { row in
      // A setting with a section of its own is linked.
      sections.first { $0.path == row.path || $0.path == row.path + ".NAME" }?.path
    }
  }
  return text + """

    ## Entries of address lists

    Wherever addresses are expected, an entry is an address, a network, a range, the name of a list, or a mapping:
    `{ file: lists/drop.netset }` or `{ address: 203.0.113.9, until: 2027-01-31 }`.

    \(table(Settings.addressFile.rows) { _ in nil })
    \(table(Settings.endingAddress.rows) { _ in nil })
    """
}

/// - Parameter link: returns the section that a row leads to.
private func table(_ rows: [SettingRow], link: (SettingRow) -> String?) -> String {
  var text = "| setting | value | default | meaning |\n|---|---|---|---|\n"
  for row in rows {
    let key = row.path.split(separator: ".").last ?? ""
    let name = link(row).map { "[`\(key)`](#\(anchor($0)))" } ?? "`\(key)`"
    text +=
      "| \(name) | \(row.summary) | \(row.isRequired ? "required" : row.fallback?.text ?? "") | \(row.doc) |\n"
  }
  return text
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
