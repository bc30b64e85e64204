import ArgumentParser
import OceanCompiler
import OceanPlan
import OceanSyntax
import OceanTLS

/// A config file brought together with the facts of this host.
struct CompiledConfig {
  let path: String
  let loaded: LoadedConfig
  let facts: Facts
  /// What the plan's certificates are, from the bytes that were checked; without those that could not be read.
  let identities: [String: TLSIdentity]
  let result: Compilation

  /// - Parameter now: in seconds since 1970; nil asks the clock.
  /// - Throws: a sentence, if the file itself cannot be read.
  init(
    _ path: String, for purpose: Purpose = .checking, offline: Bool = false, now: Int64? = nil
  ) throws(CommandError) {
    self.path = path
    do {
      loaded = try loadConfig(path, files: Files.access)
    } catch {
      throw CommandError("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
    }
    let request = loaded.config.factRequest
    let certificates = GatheredCertificates(request.certificates)
    identities = certificates.identities
    facts = Facts.gather(
      request, certificates: certificates.facts, defaultDomain: loaded.config.defaultDomain, offline: offline,
      now: now)
    result = compile(loaded, facts, for: purpose)
  }

  func count(_ severity: Severity) -> Int { result.diagnostics.count { $0.severity == severity } }

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
    for item in result.notChecked { text += "not checked: \(item)".escapedForDisplay + "\n" }
    return text
  }

  /// More than anybody reads at once.
  private static let mostShown = 100
}

/// A failure that one sentence explains.
struct CommandError: Error {
  let message: String
  /// Nil: the command's own for failures.
  let exitCode: Int32?

  init(_ message: String, exitCode: Int32? = nil) {
    self.message = message
    self.exitCode = exitCode
  }
}
