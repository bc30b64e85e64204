extension Plan {
  /// A value of a plan in words.
  package struct Setting: Sendable, Hashable {
    /// `services.pop3.idle_timeout`
    package let path: String
    /// Nil if there is none: no access log.
    package let value: String?

    init(_ path: String, _ value: String?) {
      self.path = path
      self.value = value
    }
  }

  /// Every value of the plan, section by section. The listeners of enabled services are not among them.
  package var settings: [Setting] {
    [
      Setting("server.hostname", server.hostname),
      Setting("server.default_domain", server.defaultDomain),
      Setting("server.user", server.user),
      Setting("server.state", server.state),
      Setting("server.drain_timeout", Duration.text(seconds: server.drainSeconds)),
      Setting("log.access", log.access),
      Setting("mail.maildir", mail.maildir.description),
    ] + accounts.map { Setting("accounts.\($0.name).passwd_file", $0.passwdFile) }
      + services.flatMap(\.settings)
  }
}

extension Plan.Service {
  fileprivate var settings: [Plan.Setting] {
    var values: [(String, String)] = [
      ("kind", kind.rawValue),
      ("enabled", "\(enabled)"),
      ("accounts", accounts.joined(separator: ", ")),
      ("plaintext_login", plaintextLoginText),
      ("max_connections", "\(limits.connections)"),
      ("idle_timeout", Duration.text(seconds: limits.idleSeconds)),
      ("login_timeout", Duration.text(seconds: limits.loginSeconds)),
      ("max_login_attempts", "\(limits.loginAttempts)"),
      ("max_bad_commands", "\(limits.badCommands)"),
      ("failure_delay", "\(limits.failureDelayMilliseconds)ms"),
      ("line_octets", "\(limits.lineOctets)"),
      ("output_octets", "\(limits.outputOctets)"),
    ]
    if !enabled { values.append(("listeners", listeners.map(\.description).joined(separator: ", "))) }
    return values.map { Plan.Setting("services.\(name).\($0)", $1) }
  }
}
