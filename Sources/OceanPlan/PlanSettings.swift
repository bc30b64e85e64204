extension Plan {
  /// A value of a plan, under its path.
  package struct Setting: Sendable, Hashable {
    /// `services.pop3.idle_timeout`
    package let path: String
    /// Nil if there is none: no access log.
    package let value: Value?

    package enum Value: Sendable, Hashable {
      case text(String)
      case addresses(AddressSet)
      /// Of `server.limits.except`.
      case exceptions([Server.Limits.Exception])
    }

    init(_ path: String, _ value: String?) {
      self.path = path
      self.value = value.map(Value.text)
    }

    init(_ path: String, _ value: Value) {
      self.path = path
      self.value = value
    }
  }

  /// Every value of the plan, section by section. The listeners of enabled services are not among them.
  package var settings: [Setting] { settings { !$0.enabled } }

  /// - Parameter listsListeners: whether the listeners of a service are to be among its values.
  func settings(_ listsListeners: (Service) -> Bool) -> [Setting] {
    [
      Setting("server.hostname", server.hostname),
      Setting("server.default_domain", server.defaultDomain),
      Setting("server.user", server.user),
      Setting("server.state", server.state),
      Setting("server.drain_timeout", Duration.text(seconds: server.drainSeconds)),
    ] + server.limits.settings + server.antiHammering.settings + [
      Setting("log.access", log.access),
      Setting("mail.maildir", mail.maildir.description),
      Setting("mail.uidl", mail.uidl.description),
    ] + certificates.flatMap(\.settings)
      + accounts.map { Setting("accounts.\($0.name).passwd_file", $0.passwdFile) }
      + services.flatMap { $0.settings(listsListeners: listsListeners($0)) }
  }
}

extension Plan.Setting {
  /// Itself, but of `server.limits.except` one a number, `server.limits.except.200`: the addresses it holds for.
  package var parts: [Plan.Setting] {
    guard case .exceptions(let exceptions) = value else { return [self] }
    return exceptions.map { Plan.Setting("\(path).\($0.connectionsPerIP)", .addresses($0.from)) }
  }
}

extension Plan.Setting.Value {
  /// In words, long sets by their numbers.
  package var text: String { text { $0.summary } }

  /// In words, to the last address: other values have other texts.
  var wholeText: String {
    text { $0.isEmpty ? "none" : $0 == .all ? "everywhere" : $0.shortDescription }
  }

  private func text(_ words: (AddressSet) -> String) -> String {
    switch self {
    case .text(let text): text
    case .addresses(let addresses): words(addresses)
    case .exceptions(let exceptions):
      exceptions.map { "\(words($0.from)): \($0.connectionsPerIP)" }.joined(separator: "; ")
    }
  }

  /// One value and the one in its place: `10m -> 20m`; of a value that comes `20m`, of one that goes `no longer 10m`.
  package static func text(_ before: Self?, _ after: Self?) -> String {
    switch (before, after) {
    // Numbers of addresses do not tell which.
    case (.addresses(let old)?, .addresses(let new)?) where old.isLong || new.isLong:
      "\(old.summary) -> \(new.summary); new: \(new.subtracting(old).summary); gone: \(old.subtracting(new).summary)"
    case (let before?, let after?): "\(before.text) -> \(after.text)"
    case (let before?, nil): "no longer \(before.text)"
    case (nil, let after): after?.text ?? ""
    }
  }
}

extension Plan.Server.Limits {
  fileprivate var settings: [Plan.Setting] {
    let path = "server.limits"
    return [
      Plan.Setting("\(path).connections_per_ip", "\(connectionsPerIP)")
    ]
      + (exceptions.isEmpty ? [] : [Plan.Setting("\(path).except", .exceptions(exceptions))]) + [
        Plan.Setting("\(path).prelogin_connections", "\(preloginConnections)"),
        Plan.Setting("\(path).connections_per_minute", connectionsPerMinute.map(String.init) ?? "off"),
        Plan.Setting("\(path).ipv6_prefix", "\(ipv6Prefix)"),
      ]
  }
}

extension Plan.Server.AntiHammering {
  fileprivate var settings: [Plan.Setting] {
    let path = "server.anti_hammering"
    return [
      Plan.Setting("\(path).max_failures", "\(maxFailures)"),
      Plan.Setting("\(path).forget_after", Duration.text(seconds: forgetSeconds)),
      Plan.Setting("\(path).block_for", Duration.text(seconds: blockSeconds)),
      Plan.Setting("\(path).never_block", .addresses(neverBlock)),
    ]
  }
}

extension Plan.Service.IPControl {
  fileprivate func settings(below path: String) -> [Plan.Setting] {
    [Plan.Setting("\(path).default", standard.rawValue)] + blackList.settings(below: "\(path).black_list")
      + whiteList.settings(below: "\(path).white_list")
  }
}

extension Plan.Service.IPControl.List {
  fileprivate func settings(below path: String) -> [Plan.Setting] {
    [Plan.Setting(path, .addresses(addresses))]
      + (enabled ? [] : [Plan.Setting("\(path).enabled", "false")])
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
      ("key_fingerprint", leaf.keyFingerprint),
      ("fingerprint", leaf.fingerprint),
      ("issuers", leaf.chainFingerprints.dropFirst().joined(separator: ", ")),
      ("chain", chain),
      ("key", key),
      ("passphrase", passphrase?.description),
    ].map { Plan.Setting("\(path).\($0)", $1) }
  }
}

extension Plan.Service {
  fileprivate func settings(listsListeners: Bool) -> [Plan.Setting] {
    var values: [(String, String)] = [
      ("kind", kind.rawValue),
      ("enabled", "\(enabled)"),
      ("accounts", accounts.joined(separator: ", ")),
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
    } else {
      values.append(("tls.explicit", Plan.Service.TLS.Explicit.off.rawValue))
    }
    if listsListeners {
      let texts = listeners.map { $0.tls == .none ? "\($0)" : "\($0) TLS" }
      values.append(("listeners", texts.joined(separator: ", ")))
    }
    let path = "services.\(name)"
    return values.map { Plan.Setting("\(path).\($0)", $1) } + [
      Plan.Setting(
        "\(path).plaintext_login",
        plaintextLoginWord.map(Plan.Setting.Value.text) ?? .addresses(plaintextLogin)),
      Plan.Setting("\(path).anti_hammering", "\(antiHammering)"),
      Plan.Setting("\(path).proxy_from", .addresses(proxyFrom)),
    ] + ipControl.settings(below: "\(path).ip_control")
  }
}

extension Plan.Service {
  /// `never`, `loopback` or `always`, if that is what it is.
  var plaintextLoginWord: String? {
    if plaintextLogin.isEmpty { return "never" }
    if plaintextLogin == .loopback { return "loopback" }
    return plaintextLogin == .all ? "always" : nil
  }

  /// What a word stands for.
  static func plaintextLogin(_ word: String) -> AddressSet? {
    switch word {
    case "never": AddressSet()
    case "loopback": .loopback
    case "always": .all
    default: nil
    }
  }
}

extension Duration {
  /// `1h30m`, `90s` as `1m30s`: the way durations are written in a config.
  package static func text(seconds: Int) -> String {
    var rest = seconds
    var text = ""
    for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] where rest >= size {
      text += "\(rest / size)\(unit)"
      rest %= size
    }
    return text.isEmpty ? "0s" : text
  }

  /// The seconds of `1h30m`; nil if it is not written that way or too large.
  package static func seconds(_ text: String) -> Int? {
    var total = 0
    var number: Int?
    for byte in text.utf8 {
      if (48...57).contains(byte) {
        let (product, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
        let (sum, overflow2) = product.addingReportingOverflow(Int(byte) - 48)
        guard !overflow, !overflow2 else { return nil }
        number = sum
        continue
      }
      let unit: Int
      switch byte {
      case UInt8(ascii: "s"): unit = 1
      case UInt8(ascii: "m"): unit = 60
      case UInt8(ascii: "h"): unit = 3600
      case UInt8(ascii: "d"): unit = 86_400
      default: return nil
      }
      guard let count = number else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: unit)
      let (sum, overflow2) = total.addingReportingOverflow(product)
      guard !overflow, !overflow2 else { return nil }
      total = sum
      number = nil
    }
    return number == nil && !text.isEmpty ? total : nil
  }
}
