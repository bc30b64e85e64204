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
    /// Names of services; nil means every service that is switched on.
    package var to: [String]?
    package var verdict: Service.IPControl.DefaultAction
    /// How far they must get, or must not get.
    package var aim: Attempt.Aim
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

    /// The expectation in words: `from 203.0.113.9 to pop3: allow`.
    package var text: String {
      var aim = self.aim == .connect ? "" : " \(self.aim.ability.rawValue)"
      if case .tlsLogin(let version) = self.aim { aim += " with \(version)" }
      return
        "from \(from.summary) to \(to?.joined(separator: ", ") ?? "every service"): \(verdict.rawValue)\(aim)"
    }
  }
}

extension Plan.Expectation: Codable {
  private enum CodingKeys: String, CodingKey {
    case from, to, verdict, can, tls, span
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    from = try container.decode(AddressSet.self, forKey: .from)
    to = try container.decodeIfPresent([String].self, forKey: .to)
    verdict = try container.decode(Plan.Service.IPControl.DefaultAction.self, forKey: .verdict)
    span = try container.decode(Provenance.Origin.self, forKey: .span)
    let can = try container.decodeIfPresent(Ability.self, forKey: .can) ?? .connect
    let tls = try container.decodeIfPresent(String.self, forKey: .tls)
    guard
      let aim = Attempt.Aim(
        can,
        tls: try tls.map { text in
          guard let version = TLSVersion(short: text) else {
            throw DecodingError.dataCorruptedError(
              forKey: .tls, in: container, debugDescription: "'\(text)' is not a version of TLS")
          }
          return version
        })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .tls, in: container, debugDescription: "a version of TLS is for a login over TLS")
    }
    self.aim = aim
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(from, forKey: .from)
    try container.encodeIfPresent(to, forKey: .to)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(span, forKey: .span)
    try container.encode(aim.ability, forKey: .can)
    if case .tlsLogin(let version) = aim { try container.encode(version.short, forKey: .tls) }
  }

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

  fileprivate var ability: Plan.Expectation.Ability {
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
