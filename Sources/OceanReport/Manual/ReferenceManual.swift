import OceanCompiler
import OceanSyntax

/// The pages about the config: all settings, and all findings.
package enum ReferenceManual {
  /// ocean.yaml(5): the settings table.
  ///
  /// - Parameter path: where the config is looked for.
  package static func settings(_ edition: ManualPage.Edition, path: String) -> ManualPage {
    var page = ManualPage("ocean.yaml", 5, edition, summary: "config of the POP3 server ocean")
    page.heading("Description")
    page.paragraph(
      "The file `\(path)`, or the one that a command names, says what a server does. It is YAML, and is checked as a whole: "
        + "`ocean check` lists every mistake with its line, and `ocean plan` shows what would run or change. "
        + "`ocean init` writes a first one.")
    for rule in SettingsReference.rules { page.point(rule) }
    for section in SettingsReference.sections {
      page.part(section.path.isEmpty ? "Top level" : section.path)
      page.add(section.settings)
    }
    page.part("Entries of address lists")
    page.paragraph(SettingsReference.entries)
    page.add(SettingsReference.fileEntry.settings)
    page.add(SettingsReference.addressEntry.settings)
    page.heading("Files")
    page.entry(ManualPage.bold(path), "The config, if a command names no other.")
    page.seeAlso(("ocean", 1), ("ocean-check", 1), ("ocean-init", 1), ("ocean-plan", 1), ("ocean-codes", 7))
    return page
  }

  /// ocean-codes(7): what each finding means.
  package static func codes(_ edition: ManualPage.Edition) -> ManualPage {
    var page = ManualPage("ocean-codes", 7, edition, summary: "findings of `ocean check`, by their codes")
    page.heading("Description")
    page.paragraph(
      "`ocean check --explain` CODE prints one of these. With an error the config is invalid and nothing runs. Warnings and "
        + "notes leave it valid; under `acknowledge` they can be named, with a reason, and are then listed apart."
    )
    for code in DiagnosticCode.all {
      page.part("\(code.id) (\(code.severity.rawValue)): \(code.title)")
      page.body(code.explanation)
    }
    page.seeAlso(("ocean-check", 1), ("ocean.yaml", 5))
    return page
  }
}

extension ManualPage {
  fileprivate mutating func add(_ settings: [SettingsReference.Setting]) {
    for setting in settings {
      let facts: [String?] = [
        setting.value, setting.isRequired ? "required" : setting.fallback.map { "default: \($0)" },
      ]
      entry(
        ManualPage.bold(setting.key),
        "(\(facts.compactMap(\.self).joined(separator: "; "))) \(setting.meaning)")
    }
  }

  package mutating func seeAlso(_ pages: (name: String, section: Int)...) { seeAlso(pages) }

  package mutating func seeAlso(_ pages: [(name: String, section: Int)]) {
    heading("See also")
    let sorted = pages.sorted { ($0.section, $0.name) < ($1.section, $1.name) }
    markup(sorted.map { ManualPage.reference($0.name, $0.section) }.joined(separator: ", "))
  }
}
