package import OceanBase
package import OceanHost
import OceanAddresses
package import OceanPlan
import OceanTLS

/// Connects to the services of a plan as a client does: is there a greeting, does TLS work, can somebody log
/// in?
package struct Probe {
  /// The account that logs in, at every service.
  package struct Login {
    let user: String
    let password: SecretBytes

    package init(user: String, password: SecretBytes) {
      self.user = user
      self.password = password
    }
  }

  /// The plan that is running.
  private let plan: Plan
  private let login: Login?

  package init(_ plan: Plan, login: Login?) {
    self.plan = plan
    self.login = login
  }

  /// Why it would find out nothing: there is no listener that this host may connect to, or log in at. Nil if there is one.
  package var obstacle: String? {
    let targets = targets
    if targets.contains(where: { $0.isOpen && (login == nil || $0.takesPasswords) }) { return nil }
    if login != nil {
      return "the probe cannot log in: no listener of this plan takes passwords from this host"
    }
    let skipped =
      targets.isEmpty ? "this plan has no listeners" : targets.map(\.skipped).joined(separator: "; ")
    return "the probe may not connect to any listener: \(skipped)"
  }

  /// - Returns: a line for each listener that answered, or may not be asked from here.
  /// - Throws: the first listener that does not answer as it should, and how it answers; the `obstacle`, if
  ///   there is one.
  package func run() throws(Failure) -> [String] {
    if let obstacle { throw Failure(obstacle) }
    var lines: [String] = []
    for target in targets {
      let start = ContinuousClock.now
      guard target.isOpen else {
        lines.append(target.skipped)
        continue
      }
      do throws(Failure) {
        let steps = try probe(target).joined(separator: ", ")
        lines.append("\(target.endpoint) \(steps) (\(Int((.now - start) / .milliseconds(1))) ms)")
      } catch {
        throw Failure("the probe of '\(target.service.name)' failed: \(error.message)")
      }
    }
    return lines
  }

  // MARK: - Listeners

  /// A listener as it is reached from this host.
  private struct Target {
    let service: Plan.Service
    let listener: Plan.Listener

    var endpoint: Endpoint { Endpoint(address: host, port: listener.port) }

    var usesSTLS: Bool { listener.tls == .none && (service.tls?.explicit ?? .off) != .off }

    /// Whether this host may connect there.
    var isOpen: Bool { isAllowed(.connect) }

    var skipped: String { "\(endpoint) skipped: '\(service.name)' takes no clients from this host" }

    /// Whether this host may log in there, over TLS if the listener offers it.
    var takesPasswords: Bool { isAllowed(.login) }

    private func isAllowed(_ aim: Attempt.Aim) -> Bool {
      let way = WayIn(service, to: [listener], at: host)
      return way.clients(aim, among: AddressSet([AddressPattern(source)])).contains(source)
    }

    private var host: IPAddress {
      listener.address.isUnspecified ? .loopback(listener.address.family) : listener.address
    }

    /// The address that a connection of this host to one of its own addresses comes from.
    var source: IPAddress { host.isLoopback ? .loopback(host.family) : host }
  }

  private var targets: [Target] {
    plan.services.filter(\.enabled).flatMap { service in
      service.listeners.map { Target(service: service, listener: $0) }
    }
  }

  // MARK: - Steps of a probe

  /// - Returns: what went well, in order.
  private func probe(_ target: Target) throws(Failure) -> [String] {
    guard let server = HostPort(target.endpoint.description) else { return [] }
    let connection = try POP3Connection(to: server)
    var steps: [String]
    if target.listener.tls == .implicit {
      try shakeHands(connection, target)
      try connection.greet()
      steps = ["TLS", "greeting"]
    } else if target.usesSTLS {
      try connection.startTLS()
      try shakeHands(connection, target)
      steps = ["greeting", "STLS"]
    } else {
      try connection.greet()
      steps = ["greeting"]
    }
    if let login {
      steps.append(
        target.takesPasswords
          ? try logIn(login, connection, target) : "no login: it has no TLS, and takes no passwords without")
    }
    return steps
  }

  /// The certificate must be one of the plan's: no other server may get the password.
  private func shakeHands(_ connection: POP3Connection, _ target: Target) throws(Failure) {
    guard let client = TLSClient(serverName: plan.server.hostname) else {
      throw Failure("libssl cannot make a TLS client")
    }
    try connection.handshake(client)
    let names = target.service.tls?.certificates ?? []
    let expected = plan.certificates.filter { names.contains($0.name) }.map(\.leaf.fingerprint)
    let presented = CertificateFile(chain: client.presentedChain, key: nil).certificates.first
    guard let presented, expected.contains(presented.sha256Fingerprint) else {
      throw Failure("\(target.endpoint) presents a certificate that is not in the plan")
    }
  }

  /// What a login does not show: the server takes a Maildir that is not there for an empty one.
  private func mailboxNote(_ login: Login, _ target: Target) -> String? {
    let explanation = LoginExplanation(login.user, peer: target.source, service: target.service, of: plan)
    guard let (maildir, state) = explanation.mailbox else {
      return "whether the mailbox is there is not checked: \(explanation.steps.last?.detail ?? "")"
    }
    return state.note.map { "\(maildir): \($0)" }
  }

  /// Sends USER and PASS (RFC 1939 §7), and QUIT: nothing is removed.
  private func logIn(_ login: Login, _ connection: POP3Connection, _ target: Target) throws(Failure)
    -> String
  {
    func refusal(_ answer: String) -> Failure {
      Failure("\(target.endpoint) refuses the login of \(login.user): \(answer)")
    }
    let name = try connection.command(SecretBytes(copying: "USER \(login.user)".utf8))
    guard name.hasPrefix("+OK") else { throw refusal(name) }
    let pass = login.password.withUnsafeBytes { SecretBytes(joining: "PASS ", $0) }
    let answer = try connection.command(pass)
    // A server says this only to a client whose password is right (RFC 2449 §8.1.2).
    let isInUse = answer.hasPrefix("-ERR [IN-USE]")
    guard answer.hasPrefix("+OK") || isInUse else { throw refusal(answer) }
    let end = try connection.command(SecretBytes(copying: "QUIT".utf8))
    guard end.hasPrefix("+OK") else {
      throw Failure("\(target.endpoint) does not end the session of \(login.user): \(end)")
    }
    // The mailbox is taken until then.
    try connection.waitForEnd()
    let notes = [isInUse ? "the mailbox is in use" : nil, mailboxNote(login, target)].compactMap(\.self)
    return notes.isEmpty ? "login" : "login (\(notes.joined(separator: "; ")))"
  }
}
