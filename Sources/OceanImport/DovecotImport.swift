package import OceanHost
package import OceanSyntax

/// An import of Dovecot's config: the config it makes, and what must be said about it.
package struct DovecotImport {
  /// The text of the config.
  package let yaml: String
  /// The passwords that go into files of their own.
  package let secrets: [Translation.Secret]
  private let findings: Findings
  /// What the lines of findings belong to.
  private let source: String
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
    secrets = translation.secrets
    findings = translation.findings
    self.source = source.words
    open = translation.findings.openCount
    isOfThisHost = source.isOfThisHost == true
  }

  /// Checks the config, as `ocean check` does, and puts everything together that must be said.
  ///
  /// - Parameters:
  ///   - path: where the config was written; nil for standard output.
  ///   - screen: where it is read.
  /// - Returns: the text, and whether the config can be used as it is.
  package func said(of path: String?, on screen: Screen) -> (text: String, isFinished: Bool) {
    let check = ImportCheck(yaml, path: path, isOfThisHost: isOfThisHost, on: screen)
    let text = findings.text(source: source, on: screen)
    return ("\(text)\(check.text)\(check.end(path, open: open, on: screen))", open == 0 && check.errors == 0)
  }
}
