import OceanBase
import OceanPlan
import OceanSyntax

/// Checks what the server can not do once it runs: as `server.user`, or as the user that starts it.
extension Lowering {
  mutating func checkPermissions(_ server: Plan.Server) {
    let user = config.server?.value.user
    if let user, let permissions = facts.permissions?[user.value] {
      let subject = Subject(user: user.value, permissions, facts)
      checkState(server.state, subject, config.server?.value.state?.span ?? user.span)
      checkAccessLog(subject)
      checkAccounts(subject)
      checkFilesOfConfig(subject, user.span)
      checkMaildirs(subject)
      checkLockDirectory(subject)
      checkPermission(config.monitor?.value.token, "token", permissions, of: user.value)
      checkPermission(config.server?.value.ticketSecret, "secret", permissions, of: user.value)
      let shared = config.server?.value.sharedState?.value
      for password in [shared?.password, shared?.sentinel?.value.password] {
        checkPermission(password, "password", permissions, of: user.value)
      }
      for certificate in (config.certificates?.value ?? []).map(\.value) {
        checkRenewal(of: certificate, by: subject)
      }
    } else if user.map({ facts.users[$0.value] == .isRoot }) ?? true, let own = facts.own {
      checkOwn(
        own, server.state, config.server?.value.state?.span ?? config.server?.key, "the state directory")
      if let log = config.log?.value.access { checkOwn(own, log.value, log.span, "the access log") }
      if let base = config.mail?.value.lockBase {
        checkOwn(own, usedForLocks(base), config.mail?.value.locks?.span, "the directory of shared locks")
      }
      if let closed = facts.mailboxes?.closed, closed.count > 0, !facts.isRoot {
        reportNotChecked(
          "whether the server can use \(closed.first ?? "") (this user may not use \(closed.count) of "
            + "\(counted(closed.looked, "Maildir")) looked at)")
      }
    }
  }

  private mutating func checkState(_ state: String, _ subject: Subject, _ span: Span) {
    switch subject.permissions.paths[state] {
    case .readOnly(let place): reportReadOnly(state, place, span, "the state directory")
    case .denied(let places):
      let inside = places.contains { $0.hasPrefix(state + "/") }
      let isOnTheWay = places.contains { $0 != state && !$0.hasPrefix(state + "/") }
      report(
        .notPermitted, span, subject.sentence("write to the state directory", state, places),
        help: isOnTheWay
          ? subject.remedy.granting(places.filter { $0 != state }.map { ($0, .enter) })
          : inside ? subject.takingOver(state) : makingDirectory(state))
    case .granted, nil: checkKept(in: state, subject, span)
    }
  }

  /// A server runs without these files, and forgets.
  private mutating func checkKept(in state: String, _ subject: Subject, _ span: Span) {
    let places = Config.kept(in: state).flatMap { path -> [String] in
      if case .denied(let places) = subject.permissions.paths[path] { places } else { [] }
    }
    guard !places.isEmpty else { return }
    report(
      .notPermitted, span, subject.sentence("use what is kept in the state directory", state, places),
      help: subject.takingOver(state), severity: .warning)
  }

  private mutating func checkAccessLog(_ subject: Subject) {
    guard let log = config.log?.value.access else { return }
    switch subject.permissions.paths[log.value] {
    case .readOnly(let place): reportReadOnly(log.value, place, log.span, "the access log")
    case .denied(let places):
      let sentence = subject.sentence("write to the access log", log.value, places)
      let folder = Path.directory(of: log.value)
      if places == [log.value] {
        let isRoots = facts.places?[log.value].map { $0.owner == "root" } ?? true
        report(
          .notPermitted, log.span, sentence,
          help: isRoots
            ? "chown \(subject.user) \(shellWord(log.value))"
            : "name a file of its own: access: \(folder)/ocean/access.jsonl, after "
              + makingDirectory("\(folder)/ocean"))
      } else if places.last == folder, places.count == 1 {
        // Other programs write their logs there, too.
        report(
          .notPermitted, log.span, sentence,
          help: "give it a directory of its own: \(makingDirectory("\(folder)/ocean"))\n"
            + "and name access: \(folder)/ocean/access.jsonl")
      } else {
        report(
          .notPermitted, log.span, sentence,
          help: subject.remedy.granting(
            places.map { ($0, $0 == log.value || $0 == folder ? .write : .enter) }))
      }
    case .granted, nil: break
    }
  }

  private mutating func checkAccounts(_ subject: Subject) {
    let sources = (config.accounts?.value ?? []).map(\.value)
    let secrets = sources.compactMap(\.password).compactMap { secret in
      secret.value.path.map { Located($0, secret.span) }
    }
    let cas = [config.server?.value.sharedState?.value.ca].compactMap(\.self)
    for file in sources.compactMap(\.passwdFile) + sources.flatMap(\.files) + secrets + cas {
      guard case .denied(let places) = subject.permissions.paths[file.value] else { continue }
      report(
        .notPermitted, file.span, subject.sentence("read", file.value, places),
        help: subject.reading(file.value, places))
    }
    for socket in sources.flatMap(\.sockets) {
      guard case .denied(let places) = subject.permissions.paths[socket.question.value.path] else { continue }
      report(
        .socketNotPermitted, socket.question.span,
        subject.sentence("open", socket.question.value.path, places),
        help: socket.remedy(for: subject.user, group: subject.permissions.group, places, facts))
    }
  }

  /// Checks files that are read before the server becomes the user, and again as that user when they have
  /// changed.
  private mutating func checkRenewal(of certificate: Config.Certificate, by subject: Subject) {
    var files = [certificate.chain, certificate.key].compactMap(\.self)
    if let passphrase = certificate.passphrase, let path = passphrase.value.path {
      files.append(Located(path, passphrase.span))
    }
    for file in files {
      guard case .denied(let places) = subject.permissions.paths[file.value] else { continue }
      report(
        .renewalNotPermitted, file.span, subject.sentence("read", file.value, places),
        help:
          "root reads it at the start, but nobody can after a renewal, nor at the start where systemd's unit has User=:\n"
          + subject.reading(file.value, places))
    }
  }

  /// Checks the config and its lists. Root reads them at the start; a reload reads them as the user, and so
  /// does a server that is started as that user.
  private mutating func checkFilesOfConfig(_ subject: Subject, _ span: Span) {
    for path in configFiles + facts.listFiles.keys.sorted() {
      guard case .denied(let places) = subject.permissions.paths[path] else { continue }
      report(
        .reloadNotPermitted, addressLists.fileSpans[path] ?? span, subject.sentence("read", path, places),
        help: subject.reading(path, places), severity: facts.isRoot || !purpose.isChecking ? nil : .error)
    }
  }

  private mutating func checkMaildirs(_ subject: Subject) {
    guard let closed = facts.mailboxes?.closed, closed.count > 0, let first = closed.first,
      let span = config.mail?.value.maildir?.span
    else { return }
    let above = closed.obstacles.filter { !$0.hasPrefix(first) }
    let help: String =
      if !above.isEmpty {
        subject.remedy.granting(above.map { ($0, .enter) })
      } else if let owner = closed.owner, owner != "root", owner != subject.user {
        "name the user that owns the mail: server: { user: \(owner) }"
      } else {
        "let the mail belong to it: chown -R \(subject.user) \(shellWord(first))"
      }
    report(
      .closedMailboxes, span,
      "the user '\(subject.user)' may not use \(closed.count) of \(counted(closed.looked, "Maildir")): "
        + closed.obstacles.prefix(4).joined(separator: ", ")
        + " \(closed.obstacles.count == 1 ? "is" : "are") in the way to \(first)",
      help: help, severity: closed.count == closed.looked && purpose.isChecking ? .error : .warning)
  }

  /// The directory of shared locks or, where it is still to be made, the one above it.
  private func usedForLocks(_ base: String) -> String {
    let path = LockDirectory.path(in: base)
    return facts.writtenFiles?[path] == .directory ? path : base
  }

  private mutating func checkLockDirectory(_ subject: Subject) {
    guard let base = config.mail?.value.lockBase, let span = config.mail?.value.locks?.span else { return }
    let (path, used) = (LockDirectory.path(in: base), usedForLocks(base))
    switch subject.permissions.paths[used] {
    case .readOnly(let place): reportReadOnly(path, place, span, "the directory of shared locks")
    case .denied(let places):
      let above = places.filter { $0 != path && $0 != base }
      report(
        .notPermitted, span,
        subject.sentence(
          used == path ? "use the shared locks in" : "make the directory of shared locks in", used, places),
        help: above.isEmpty
          ? "make it on one host, or let it belong to that user: \(makingDirectory(path))"
          : subject.remedy.granting(above.map { ($0, .enter) }))
    case .granted, nil: break
    }
  }

  private mutating func reportReadOnly(_ path: String, _ place: String, _ span: Span?, _ what: String) {
    report(
      .notPermitted, span, "nobody can write to \(what) \(path): its file system is mounted read-only",
      label: place == path ? nil : place,
      help: "name a place that can be written to, or see findmnt -T \(shellWord(place))")
  }

  /// Checks what the user that runs this may do. It probably runs the server too; if it is not root, the
  /// server may have another user, who may do more.
  private mutating func checkOwn(
    _ own: Facts.Permissions, _ path: String, _ span: Span?, _ what: String
  ) {
    switch own.paths[path] {
    case .readOnly(let place): reportReadOnly(path, place, span, what)
    case .denied: reportNotChecked("whether the server can write to \(what) \(path) (this user may not)")
    case .granted, nil: break
    }
  }

  mutating func checkPorts(_ services: [LoweredService], _ monitor: Plan.Monitor) {
    guard let lowest = facts.lowestPort else { return }
    let ports = Set(services.filter(\.plan.enabled).flatMap { $0.plan.listeners.map(\.port) })
      .union(monitor.bind.map(\.port)).filter { $0 < lowest }.sorted()
    guard !ports.isEmpty else { return }
    let list = ports.prefix(10).map(String.init).joined(separator: ", ") + (ports.count > 10 ? ", ..." : "")
    reportNotChecked(
      "whether the server can listen on \(ports.count == 1 ? "port" : "ports") \(list) (below \(lowest), which takes "
        + "CAP_NET_BIND_SERVICE: this user lacks it, root and deploy/ocean.service have it)")
  }

  private struct Subject {
    let user: String
    let permissions: Facts.Permissions
    let remedy: AccessRemedy

    init(user: String, _ permissions: Facts.Permissions, _ facts: Facts) {
      self.user = user
      self.permissions = permissions
      remedy = AccessRemedy(user: user, facts)
    }

    func sentence(_ what: String, _ path: String, _ places: [String]) -> String {
      let shown = places.prefix(4).joined(separator: ", ") + (places.count > 4 ? ", ..." : "")
      return "the user '\(user)' may not \(what) \(path)"
        + (places == [path] ? "" : ": \(shown) \(places.count == 1 ? "is" : "are") in the way")
    }

    func takingOver(_ state: String) -> String {
      "another user has left it there: chown -R \(user) \(shellWord(state))"
    }

    /// - Parameter places: the places to grant. If the file itself is among them, it is the last.
    func reading(_ path: String, _ places: [String]) -> String {
      remedy.granting(places.map { ($0, remedy.places[$0]?.isDirectory ?? ($0 != path) ? .enter : .read) })
    }
  }
}
