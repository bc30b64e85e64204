import OceanPlan
import OceanSyntax

/// Checks what others on the host can do with the server's files.
extension Lowering {
  /// The command that keeps others from reading a file, but not the server.
  func closing(_ path: String) -> String {
    guard let user = config.server?.value.user?.value else { return "chmod o= \(shellWord(path))" }
    return AccessRemedy(user: user, facts).closing(path)
  }

  /// Reports each writable place once, however many files are behind it.
  mutating func checkWritable() {
    guard let writable = facts.writable else { return }
    let state = config.server?.value.state?.value ?? Defaults.state
    var told: Set<String> = []
    for (path, span) in trustedPlaces {
      for place in writable[path] ?? [] where told.insert(place).inserted {
        // The state directory has a code of its own.
        if place == state { continue }
        report(
          .writableByAll, span,
          place == path
            ? "everybody on this host can write to \(path)"
            : "everybody on this host can replace \(path): they can write to \(place)",
          help: "chmod o-w \(shellWord(place))")
      }
    }
  }

  /// The paths that decide what the server does, the config's own files first, with where they are named.
  private var trustedPlaces: [(path: String, span: Span?)] {
    var places: [(String, Span?)] = configFiles.map { ($0, nil) }
    for file in (config.accounts?.value ?? []).compactMap(\.value.passwdFile) {
      places.append((file.value, file.span))
    }
    for source in (config.accounts?.value ?? []).map(\.value) {
      places += source.files.map { ($0.value, $0.span) }
      if let password = source.password, let path = password.value.path {
        places.append((path, password.span))
      }
    }
    if let ca = config.server?.value.sharedState?.value.ca { places.append((ca.value, ca.span)) }
    for socket in (config.accounts?.value ?? []).flatMap(\.value.sockets) {
      places.append((Path.directory(of: socket.question.value.path), socket.question.span))
    }
    for certificate in (config.certificates?.value ?? []).map(\.value) {
      places += [certificate.chain, certificate.key].compactMap(\.self).map { ($0.value, $0.span) }
      if let passphrase = certificate.passphrase, case .file(let path) = passphrase.value {
        places.append((path, passphrase.span))
      }
    }
    if let token = config.monitor?.value.token, let path = token.value.path {
      places.append((path, token.span))
    }
    places += addressLists.fileSpans.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let state = config.server?.value.state
    places.append((state?.value ?? Defaults.state, state?.span ?? config.server?.key))
    if let maildir = config.mail?.value.maildir, let base = maildir.value.base {
      places.append((base, maildir.span))
    }
    if let log = config.log?.value.access { places.append((log.value, log.span)) }
    return places
  }
}
