import OceanBase
import OceanCompiler
package import OceanHost
package import OceanPlan
package import OceanSyntax

extension CompiledConfig {
  /// The diagnostics, and what else there is to say, for people.
  package func report(on screen: Screen) -> String {
    let shown = result.diagnostics.prefix(Self.maxShown)
    var text = DiagnosticRenderer.human(Array(shown), in: loaded.sources, on: screen)
    if !text.isEmpty { text += "\n" }
    let hidden = result.diagnostics.count - shown.count
    if hidden > 0 { text += "\(hidden) more are not shown; --format json lists them all\n" }
    for (diagnostic, reason) in result.acknowledged.map({ ($0.diagnostic, $0.reason) }) {
      let place = diagnostic.span.map { " \(loaded.sources.path($0.source)):\($0.start.line)" } ?? ""
      let line = "acknowledged: \(diagnostic.code.id)\(place), \(reason)".escapedForDisplay
      text += screen.fitted(line, indent: 2).map { $0 + "\n" }.joined()
    }
    return text + remarks(on: screen)
  }

  /// The diagnostics as annotations of GitHub Actions, and what else there is to say.
  package var annotations: String {
    DiagnosticRenderer.github(result.diagnostics, in: loaded.sources) + remarks(on: Screen())
  }

  /// All findings as SARIF.
  ///
  /// - Parameters:
  ///   - version: the version of this program.
  ///   - diff: changes that are shown as well.
  package func sarif(version: String, with diff: PlanDiff? = nil) -> String {
    var sources = loaded.sources
    let notes = diff?.notes(in: &sources) ?? []
    return DiagnosticRenderer.sarif(
      result.diagnostics + notes, acknowledged: result.acknowledged.map { ($0.diagnostic, $0.reason) },
      notChecked: result.notChecked, in: sources, version: version)
  }

  /// What could not be checked, and how old the facts are if they are not from here and now.
  private func remarks(on screen: Screen) -> String {
    var lines = result.notChecked.map { "not checked: \($0)" }
    if let factsPath {
      lines.append("facts: \(factsPath), from \(facts.hostname) as of \(Timestamp.text(facts.now))")
    }
    return lines.flatMap { screen.fitted($0.escapedForDisplay, indent: 2) }.map { $0 + "\n" }.joined()
  }

  /// One sentence: how many findings there are, and whether the config is valid.
  package func summary(on screen: Screen = Screen()) -> String {
    let errors = count(.error)
    let warnings = count(.warning)
    var counts: [String] = []
    if errors > 0 || warnings > 0 { counts += [counted(errors, "error"), counted(warnings, "warning")] }
    if !result.acknowledged.isEmpty {
      counts.append("\(result.acknowledged.count) acknowledged")
    }
    if !result.notChecked.isEmpty { counts.append("\(result.notChecked.count) not checked") }
    var verdict: String
    if let plan = result.plan {
      let listeners = counted(plan.activeListeners.count, "listener")
      verdict = "valid, \(counted(plan.services.count { $0.enabled }, "service")), \(listeners)"
    } else {
      verdict = errors == 0 ? "valid, apart from what was not checked" : "invalid"
    }
    verdict = screen.paint(verdict, errors > 0 ? .error : warnings > 0 ? .warning : .good)
    let start = counts.isEmpty ? path.escapedForDisplay : counts.joined(separator: ", ")
    return screen.fitted("\(start): \(verdict)", indent: 2).joined(separator: "\n")
  }

  /// Nobody reads more at once.
  package static let maxShown = 100
}
