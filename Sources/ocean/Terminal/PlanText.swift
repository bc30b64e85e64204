import OceanCompiler
import OceanPlan
import OceanSyntax

/// A plan for people: every value of it, and which line of which file says so.
struct PlanText {
  private let plan: Plan
  private let digest: Digest
  private let provenance: Provenance
  private let accountFiles: [String: Facts.AccountFile]

  /// Where values are no longer aligned for the sake of a long one.
  private static let maxWidth = 60

  init(_ plan: Plan, _ digest: Digest, _ config: CompiledConfig) {
    self.plan = plan
    self.digest = digest
    provenance = config.result.provenance
    accountFiles = config.facts.accountFiles
  }

  private struct Row {
    /// `services.pop3`
    let section: String
    let label: String
    let value: String
    let origin: String
  }

  var text: String {
    let listeners = Dictionary(
      plan.services.map { ("services.\($0.name).enabled", self.listeners($0)) }, uniquingKeysWith: { $1 })
    let rows = plan.settings.flatMap { [row($0)] + listeners[$0.path, default: []] }
    let labels = rows.map(\.label.unicodeScalars.count).max() ?? 0
    let values = rows.map(\.value.unicodeScalars.count).filter { $0 <= Self.maxWidth }.max() ?? 0
    func line(_ label: String, _ value: String, _ origin: String) -> String {
      "\(label.padded(to: labels + 4))\(value.padded(to: values))  \(origin)"
    }
    var text = ""
    for (section, rows) in grouped(rows) {
      text += provenance[section].map { line(section, "", "\($0)") } ?? section
      for row in rows { text += "\n" + line("  " + row.label, row.value, row.origin) }
      text += "\n\n"
    }
    let services = counted(plan.services.count { $0.enabled }, "service")
    let sockets = counted(plan.activeListeners.count, "listener")
    return text.escapedLines + "plan \(digest.short): \(services), \(sockets). Nothing was applied."
  }

  /// By section, in order of first appearance.
  private func grouped(_ rows: [Row]) -> [(section: String, rows: [Row])] {
    var places: [String: Int] = [:]
    var groups: [(section: String, rows: [Row])] = []
    for row in rows {
      if let place = places[row.section] {
        groups[place].rows.append(row)
      } else {
        places[row.section] = groups.count
        groups.append((row.section, [row]))
      }
    }
    return groups
  }

  private func row(_ setting: Plan.Setting) -> Row {
    let parts = setting.path.split(separator: ".")
    let key = String(parts.last ?? "")
    var value = setting.value ?? (setting.path == "server.user" ? "the user who starts it" : "none")
    if key == "passwd_file", case .read(let summary) = accountFiles[value] {
      value += " (\(summary.active) active, \(summary.disabled) disabled)"
    }
    let isFixed = ["failure_delay", "line_octets", "output_octets"].contains(key)
    return Row(
      section: parts.dropLast().joined(separator: "."), label: key, value: value,
      origin: provenance[setting.path]?.description ?? (isFixed ? "fixed" : "default"))
  }

  private func listeners(_ service: Plan.Service) -> [Row] {
    let section = "services.\(service.name)"
    guard service.enabled else { return [] }
    return service.listeners.enumerated().map { index, listener in
      Row(
        section: section, label: index == 0 ? "listeners" : "", value: "\(listener)",
        origin: provenance["\(section).listeners.\(listener)"]?.description ?? "default")
    }
  }
}

extension String {
  /// The lines of a text, each in a form that no terminal acts on.
  fileprivate var escapedLines: String {
    split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0).escapedForDisplay }.joined(separator: "\n")
  }
}
