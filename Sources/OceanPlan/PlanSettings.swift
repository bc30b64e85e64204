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
    ] + certificates.flatMap(\.settings)
      + accounts.map { Setting("accounts.\($0.name).passwd_file", $0.passwdFile) }
      + services.flatMap(\.settings)
  }
}

extension Plan.Certificate {
  fileprivate var settings: [Plan.Setting] {
    let path = "certificates.\(name)"
    return [
      ("subject", leaf.subject),
      ("names", leaf.names.joined(separator: ", ")),
      ("issuer", leaf.issuer),
      ("valid_from", Timestamp.text(leaf.notBefore)),
      ("expires", Timestamp.text(leaf.notAfter)),
      ("key_type", leaf.keyType),
      ("fingerprint", leaf.fingerprint),
      ("issuers", leaf.chainFingerprints.dropFirst().joined(separator: ", ")),
      ("chain", chain),
      ("key", key),
      ("passphrase", passphrase?.description),
    ].map { Plan.Setting("\(path).\($0)", $1) }
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
      ("handshake_timeout", Duration.text(seconds: limits.handshakeSeconds)),
      ("login_timeout", Duration.text(seconds: limits.loginSeconds)),
      ("max_login_attempts", "\(limits.loginAttempts)"),
      ("max_bad_commands", "\(limits.badCommands)"),
      ("failure_delay", "\(limits.failureDelayMilliseconds)ms"),
      ("line_octets", "\(limits.lineOctets)"),
      ("output_octets", "\(limits.outputOctets)"),
    ]
    if let tls {
      values += [
        ("tls.explicit", tls.explicit.rawValue),
        ("tls.certificate", tls.certificates.joined(separator: ", ")),
        ("tls.profile", tls.profile.rawValue),
      ]
    }
    if !enabled {
      let texts = listeners.map { $0.tls == .none ? "\($0)" : "\($0) TLS" }
      values.append(("listeners", texts.joined(separator: ", ")))
    }
    return values.map { Plan.Setting("services.\(name).\($0)", $1) }
  }
}
