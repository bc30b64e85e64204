import OceanPlan
import OceanSyntax

extension Lowering {
  /// The certificates whose leaf is known; all of them unless there is a mistake or something could not be read.
  mutating func lowerCertificates() -> [Plan.Certificate] {
    (config.certificates?.value ?? []).sorted { $0.name < $1.name }.compactMap { named in
      guard let chain = named.value.chain, let key = named.value.key else { return nil }
      let path = "certificates.\(named.name)"
      note(named.span, path)
      // A key tells no hash. It needs none: another one would need another certificate.
      let digest = facts.certificates[named.name]?.chainDigest
      addInput(PlanFile.Input(role: .certificate, path: chain.value, sha256: digest))
      if key.value != chain.value {
        addInput(PlanFile.Input(role: .certificate, path: key.value, sha256: nil))
      }
      guard let found = facts.certificates[named.name] else { return nil }
      checkFiles(found, named.value, chain, key)
      checkFindings(found, named.value, chain, key)
      checkValidity(found, chain)
      guard let leaf = found.leaf else { return nil }
      return Plan.Certificate(
        name: named.name, chain: take(chain, "\(path).chain") ?? chain.value,
        key: take(key, "\(path).key") ?? key.value,
        passphrase: take(named.value.passphrase, "\(path).passphrase"), leaf: leaf)
    }
  }

  // MARK: - The files

  private mutating func checkFiles(
    _ found: CertificateFacts, _ given: Config.Certificate, _ chain: Located<String>, _ key: Located<String>
  ) {
    check(
      found.chain, chain.value, chain.span,
      help: found.key == .missing ? makingCertificate(chain.value, key.value) : nil)
    if key.value != chain.value { check(found.key, key.value, key.span) }
    if let passphrase = given.passphrase, let state = found.passphrase {
      check(state, passphrase.value.description, passphrase.span)
    }
    if found.isKeyExposed, !found.findings.contains(.noKey) {
      report(
        .keyExposed, key.span, "everybody on this host can read the key \(key.value)",
        help: "chmod o= \(key.value), and make a new key if others have access to this host")
    }
  }

  /// What makes both files; the command names them after the host.
  private func makingCertificate(_ chain: String, _ key: String) -> String {
    let folder = Path.directory(of: chain)
    let stem = Path.name(of: chain).hasSuffix(".crt") ? String(Path.name(of: chain).dropLast(4)) : ""
    if HostName.normalized(stem) == stem, key == "\(folder)/\(stem).key" {
      return "make them, self-signed, until you have better: ocean cert new \(stem) --out \(folder)"
    }
    let host = config.server?.value.hostname?.value ?? facts.hostname
    return "for a self-signed one, until you have better: ocean cert new \(host) --out \(folder)\n"
      + "makes \(host).crt and \(host).key there: name those"
  }

  private mutating func check(
    _ state: CertificateFacts.FileState, _ path: String, _ span: Span, help: String? = nil
  ) {
    switch state {
    case .read: break
    case .missing: report(.certificateUnreadable, span, "there is no \(path)", help: help)
    case .notPermitted: reportNotChecked("\(path) (not readable by this user)")
    case .notHere: reportNotChecked("\(path) (there only where the server runs)")
    case .unreadable(let reason): report(.certificateUnreadable, span, "cannot read \(path): \(reason)")
    }
  }

  private mutating func checkFindings(
    _ found: CertificateFacts, _ given: Config.Certificate, _ chain: Located<String>, _ key: Located<String>
  ) {
    let holdsKey = found.findings.contains { if case .keyInChain = $0 { true } else { false } }
    if holdsKey, found.findings.contains(.noCertificate), found.findings.contains(.noKey) {
      return report(
        .malformedPEM, chain.span, "chain and key are swapped: \(chain.value) holds a private key",
        related: [Diagnostic.Related("and this holds none", at: key.span)],
        help: "chain: \(key.value), key: \(chain.value)")
    }
    for finding in found.findings {
      switch finding {
      case .noCertificate:
        report(
          .malformedPEM, chain.span, "\(chain.value) holds no certificate",
          help: "a certificate begins with a line -----BEGIN CERTIFICATE-----; DER is not read")
      case .malformedCertificate(let line):
        report(.malformedPEM, chain.span, "\(chain.value):\(line): what begins here is no certificate")
      case .unexpectedBlock(let line, let label):
        report(
          .chainOrder, chain.span, "\(chain.value):\(line): '\(label)' has no place in a chain",
          help: "it is not used; remove it")
      case .tooManyCertificates(let line):
        report(
          .chainOrder, chain.span, "\(chain.value):\(line): too many certificates",
          help: "this one and those behind it are not used")
      case .keyInChain(let line):
        // Both in one file is fine: then it is as secret as a key, and held to that.
        guard key.value != chain.value else { continue }
        report(
          .keyExposed, chain.span, "\(chain.value):\(line): a private key in the chain file",
          help: "move it to a file of its own that others cannot read")
      case .noKey: report(.malformedPEM, key.span, "\(key.value) holds no private key")
      case .malformedKey(let line):
        report(.malformedPEM, key.span, "\(key.value):\(line): what begins here is no private key")
      case .passphraseMissing:
        // Without being asked for, it could not be wrong either.
        guard given.passphrase == nil, !given.isMistaken("passphrase") else { continue }
        report(
          .unusableKey, key.span, "the key \(key.value) is encrypted",
          help: "say where its passphrase is: passphrase: { file: tls/passphrase }")
      case .passphraseWrong:
        report(
          .unusableKey, given.passphrase?.span ?? key.span, "this is not the passphrase of \(key.value)")
      case .unsupportedKey(let type):
        report(
          .unusableKey, key.span, "\(key.value) is a key of a kind that TLS servers do not use: \(type)",
          help: "RSA, ECDSA and Ed25519 keys can be used")
      case .keyMismatch:
        report(
          .keyMismatch, key.span, "\(key.value) is not the key of this certificate",
          related: [Diagnostic.Related("of none in \(chain.value)", at: chain.span)],
          help: "after a renewal, key and chain must both be the new ones")
      case .leafNotFirst(let place):
        report(
          .chainOrder, chain.span,
          "the key fits certificate \(place) of \(chain.value), which should be the first")
      case .outOfOrder(let place):
        report(
          .chainOrder, chain.span, "certificate \(place) of \(chain.value) stands before the one it issued")
      case .unrelated(let place):
        report(
          .chainOrder, chain.span, "certificate \(place) of \(chain.value) has nothing to do with the others",
          help: "clients are not sent it; remove it")
      case .missingIntermediate:
        let issuer = found.leaf?.issuer ?? "its issuer"
        guard found.isMissingIssuerRoot == true else {
          report(
            .chainOrder, chain.span, "\(chain.value) lacks the certificate of its issuer",
            help: "most clients refuse it then: use the full chain that the issuer provides")
          continue
        }
        report(
          .chainOrder, chain.span, "\(chain.value) ends with what \(issuer) issued",
          help: "right if that is a root, which clients must be given; if not, add its certificate",
          severity: .note)
      case .rootIncluded(let place):
        report(
          .chainOrder, chain.span, "certificate \(place) of \(chain.value) is a root, which clients ignore",
          help: "remove it")
      case .weakKey, .weakSignature: break  // Depends on who uses it.
      }
    }
  }

  // MARK: - Time

  private mutating func checkValidity(_ found: CertificateFacts, _ chain: Located<String>) {
    // A server that starts again must not stay down for this: it says so and runs.
    let severity: Severity? = purpose == .starting || purpose == .reloading ? .warning : nil
    for validity in found.validities {
      let whose = "the certificate of \(validity.subject)"
      if facts.now > validity.notAfter {
        report(
          .outOfValidity, chain.span,
          "\(whose) expired \(days(facts.now - validity.notAfter)) ago, on \(day(validity.notAfter))",
          help: "renew it: clients refuse it", severity: severity)
      } else if facts.now < validity.notBefore {
        report(
          .outOfValidity, chain.span,
          "\(whose) is not valid before \(Timestamp.text(validity.notBefore))",
          help: "is the clock of this host right? It is \(Timestamp.text(facts.now)) here", severity: severity
        )
      } else if validity.notAfter - facts.now < 30 * 86_400 {
        report(
          .expiresSoon, chain.span,
          "\(whose) expires in \(days(validity.notAfter - facts.now)), on \(day(validity.notAfter))",
          help: "see that its renewal works")
      }
    }
  }

  private func days(_ seconds: Int64) -> String {
    seconds < 86_400 ? "less than a day" : counted(Int(seconds / 86_400), "day")
  }

  private func day(_ seconds: Int64) -> String { String(Timestamp.text(seconds).prefix(10)) }

  // MARK: - With the services

  mutating func checkCertificates(_ certificates: [Plan.Certificate], _ services: [LoweredService]) {
    checkWeakness(services)
    checkHostName(certificates, services)
    guard !config.isMistaken("services"), !config.isMistaken("service_defaults"),
      services.allSatisfy(\.areCertificatesKnown)
    else { return }
    let used = Set(services.flatMap { $0.plan.tls?.certificates ?? [] })
    for named in config.certificates?.value ?? [] where !used.contains(named.name) {
      report(
        .unusedCertificate, named.span, "no service uses the certificate '\(named.name)'",
        help: "name it under a service's tls.certificate, or remove it")
    }
  }

  /// libssl refuses weak certificates unless its security level is lowered, as the legacy profile does.
  private mutating func checkWeakness(_ services: [LoweredService]) {
    let strict = services.filter { $0.plan.tls.map { $0.profile != .legacy } ?? false }
    let strictlyUsed = Set(strict.flatMap { $0.plan.tls?.certificates ?? [] })
    for named in config.certificates?.value ?? [] {
      guard let found = facts.certificates[named.name], let chain = named.value.chain else { continue }
      let severity: Severity? = strictlyUsed.contains(named.name) ? .error : nil
      for finding in found.findings {
        let what: String
        switch finding {
        case .weakKey(let place, let key):
          what = "certificate \(place) of \(chain.value) has a weak key, \(key)"
        case .weakSignature(let place, let algorithm):
          what = "certificate \(place) of \(chain.value) has a weak signature, \(algorithm)"
        default: continue
        }
        report(
          .weakCertificate, chain.span, what,
          help: severity == .error
            ? "libssl accepts it with profile: legacy alone; get a better one"
            : "today's clients refuse it", severity: severity)
      }
    }
  }

  private mutating func checkHostName(_ certificates: [Plan.Certificate], _ services: [LoweredService]) {
    guard config.server.map({ !$0.value.isMistaken("hostname") }) ?? !config.isMistaken("server") else {
      return
    }
    let hostname = config.server?.value.hostname?.value ?? facts.hostname
    let leaves = Dictionary(certificates.map { ($0.name, $0.leaf) }, uniquingKeysWith: { $1 })
    let spans = Dictionary(
      (config.certificates?.value ?? []).map { ($0.name, $0.span) }, uniquingKeysWith: { $1 })
    for service in services where service.plan.enabled {
      let names = service.plan.tls?.certificates ?? []
      // Of one that could not be read nobody knows the names.
      guard let first = names.first, names.allSatisfy({ leaves[$0] != nil }),
        !names.contains(where: { leaves[$0]?.covers(hostname) ?? true })
      else { continue }
      // Said once of certificates that several services have.
      let quoted = names.map { "'\($0)'" }.joined(separator: ", ")
      let known = leaves[first]?.names.joined(separator: ", ") ?? ""
      report(
        .hostNameNotCovered, spans[first],
        names.count == 1
          ? "the certificate \(quoted) is not for \(hostname)" : "none of \(quoted) is for \(hostname)",
        label: known.isEmpty ? "for no name" : "for \(known)",
        help: "clients that connect by that name will refuse it")
    }
  }

  /// Two of one algorithm for one name: which one a client would get is not decided.
  mutating func checkAmbiguity(_ names: [Located<String>]) {
    struct Use: Hashable {
      let name: String
      let algorithm: Substring
    }
    var owners: [Use: Located<String>] = [:]
    for second in names {
      guard let leaf = facts.certificates[second.value]?.leaf else { continue }
      let uses = Set(leaf.names).map { Use(name: $0, algorithm: leaf.algorithm) }
      let taken = uses.filter { owners[$0] != nil }.min { $0.name < $1.name }
      for use in uses where owners[use] == nil { owners[use] = second }
      guard let taken, let first = owners[taken] else { continue }
      report(
        .ambiguousCertificates, second.span,
        "'\(first.value)' and '\(second.value)' are both \(taken.algorithm) certificates for \(taken.name)",
        related: [Diagnostic.Related("the other", at: first.span)],
        help: "remove one of them; two of different algorithms are fine")
    }
  }
}

extension Plan.LeafFacts {
  /// `RSA` of `RSA 2048`.
  fileprivate var algorithm: Substring { keyType.prefix { $0 != " " } }

  /// Whether a client that connects by this name, in lower case, accepts it (RFC 9525 §6.3).
  fileprivate func covers(_ host: String) -> Bool {
    let parent = host.firstIndex(of: ".").map { "*" + host[$0...] }
    return names.contains { $0 == host || $0 == parent }
  }
}
