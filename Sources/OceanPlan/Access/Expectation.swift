package import OceanAddresses
package import OceanBase

extension Plan {
  /// A rule of the config about who gets in, which must hold: an `expect`, or `server.protect`.
  ///
  /// It guards plans but is not part of them: without it everybody is served in the same way, so the digest
  /// does not cover it. A plan file has it beside the plan, so that a diff can show what no longer has to
  /// hold.
  package struct Expectation: Sendable, Hashable {
    package var from: AddressSet
    /// The clients from later times on, because entries of the config have an end; the first time first.
    package var later: [Later] = []
    /// Names of services, and addresses with ports; nil means every service that is switched on.
    package var to: [String]?
    package var verdict: Service.IPControl.DefaultAction
    /// How far they must get, or must not get.
    package var aim: Attempt.Aim
    /// The proxy that they come through; nil means that they come as they can.
    package var via: IPAddress?
    /// The account that they log in with.
    package var user: String?
    /// The certificates that are presented to them.
    package var certificates: [String]?
    /// The host that they ask for (SNI).
    package var serverName: String?
    /// If there is one, nothing else is expected, except `to`.
    package var bound: Bound?
    package var span: Provenance.Origin

    package init(
      from: AddressSet, to: [String]?, verdict: Service.IPControl.DefaultAction,
      aim: Attempt.Aim = .connect, span: Provenance.Origin
    ) {
      self.from = from
      self.to = to
      self.verdict = verdict
      self.aim = aim
      self.span = span
    }

    package init(_ bound: Bound, to: [String]?, span: Provenance.Origin) {
      self.init(from: AddressSet(), to: to, verdict: .allow, span: span)
      self.bound = bound
    }

    /// The expectation in words: `from 203.0.113.9 to pop3: allow`.
    package var text: String {
      let services = to?.joined(separator: ", ") ?? "every service"
      if let bound { return bound.text(at: services) }
      var aim = self.aim == .connect ? "" : " \(self.aim.ability.rawValue)"
      if case .tlsLogin(let version) = self.aim { aim += " with \(version)" }
      if let user { aim += " as \(user)" }
      if let certificates {
        aim +=
          ", presenting \(certificates.joined(separator: ", "))" + (serverName.map { " for \($0)" } ?? "")
      }
      let via = via.map { " via \($0)" } ?? ""
      return "from \(from.summary)\(via) to \(services): \(verdict.rawValue)\(aim)"
    }

    package struct Later: Sendable, Hashable, Codable {
      package var at: RuleEnd
      package var from: AddressSet

      package init(at: RuleEnd, from: AddressSet) {
        self.at = at
        self.from = from
      }
    }

    /// The same expectation at a time, in seconds since 1970.
    package func ended(by time: Int64) -> Self {
      guard let last = later.last(where: { $0.at.isPast(at: time) }) else { return self }
      var expectation = self
      expectation.from = last.from
      expectation.later.removeAll { $0.at.isPast(at: time) }
      return expectation
    }

    /// What the config itself must say.
    package enum Bound: Sendable, Hashable {
      /// About a named address list: how many addresses it has, and how large a network in it may be.
      case list(String, ListBounds)
      /// About a list file, by absolute path: what it must keep to be used. Part of the file's entry in a list, and not
      /// of `expect`; a difference of plans tells it as one.
      case listFile(String, ListBounds)
      /// Whether services take part in anti-hammering.
      case antiHammering(Bool)
    }
  }
}

extension Plan.Expectation.Bound {
  fileprivate func text(at services: String) -> String {
    switch self {
    case .antiHammering(let isOn): return "at \(services): anti_hammering \(isOn)"
    case .list(let name, let bounds): return "list \(name): \(Self.text(bounds, of: "addresses"))"
    case .listFile(let path, let bounds): return "list file \(path): \(Self.text(bounds, of: "entries"))"
    }
  }

  private static func text(_ bounds: ListBounds, of what: String) -> String {
    let limits = [
      bounds.atLeast.map { "at least \($0) \(what)" }, bounds.atMost.map { "at most \($0) \(what)" },
      bounds.largestNetwork.map { "no network larger than /\($0)" },
    ]
    return limits.compactMap(\.self).joined(separator: ", ")
  }

  /// Whether it requires all that another bound requires.
  func covers(_ other: Self) -> Bool {
    switch (self, other) {
    case (.list(let name, let own), .list(let otherName, let others)),
      (.listFile(let name, let own), .listFile(let otherName, let others)):
      return name == otherName && own.tightened(by: others) == own
    default: return self == other
    }
  }
}

extension Plan.Expectation {
  /// How far a client must get, in the word of the config.
  package enum Ability: String, Sendable, Hashable, Codable, CaseIterable {
    case connect
    case login
    case plaintextLogin = "login_plaintext"
  }
}

extension Attempt.Aim {
  /// Nil for a version of TLS where none is used.
  ///
  /// - Parameter tls: the best version that the client knows; nil if it is not said.
  package init?(_ ability: Plan.Expectation.Ability, tls: TLSVersion?) {
    switch (ability, tls) {
    case (.connect, nil): self = .connect
    case (.login, nil): self = .login
    case (.login, let version?): self = .tlsLogin(version)
    case (.plaintextLogin, nil): self = .plaintextLogin
    case (.connect, _), (.plaintextLogin, _): return nil
    }
  }

  var ability: Plan.Expectation.Ability {
    switch self {
    case .connect: .connect
    case .login, .tlsLogin: .login
    case .plaintextLogin: .plaintextLogin
    }
  }

  /// What the client does, as an infinitive without `to`.
  package var words: String {
    switch self {
    case .connect: "connect"
    case .login: "log in"
    case .plaintextLogin: "log in without TLS"
    case .tlsLogin(let version): "log in with \(version)"
    }
  }
}
