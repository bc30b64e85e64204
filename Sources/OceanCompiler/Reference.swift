import OceanSyntax

/// `docs/settings.md`: every setting, from the table.
package func settingsReference() -> String {
  var text = """
    # Settings

    Every setting of ocean.yaml. Relative paths are relative to the file that names them; durations are written
    with units (`90s`, `10m`, `1h30m`); where a list is expected, a single value stands for a list of one.

    | setting | value | default |
    |---|---|---|

    """
  let rows = Settings.root.rows(below: "")
  for row in rows {
    text += "| [`\(row.path)`](#\(anchor(row.path))) | \(row.summary) | \(row.required ? "required" : row.fallback ?? "") |\n"
  }
  for row in rows {
    text += "\n## \(row.path)\n\n\(row.doc)\n"
    text += "\nValue: \(row.summary)."
    if row.required { text += " Required." } else if let fallback = row.fallback { text += " Default: \(fallback)." }
    text += "\n"
  }
  return text
}

private func anchor(_ path: String) -> String {
  path.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
}

/// `docs/diagnostics.md`: every code and what to do about it.
package func diagnosticsReference() -> String {
  var text = """
    # Diagnostics

    What `ocean check` says, by code. `ocean check --explain CODE` prints the same on a terminal.

    """
  for code in DiagnosticCode.all {
    text += "\n## \(code.id): \(code.title)\n\n*\(code.severity.rawValue)*\n\n\(code.explanation)\n"
  }
  return text
}
