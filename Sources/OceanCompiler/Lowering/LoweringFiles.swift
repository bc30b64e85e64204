import OceanPlan
import OceanSyntax

/// What a config names the places of, and is read before it is compiled: certificates, keys, passwords.
extension Lowering {
  /// Reports a file or a secret that could not be read.
  ///
  /// - Parameters:
  ///   - what: the path of the file, or the place of the secret.
  ///   - help: what to do if it does not exist.
  mutating func reportUnread(
    _ what: String, _ span: Span, _ state: CertificateFacts.FileState, as code: DiagnosticCode,
    help: String? = nil
  ) {
    switch state {
    case .read: break
    case .missing: report(code, span, "there is no \(what)", help: help)
    case .notPermitted: reportNotChecked("\(what) (not readable by this user)")
    case .notHere: reportNotChecked("\(what) (there only where the server runs)")
    case .unreadable(let reason): report(code, span, "cannot read \(what): \(reason)")
    }
  }

  /// Reports the password of an account source that could not be read, or that everybody can read.
  ///
  /// - Parameters:
  ///   - state: what became of it; nil if the source needs none.
  ///   - owner: whose it is: `database`.
  mutating func checkPassword(
    _ secret: Located<Plan.SecretSource>?, _ state: CertificateFacts.FileState?, as code: DiagnosticCode,
    of owner: String
  ) {
    guard let secret, let state else { return }
    reportUnread(secret.value.description, secret.span, state, as: code)
    reportExposed(secret, as: code, "\(owner)'s password", advice: "give ocean a new one")
  }

  /// Checks a secret that a reload reads as the server's user.
  ///
  /// - Parameter what: `token`.
  mutating func checkPermission(
    _ secret: Located<Plan.SecretSource>?, _ what: String, _ permissions: Facts.Permissions, of user: String
  ) {
    guard let secret, case .file(let path) = secret.value, case .denied(let places) = permissions.paths[path]
    else { return }
    report(
      .reloadNotPermitted, secret.span,
      "the user '\(user)' may not read \(path)"
        + (places == [path] ? "" : ": \(places.prefix(4).joined(separator: ", ")) in the way"),
      help: "root reads it at the start; a new \(what) is read by that user:\n"
        + AccessRemedy(user: user, facts).granting(places.map { ($0, $0 == path ? .read : .enter) }))
  }

  /// Reports a secret in a file that everybody can read.
  ///
  /// - Parameters:
  ///   - what: the secret: `monitor's token`.
  ///   - advice: how another one comes in its place: `make a new one`.
  mutating func reportExposed(
    _ secret: Located<Plan.SecretSource>, as code: DiagnosticCode, _ what: String, advice: String
  ) {
    guard case .file(let path) = secret.value, facts.exposed?.contains(path) == true else { return }
    report(
      code, secret.span, "everybody on this host can read the \(what) in \(path)",
      help: "\(closing(path))\nand \(advice), if others have access to this host")
  }
}
