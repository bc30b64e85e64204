import OceanCompiler
import OceanHost
import OceanPlan
import OceanSyntax

extension CompiledConfig {
  /// The diagnostics and what else there is to say, for people.
  func report(color: Bool) -> String {
    let shown = result.diagnostics.prefix(Self.mostShown)
    var text = DiagnosticRenderer.human(Array(shown), in: loaded.sources, color: color)
    if !text.isEmpty { text += "\n" }
    let hidden = result.diagnostics.count - shown.count
    if hidden > 0 { text += "\(hidden) more are not shown; --format json lists them all\n" }
    for (diagnostic, reason) in result.acknowledged.map({ ($0.diagnostic, $0.reason) }) {
      let place = diagnostic.span.map { " \(loaded.sources.path($0.source)):\($0.start.line)" } ?? ""
      text += "acknowledged: \(diagnostic.code.id)\(place), \(reason)".escapedForDisplay + "\n"
    }
    return text + remarks
  }

  /// The diagnostics as annotations of GitHub Actions, and what else there is to say.
  var annotations: String { DiagnosticRenderer.github(result.diagnostics, in: loaded.sources) + remarks }

  /// All of it as SARIF.
  var sarif: String {
    DiagnosticRenderer.sarif(
      result.diagnostics, acknowledged: result.acknowledged.map { ($0.diagnostic, $0.reason) },
      notChecked: result.notChecked, in: loaded.sources, version: Ocean.version)
  }

  /// What is known to be missing, and how old the facts are if they are not from here and now.
  private var remarks: String {
    var lines = result.notChecked.map { "not checked: \($0)" }
    if let factsPath {
      lines.append("facts: \(factsPath), from \(facts.hostname) as of \(Timestamp.text(facts.now))")
    }
    return lines.map { $0.escapedForDisplay + "\n" }.joined()
  }

  /// More than anybody reads at once.
  static let mostShown = 100
}
