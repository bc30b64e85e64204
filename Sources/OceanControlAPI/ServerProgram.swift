/// The version of a program: of a running server, or of the command that asks it.
package struct ServerProgram: Sendable, Hashable, Codable {
  /// As in the changelog: `0.1.0`.
  package var version: String
  /// The commit it was built from, and the commit's date: `8f7c0a7b, 2026-11-28`; nil if the build was not told.
  package var commit: String?
  /// The libssl that it has loaded: `OpenSSL 3.0.17 1 Jul 2025`.
  package var tlsLibrary: String

  package init(version: String, commit: String?, tlsLibrary: String) {
    self.version = version
    self.commit = commit
    self.tlsLibrary = tlsLibrary
  }

  /// In one line: `0.1.0 (8f7c0a7b, 2026-11-28), OpenSSL 3.0.17 1 Jul 2025`.
  package var text: String { "\(version)\(commit.map { " (\($0))" } ?? ""), \(tlsLibrary)" }
}
