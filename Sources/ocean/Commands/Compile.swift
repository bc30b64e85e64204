import ArgumentParser
import OceanCompiler
import OceanPlan
import OceanSyntax
import OceanTLS

/// A config file brought together with the facts of this host, or those that another one wrote to a file.
struct CompiledConfig {
  let path: String
  let loaded: LoadedConfig
  let facts: Facts
  /// Where the facts are from; nil if they were gathered here.
  let factsPath: String?
  /// What the plan's certificates are, from the bytes that were checked; without those that could not be read.
  let identities: [String: TLSIdentity]
  let result: Compilation

  /// - Parameters:
  ///   - path: of the config; `-` for standard input.
  ///   - now: in seconds since 1970; nil asks the clock, or takes the time of the facts in `factsPath`.
  ///   - factsPath: a file that `ocean facts` wrote: nothing is gathered here then, and there are no identities.
  ///   - overriding: the places of expectations that need not hold.
  /// - Throws: a sentence, if the file itself or that of the facts cannot be read.
  init(
    _ path: String, for purpose: Purpose = .checking, offline: Bool = false, now: Int64? = nil,
    factsPath: String? = nil, overriding: Set<String> = []
  ) throws(CommandError) {
    self.path = path
    self.factsPath = factsPath
    let given: FactsFile? = if let factsPath { try .read(factsPath) } else { nil }
    let files = path == Files.standardInput ? Files.accessWithStandardInput : Files.access
    let folder = files.directory(path)
    do {
      loaded = try loadConfig(path, files: given?.moving(files, from: folder) ?? files)
    } catch {
      throw CommandError("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
    }
    if let given {
      identities = [:]
      var facts = given.facts(for: loaded.config, in: folder)
      if let now { facts.now = now }
      self.facts = facts
    } else {
      let request = loaded.config.factRequest
      let certificates = GatheredCertificates(request.certificates)
      identities = certificates.identities
      facts = Facts.gather(
        request, certificates: certificates.facts, defaultDomain: loaded.config.defaultDomain,
        offline: offline, now: now)
    }
    result = compile(loaded, facts, for: purpose, overriding: overriding)
    if let unused = overriding.subtracting(result.overridden).min(), count(.error) == 0 {
      throw CommandError("there is no broken expectation at \(unused) to override")
    }
  }

  /// `6 of 6`, how many expectations hold.
  var holding: String {
    "\(result.expectations.count - result.overridden.count) of \(result.expectations.count)"
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

/// A failure that one sentence explains.
struct CommandError: Error {
  let message: String
  /// Nil: the command's own for failures.
  let exitCode: Int32?
  /// Of a command that asks a server: there is none, for certain.
  let saysThatNoServerRuns: Bool

  init(_ message: String, exitCode: Int32? = nil, saysThatNoServerRuns: Bool = false) {
    self.message = message
    self.exitCode = exitCode
    self.saysThatNoServerRuns = saysThatNoServerRuns
  }
}
