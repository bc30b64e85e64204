import OceanPlan
import OceanSyntax

/// What the server can no longer do once it is `server.user`.
extension Lowering {
  mutating func checkPermissions(_ server: Plan.Server, _ log: Plan.Log) {
    guard let user = config.server?.value.user, let permissions = facts.permissions?[user.value] else {
      return
    }
    let subject = Subject(user: user.value, permissions: permissions)
    if let refusal = subject.refusal(of: server.state) {
      report(
        .notPermitted, config.server?.value.state?.span ?? user.span,
        subject.sentence("write to the state directory", server.state, refusal),
        help: refusal == server.state ? makingDirectory(server.state) : subject.entering(refusal))
    }
    if let access = config.log?.value.access, let refusal = subject.refusal(of: access.value) {
      let isOnTheWay = refusal != access.value && refusal != Path.directory(of: access.value)
      report(
        .notPermitted, access.span, subject.sentence("write to the access log", access.value, refusal),
        help: isOnTheWay
          ? subject.entering(refusal)
          : "chown \(user.value) \(refusal), or name a file in a directory of its own")
    }
    for file in (config.accounts?.value ?? []).compactMap(\.value.passwdFile) {
      if let refusal = subject.refusal(of: file.value) {
        report(
          .notPermitted, file.span, subject.sentence("read", file.value, refusal),
          help: subject.reading(file.value, refusal))
      }
    }
    for certificate in (config.certificates?.value ?? []).map(\.value) {
      checkRenewal(of: certificate, by: subject)
    }
  }

  /// What is read before the server becomes the user, and after that when the file has changed.
  private mutating func checkRenewal(of certificate: Config.Certificate, by subject: Subject) {
    var files = [certificate.chain, certificate.key].compactMap(\.self)
    if let passphrase = certificate.passphrase, case .file(let path) = passphrase.value {
      files.append(Located(path, passphrase.span))
    }
    for file in files {
      guard let refusal = subject.refusal(of: file.value) else { continue }
      report(
        .renewalNotPermitted, file.span, subject.sentence("read", file.value, refusal),
        help: "root reads it at the start, nobody once it is renewed: "
          + subject.reading(file.value, refusal))
    }
  }

  private struct Subject {
    let user: String
    let permissions: Facts.Permissions

    /// Which file or directory is in the way; nil if nothing is, or nobody knows.
    func refusal(of path: String) -> String? {
      if case .denied(let place) = permissions.paths[path] { place } else { nil }
    }

    func sentence(_ what: String, _ path: String, _ refusal: String) -> String {
      "the user '\(user)' may not \(what) \(path)" + (refusal == path ? "" : ": \(refusal) is in the way")
    }

    func reading(_ path: String, _ refusal: String) -> String {
      guard refusal == path else { return entering(refusal) }
      guard let group = permissions.group else { return "chown \(user) \(path)" }
      return "chgrp \(group) \(path) && chmod 640 \(path)"
    }

    func entering(_ directory: String) -> String {
      guard let group = permissions.group else { return "setfacl -m u:\(user):x \(directory)" }
      return "chgrp \(group) \(directory) && chmod g+x \(directory)"
    }
  }
}
