import ArgumentParser
import OceanCompiler
import OceanPlan
import OceanSyntax

/// A config file brought together with the facts of this host.
struct CompiledConfig {
  let path: String
  let loaded: LoadedConfig
  let facts: Facts
  let result: Compilation

  /// - Throws: a sentence, if the file itself cannot be read.
  init(_ path: String, offline: Bool = false) throws(CommandError) {
    self.path = path
    do {
      loaded = try loadConfig(path, files: Files.access)
    } catch {
      throw CommandError("cannot read \(path): \(error.reason)")
    }
    facts = Facts.gather(
      loaded.config.factRequest, defaultDomain: loaded.config.defaultDomain, offline: offline)
    result = compile(loaded, facts)
  }

  func count(_ severity: Severity) -> Int { result.diagnostics.count { $0.severity == severity } }

  /// The diagnostics and what else there is to say, for people.
  func report(color: Bool) -> String {
    var text = DiagnosticRenderer.human(result.diagnostics, in: loaded.sources, color: color)
    if !text.isEmpty { text += "\n" }
    for (diagnostic, reason) in result.acknowledged {
      let place = diagnostic.span.map { " \(loaded.sources.path($0.source)):\($0.start.line)" } ?? ""
      text += "acknowledged: \(diagnostic.code.id)\(place): \(reason)\n".escapedKeepingLineEnd
    }
    for item in result.notChecked { text += "not checked: \(item)\n".escapedKeepingLineEnd }
    return text
  }
}

extension String {
  fileprivate var escapedKeepingLineEnd: String { String(dropLast()).escapedForDisplay + "\n" }
}

/// A failure that one sentence explains.
struct CommandError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}
