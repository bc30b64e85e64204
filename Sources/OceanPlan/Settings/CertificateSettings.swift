extension Plan {
  /// A certificate chain and its key: where they are, and which certificate was in the file.
  package struct Certificate: Sendable, Hashable {
    package var name: String
    /// The absolute path of the PEM file, the leaf first.
    package var chain: String
    /// The absolute path of the PEM file.
    package var key: String
    /// The place of the key's passphrase; nil if the key is not encrypted.
    package var passphrase: SecretSource?
    package var leaf: LeafFacts

    package init(
      name: String, chain: String, key: String, passphrase: SecretSource? = nil, leaf: LeafFacts
    ) {
      self.name = name
      self.chain = chain
      self.key = key
      self.passphrase = passphrase
      self.leaf = leaf
    }
  }

  /// The certificates of services that run.
  package var presented: [Certificate] {
    let names = Set(services.filter(\.enabled).flatMap { $0.tls?.certificates ?? [] })
    return certificates.filter { names.contains($0.name) }
  }
}

extension Plan.Certificate: PlanSection {
  package static let blank = Self(name: "", chain: "", key: "", leaf: .unknown)

  package static let rows: [PlanRow<Self>] = [
    .name(\.name),
    row("subject", \.leaf.subject, .text), row("names", \.leaf.names, .names),
    row("issuer", \.leaf.issuer, .text), row("valid_from", \.leaf.notBefore, .time),
    row("expires", \.leaf.notAfter, .time), row("key_type", \.leaf.keyType, .text, direction: .weakKeys),
    row("key_fingerprint", \.leaf.keyFingerprint, .text, .handshakes),
    // This comes before the issuers' fingerprints, which are set beside it.
    row("fingerprint", \.leaf.fingerprint, .text, .handshakes), row("issuers", \.leaf.issuers, .names),
    row("root", \.leaf.root, .optionalText),
    row("chain", \.chain, .absolutePath), row("key", \.key, .absolutePath),
    row("passphrase", \.passphrase, .secret),
  ]

  /// A certificate says who the server is, which is more or less protection only by its key.
  private static func row<Value: Equatable>(
    _ key: String, _ path: @autoclosure @escaping @Sendable () -> PlanSetting<Self, Value>.Path,
    _ type: PlanValue<Value>,
    _ effect: SettingEffect? = nil, direction: DirectionRule<Self, Value> = .neither
  ) -> PlanRow<Self> {
    PlanRow(PlanSetting(key, path(), type, .certificate, effect, owner: .node, direction: direction))
  }
}

extension DirectionRule<Plan.Certificate, String> {
  fileprivate static let weakKeys = DirectionRule(
    "a weak key", "a key that is not weak",
    section: { before, after in
      Direction(
        isWeakened: after.leaf.isWeak && !before.leaf.isWeak,
        isStrengthened: before.leaf.isWeak && !after.leaf.isWeak)
    })
}

extension PlanValue<Plan.SecretSource?> {
  static let secret = PlanValue.optional("where a secret is, and never the secret") { source in
    .text(source.description)
  } other: {
    $0 == nil ? .some(.file("/x")) : .some(nil)
  }
}

extension Plan {
  /// The contents of a chain's leaf certificate (RFC 5280 §4), and the fingerprints of what is sent with it.
  package struct LeafFacts: Sendable, Hashable, Codable {
    /// The SHA-256 of the DER form in lower-case hexadecimal.
    package var fingerprint: String
    /// The fingerprints of every certificate of the chain, the leaf's first.
    package var chainFingerprints: [String]
    /// RFC 4514 text.
    package var subject: String
    /// RFC 4514 text.
    package var issuer: String
    /// DNS names in lower case, perhaps with `*.` in front, and IP addresses.
    package var names: [String]
    /// Seconds since 1970.
    package var notBefore: Int64
    /// Seconds since 1970; this second is still valid.
    package var notAfter: Int64
    /// The algorithm, and then its size or curve: `RSA 2048`, `EC P-256`, `Ed25519`.
    package var keyType: String
    /// The SHA-256 of the DER form of the SubjectPublicKeyInfo in lower-case hexadecimal.
    package var keyFingerprint: String
    /// The CA that the chain leads to: the issuer of the last certificate that is sent, in RFC 4514 text. Nil if
    /// it is not known, as in plans and facts of earlier versions.
    package var root: String?

    package init(
      fingerprint: String, chainFingerprints: [String], subject: String, issuer: String, names: [String],
      notBefore: Int64, notAfter: Int64, keyType: String, keyFingerprint: String, root: String? = nil
    ) {
      self.fingerprint = fingerprint
      self.chainFingerprints = chainFingerprints
      self.subject = subject
      self.issuer = issuer
      self.names = names
      self.notBefore = notBefore
      self.notAfter = notAfter
      self.keyType = keyType
      self.keyFingerprint = keyFingerprint
      self.root = root
    }

    package static let unknown = LeafFacts(
      fingerprint: "", chainFingerprints: [], subject: "", issuer: "", names: [], notBefore: 0, notAfter: 0,
      keyType: "", keyFingerprint: "")

    /// The fingerprints of the certificates that are sent after the leaf.
    package var issuers: [String] {
      get { Array(chainFingerprints.dropFirst()) }
      set { chainFingerprints = [fingerprint] + newValue }
    }
  }

  /// The place of a secret, but never the secret itself. Written as `{ "file": "/etc/ocean/secret" }`.
  package enum SecretSource: Sendable, Hashable {
    /// The first line of the file at an absolute path.
    case file(String)
    /// An environment variable.
    case env(String)
    /// A file in $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=).
    case credential(String)
  }
}

extension Plan.SecretSource: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let path): path
    case .env(let name): "$\(name)"
    case .credential(let name): "credential \(name)"
    }
  }
}

extension Plan.SecretSource: Codable {
  private enum Key: String, CodingKey, CaseIterable {
    case file, env, credential
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    guard let key = container.allKeys.first, container.allKeys.count == 1 else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not a source of a secret"))
    }
    let value = try container.decode(String.self, forKey: key)
    self =
      switch key {
      case .file: .file(value)
      case .env: .env(value)
      case .credential: .credential(value)
      }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .file(let path): try container.encode(path, forKey: .file)
    case .env(let name): try container.encode(name, forKey: .env)
    case .credential(let name): try container.encode(name, forKey: .credential)
    }
  }
}
