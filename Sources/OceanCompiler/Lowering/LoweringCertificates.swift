import OceanBase
import OceanPlan
import OceanSyntax

extension Lowering {
  /// The certificates whose leaf is known: all of them, unless there is a mistake or something could not be
  /// read.
  mutating func lowerCertificates() -> [Plan.Certificate] {
    (config.certificates?.value ?? []).sorted { $0.name < $1.name }.compactMap { named in
      guard let chain = named.value.chain, let key = named.value.key else { return nil }
      let path = "certificates.\(named.name)"
      note(named.span, path)
      // A key's hash is never shown. It is not needed either: another key would need another certificate.
      let digest = facts.certificates[named.name]?.chainDigest
      addInput(PlanFile.Input(role: .certificate, path: chain.value, sha256: digest))
      if key.value != chain.value {
        addInput(PlanFile.Input(role: .certificate, path: key.value, sha256: nil))
      }
      guard let found = facts.certificates[named.name] else { return nil }
      let said = (diagnostics.count { $0.severity == .error }, notChecked.count)
      checkFiles(found, named.value, chain, key)
      checkFindings(found, named.value, chain, key)
      checkValidity(found, chain)
      guard let leaf = found.leaf else {
        if said == (diagnostics.count { $0.severity == .error }, notChecked.count) {
          report(
            .malformedPEM, chain.span, "\(chain.value) and \(key.value) do not hold a certificate and its key"
          )
        }
        return nil
      }
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
        help: "\(closing(key.value))\nand make a new key, if others have access to this host")
    }
  }

  /// How to make both files; the command names them after the host.
  private func makingCertificate(_ chain: String, _ key: String) -> String {
    let folder = Path.directory(of: chain)
    if let owner = CertificateFolder(folder) {
      return owner.help(host: config.server?.value.hostname?.value ?? facts.hostname)
    }
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
        related: [Diagnostic.Related("this holds no private key", at: key.span)],
        help: "chain: \(key.value), key: \(chain.value)")
    }
    let isEmpty = found.findings.contains(.noCertificate)
    for finding in found.findings {
      switch finding {
      case .noCertificate:
        // A message has named what the file holds instead.
        guard !found.findings.contains(where: \.isUnexpectedBlock) else { continue }
        report(
          .malformedPEM, chain.span, "\(chain.value) holds no certificate",
          help: "a certificate begins with a line -----BEGIN CERTIFICATE-----\n"
            + "if this one is in another form: \(ForeignCertificate.conversion(of: chain.value))")
      case .malformedCertificate(let line):
        report(.malformedPEM, chain.span, "\(chain.value):\(line): what begins here is not a certificate")
      case .unexpectedBlock(let line, let label) where isEmpty:
        let (what, help) = ForeignCertificate.words(for: label, chain.value, key: key.value)
        report(.malformedPEM, chain.span, "\(chain.value):\(line): \(what)", help: help)
      case .unexpectedBlock(let line, let label):
        report(
          .chainOrder, chain.span, "\(chain.value):\(line): '\(label)' has no place in a chain",
          help: "it is not used; remove it")
      case .tooManyCertificates(let line):
        report(
          .chainOrder, chain.span, "\(chain.value):\(line): too many certificates",
          help: "this one and those after it are not used")
      case .keyInChain(let line):
        // Both in one file are fine: the file is then as secret as a key, and held to that.
        guard key.value != chain.value else { continue }
        report(
          .keyExposed, chain.span, "\(chain.value):\(line): a private key in the chain file",
          help: "move it to a file of its own that others cannot read")
      case .noKey: report(.malformedPEM, key.span, "\(key.value) holds no private key")
      case .malformedKey(let line):
        report(.malformedPEM, key.span, "\(key.value):\(line): what begins here is not a private key")
      case .passphraseMissing:
        // A given passphrase is not asked for if it could not be read; that has been reported.
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
          related: [Diagnostic.Related("nor of any other in \(chain.value)", at: chain.span)],
          help: "after a renewal, key and chain must both be the new ones")
      case .leafNotFirst(let place):
        report(
          .chainOrder, chain.span,
          "the key fits certificate \(place) of \(chain.value), which should be the first")
      case .outOfOrder(let place):
        report(
          .chainOrder, chain.span, "certificate \(place) of \(chain.value) comes before the one it issued")
      case .unrelated(let place):
        report(
          .chainOrder, chain.span, "certificate \(place) of \(chain.value) has nothing to do with the others",
          help: "it is not sent to clients; remove it")
      case .missingIntermediate:
        let issuer = found.leaf?.issuer ?? "its issuer"
        guard found.isMissingIssuerRoot == true, found.fullChain == nil else {
          report(
            .chainOrder, chain.span, "\(chain.value) lacks the certificate of its issuer",
            help: found.fullChain.map { "most clients refuse it then; \($0) holds it: chain: \($0)" }
              ?? "most clients refuse it then: use the full chain that the issuer provides")
          continue
        }
        report(
          .chainOrder, chain.span, "\(chain.value) ends with a certificate that \(issuer) issued",
          help: "right if that is a root, which clients must be given; if not, add its certificate",
          severity: .note)
      case .rootIncluded(let place):
        report(
          .chainOrder, chain.span, "certificate \(place) of \(chain.value) is a root, which clients ignore",
          help: "remove it")
      case .noAlternativeName:
        report(
          .unsuitableCertificate, chain.span,
          "the certificate in \(chain.value) has a common name and no alternative name",
          help:
            "most clients look only at alternative names and refuse it; get one with subjectAltName")
      case .notForServers:
        report(
          .unsuitableCertificate, chain.span, "the certificate in \(chain.value) is not for servers",
          help: "its extended key usage lacks serverAuth: clients refuse it")
      case .notForSigning:
        report(
          .unsuitableCertificate, chain.span, "the key of the certificate in \(chain.value) may not sign",
          help:
            "its key usage lacks digitalSignature, which TLS 1.3 and all of today's ciphers need: many clients refuse it"
        )
      case .authorityAsLeaf:
        report(
          .unsuitableCertificate, chain.span, "the certificate in \(chain.value) is that of a CA",
          help: "some clients (Thunderbird, rustls) refuse it for a server; those with OpenSSL accept it",
          severity: .note)
      case .longLived(let days):
        report(
          .unsuitableCertificate, chain.span, "the certificate in \(chain.value) is valid for \(days) days",
          help: "Apple's systems refuse more than 825 days, from any issuer", severity: .note)
      case .weakKey, .weakSignature: break  // Depends on which services use it.
      }
    }
  }

  // MARK: - Time

  private mutating func checkValidity(_ found: CertificateFacts, _ chain: Located<String>) {
    // A server that starts again must not stay down for this: it reports it and runs.
    let severity: Severity? = purpose.isChecking ? nil : .warning
    for validity in found.validities {
      let whose = "the certificate of \(validity.subject)"
      if facts.now > validity.notAfter {
        report(
          .outOfValidity, chain.span,
          "\(whose) expired \(days(facts.now - validity.notAfter)) ago, on \(Timestamp.date(validity.notAfter))",
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
          "\(whose) expires in \(days(validity.notAfter - facts.now)), on \(Timestamp.date(validity.notAfter))",
          help: "see that its renewal works")
      }
    }
  }

  private func days(_ seconds: Int64) -> String {
    seconds < 86_400 ? "less than a day" : counted(Int(seconds / 86_400), "day")
  }

  // MARK: - With the services

  mutating func checkCertificates(_ certificates: [Plan.Certificate], _ services: [LoweredService]) {
    checkWeakness(services)
    checkRefusals(services)
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
            ? "libssl accepts it only with profile: legacy; get a better one"
            : "today's clients refuse it", severity: severity)
      }
    }
  }

  /// Reports what the linked libssl said when a server with the profile was tried.
  private mutating func checkRefusals(_ services: [LoweredService]) {
    for service in services {
      guard let tls = service.plan.tls else { continue }
      for name in tls.certificates {
        guard let found = facts.certificates[name], let reason = found.refusals?[tls.profile.rawValue],
          let given = config.certificates?.value.first(where: { $0.name == name })?.value,
          let chain = given.chain, let leaf = found.leaf
        else { continue }
        // That has been reported, with the reason.
        let isWeak = found.findings.contains {
          switch $0 {
          case .weakKey, .weakSignature: tls.profile != .legacy
          default: false
          }
        }
        guard !isWeak else { continue }
        report(
          .unusableKey, given.key?.span ?? chain.span,
          "'\(service.plan.name)' cannot present the certificate '\(name)' with profile \(tls.profile.rawValue): \(reason)",
          label: leaf.keyType, help: "get one with a key of RSA 2048 or more, ECDSA P-256, P-384 or Ed25519")
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
      // The names of a certificate that could not be read are not known.
      guard let first = names.first, names.allSatisfy({ leaves[$0] != nil }),
        !names.contains(where: { leaves[$0]?.covers(hostname) ?? true })
      else { continue }
      // One report is enough for certificates that several services use.
      let quoted = names.map { "'\($0)'" }.joined(separator: ", ")
      let known = leaves[first]?.names.joined(separator: ", ") ?? ""
      report(
        .hostNameNotCovered, spans[first],
        names.count == 1
          ? "the certificate \(quoted) is not for \(hostname)" : "none of \(quoted) is for \(hostname)",
        label: known.isEmpty ? "for no name" : "for \(known)",
        help: config.server?.value.hostname == nil
          ? "that is this host's own name. If clients connect by another, write it: "
            + "server: { hostname: \(leaves[first]?.names.first { HostName.normalized($0) == $0 } ?? "NAME") }"
          : "clients that connect by that name will refuse it")
    }
  }

  /// Reports two certificates with one algorithm for one name: it would not be decided which one a client
  /// gets.
  mutating func checkAmbiguity(_ names: [Located<String>]) {
    struct Use: Hashable {
      let name: String
      let algorithm: Substring
    }
    var owners: [Use: Located<String>] = [:]
    for second in names {
      guard let leaf = facts.certificates[second.value]?.leaf else { continue }
      // Certificates without names are for clients that send no name, or a different one.
      let names = leaf.names.isEmpty ? ["no name"] : leaf.names
      let uses = Set(names).map { Use(name: $0, algorithm: leaf.algorithm) }
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
  /// The algorithm alone: `RSA` for `RSA 2048`.
  fileprivate var algorithm: Substring { keyType.prefix { $0 != " " } }

  /// Whether a client that connects by this name, in lower case, accepts the certificate (RFC 9525 §6.3).
  fileprivate func covers(_ host: String) -> Bool {
    let parent = host.firstIndex(of: ".").map { "*" + host[$0...] }
    return names.contains { $0 == host || $0 == parent }
  }
}

extension CertificateFacts.Finding {
  fileprivate var isUnexpectedBlock: Bool { if case .unexpectedBlock = self { true } else { false } }
}

/// Things that are taken for a certificate but are not one in PEM.
private enum ForeignCertificate {
  static func words(for label: String, _ path: String, key: String) -> (what: String, help: String?) {
    switch label {
    case "PKCS7":
      ("PKCS#7 instead of certificates", "convert it to PEM: \(pkcs7(path, "PEM"))")
    case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
      (
        "a signing request instead of a certificate",
        "a CA makes a certificate from it; until then, self-signed: openssl x509 -req -in \(shellWord(path)) "
          + "-signkey \(shellWord(key)) -copy_extensions copy -days 90 -out \(shellWord(pem(path)))"
      )
    default: ("'\(label)' instead of a certificate", "name the file that holds the certificates")
    }
  }

  /// The command that makes PEM of a file without any, chosen by the file's name.
  static func conversion(of path: String) -> String {
    let (word, output) = (shellWord(path), shellWord(pem(path)))
    switch path.split(separator: ".").last {
    case "p12", "pfx": return "openssl pkcs12 -nokeys -in \(word) -out \(output)"
    case "p7b", "p7c": return pkcs7(path, "DER")
    default: return "openssl x509 -inform DER -in \(word) -out \(output)"
    }
  }

  private static func pkcs7(_ path: String, _ form: String) -> String {
    "openssl pkcs7 -inform \(form) -print_certs -in \(shellWord(path)) -out \(shellWord(pem(path)))"
  }

  /// A file name that is not likely to exist.
  private static func pem(_ path: String) -> String { path + ".pem" }
}
