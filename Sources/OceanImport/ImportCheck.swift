import Glibc
import OceanCompiler
import OceanHost
import OceanPlan
package import OceanSyntax
import OceanTLS

/// The result of `ocean check` for a config that an import has made.
package struct ImportCheck {
  /// How many mistakes must be mended before it runs. The missing state directory is not counted, because it
  /// is made in the next step.
  package let errors: Int
  /// The text for people; empty if there is nothing to say.
  package let text: String

  /// - Parameters:
  ///   - path: where it was written; nil for standard output.
  ///   - isOfThisHost: whether the files, users and addresses in it are on this host.
  ///   - screen: where the text is read.
  package init(_ yaml: String, path: String?, isOfThisHost: Bool, on screen: Screen) {
    let name = path ?? "ocean.yaml"
    var files = Files.access
    files.read = { _ in Array(yaml.utf8) }
    guard let loaded = try? loadConfig(name, files: files) else {
      (errors, text) = (1, "\nNOT CHECKED: the config could not be read again\n")
      return
    }
    let facts = isOfThisHost ? Self.gather(loaded) : Self.nothing
    let result = compile(loaded, facts)
    // Without facts a warning may be about something that only seems to be missing.
    let shown = isOfThisHost ? result.diagnostics : result.diagnostics.filter { $0.severity == .error }
    errors = shown.count { $0.severity == .error && $0.code.id != Self.missingDirectory }
    var text = DiagnosticRenderer.human(shown, in: loaded.sources, on: screen)
    let unchecked =
      isOfThisHost
      ? result.notChecked
      : ["files, users and addresses; Dovecot's config is not known to be of this host, so check it there"]
    for item in unchecked {
      text += screen.fitted("not checked: \(item)".escapedForDisplay, indent: 2).map { $0 + "\n" }.joined()
    }
    self.text = text.isEmpty ? "" : "\n\(screen.paint("WHAT 'ocean check' SAYS", .heading))\n\(text)"
  }

  /// The last line: where the config is, what is open, what to do next.
  ///
  /// - Parameter open: how many settings must be decided.
  package func end(_ path: String?, open: Int, on screen: Screen) -> String {
    var words: [String] = []
    if let path { words.append("Written to \(path.escapedForDisplay).") }
    if open > 0 { words.append("\(open) to be decided.") }
    if errors > 0 { words.append("Not valid yet.") }
    if let path { words.append("Next: ocean check \(Files.absolute(path).shellQuoted.escapedForDisplay)") }
    guard !words.isEmpty else { return "" }
    return "\n" + screen.fitted(words.joined(separator: " "), indent: 0).joined(separator: "\n")
  }

  private static let missingDirectory = "OC0310"

  private static var nothing: Facts {
    Facts(hostname: "localhost", isRoot: true, hasIPv6: true, localAddresses: [])
  }

  private static func gather(_ loaded: LoadedConfig) -> Facts {
    let request = loaded.config.factRequest
    return Facts.gather(
      request, certificates: GatheredCertificates(request.certificates),
      defaultDomain: loaded.config.defaultDomain, wantsDamage: true, offline: false, now: nil)
  }
}
