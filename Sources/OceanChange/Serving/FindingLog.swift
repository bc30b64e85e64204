import Glibc
package import Logging
import OceanCompiler
package import OceanHost
import OceanReport
import OceanSyntax

extension CompiledConfig {
  /// Logs the findings about the config: for people as `ocean check` prints them, for programs with one line
  /// for each.
  package func log(to logger: Logger) {
    if OceanLogHandler.isForPeople {
      let report = report(on: OceanLogHandler.screen)
      if !report.isEmpty { OceanLogHandler.write(report) }
      return
    }
    for diagnostic in result.diagnostics.prefix(Self.maxShown) {
      logger.log(
        level: diagnostic.severity.level, "\(diagnostic.message)", metadata: metadata(of: diagnostic))
    }
    let hidden = result.diagnostics.count - Self.maxShown
    if hidden > 0 { logger.warning("\(hidden) more are not shown; 'ocean check' lists them all") }
    for (diagnostic, reason) in result.acknowledged.map({ ($0.diagnostic, $0.reason) }) {
      var metadata = metadata(of: diagnostic)
      metadata["acknowledged"] = "\(reason)"
      logger.notice("\(diagnostic.message)", metadata: metadata)
    }
    for what in result.notChecked { logger.notice("not checked: \(what)") }
  }

  /// Logs what there is to say about the accounts, in one line for each finding.
  func logAccounts(to logger: Logger) {
    let found = result.diagnostics.filter { DiagnosticCode.aboutAccounts.contains($0.code) }
    for diagnostic in found.prefix(Self.maxShown) {
      logger.log(
        level: diagnostic.severity.level, "\(diagnostic.message)", metadata: metadata(of: diagnostic))
    }
    let hidden = found.count - Self.maxShown
    if hidden > 0 { logger.warning("\(hidden) more are not shown; 'ocean check' lists them all") }
  }

  private func metadata(of diagnostic: Diagnostic) -> Logger.Metadata {
    func place(_ span: Span) -> String {
      "\(loaded.sources.path(span.source)):\(span.start.line):\(span.start.column)"
    }
    var metadata: Logger.Metadata = ["code": "\(diagnostic.code.id)"]
    if let span = diagnostic.span { metadata["place"] = "\(place(span))" }
    if let label = diagnostic.label { metadata["label"] = "\(label)" }
    if let help = diagnostic.help { metadata["help"] = "\(help)" }
    if !diagnostic.related.isEmpty {
      metadata["related"] =
        "\(diagnostic.related.map { "\(place($0.span)): \($0.message)" }.joined(separator: "; "))"
    }
    return metadata
  }
}

extension Severity {
  fileprivate var level: Logger.Level {
    switch self {
    case .error: .error
    case .warning: .warning
    case .note: .notice
    }
  }
}
