package import OceanHost
import OceanSyntax

/// An import of Dovecot's config: the config it makes, and what must be said about it.
package struct DovecotImport {
  /// The text of the config.
  package let yaml: String
  private let findings: String
  /// How many settings must be decided.
  private let open: Int
  private let isOfThisHost: Bool

  /// Reads Dovecot's config and translates it.
  ///
  /// - Parameters:
  ///   - path: a `dovecot.conf`, or the output of `doveconf -nP`.
  ///   - out: where the config will be written; nil for standard output.
  package init(_ path: String, out: String? = nil) throws(Failure) {
    let source = try DovecotSource(path)
    let translation = Translation(
      source.config, host: source.isOfThisHost == false ? .elsewhere : .this, folder: source.folder,
      target: out.map(WrittenConfig.folder) ?? "/etc/ocean")
    yaml = translation.config.text(
      head: ["Made from \(source.words.escapedForDisplay) by 'ocean import dovecot'."]
        + translation.findings.comments)
    findings = translation.findings.text(source: source.words)
    open = translation.findings.openCount
    isOfThisHost = source.isOfThisHost == true
  }

  /// Checks the config, as `ocean check` does, and puts everything together that must be said.
  ///
  /// - Parameter path: where the config was written; nil for standard output.
  /// - Returns: the text, and whether the config can be used as it is.
  package func said(of path: String?) -> (text: String, isFinished: Bool) {
    let check = ImportCheck(yaml, path: path, isOfThisHost: isOfThisHost)
    return ("\(findings)\(check.text)\(check.end(path, open: open))", open == 0 && check.errors == 0)
  }
}
