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
      let said = complaints
      checkFiles(found, named.value, chain, key)
      checkFindings(found, named.value, chain, key)
      checkValidity(found, chain)
      guard let leaf = found.leaf else {
        if complaints == said {
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
    if found.isKeyExposed, !found.findings.contains(.key(.missing)) {
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
      return "make self-signed ones for now: ocean cert new \(stem) --out \(folder.shellQuoted)"
    }
    let host = config.server?.value.hostname?.value ?? facts.hostname
    return "make a self-signed one for now: ocean cert new \(host) --out \(folder.shellQuoted)\n"
      + "that makes \(host).crt and \(host).key there: name those"
  }

  private mutating func check(
    _ state: CertificateFacts.FileState, _ path: String, _ span: Span, help: String? = nil
  ) {
    reportUnread(path, span, state, as: .certificateUnreadable, help: help)
  }

  private mutating func checkFindings(
    _ found: CertificateFacts, _ given: Config.Certificate, _ chain: Located<String>, _ key: Located<String>
  ) {
    let holdsKey = found.findings.contains { if case .keyInChain = $0 { true } else { false } }
    if holdsKey, found.findings.contains(where: \.isAbsence), found.findings.contains(.key(.missing)) {
      return report(
        .malformedPEM, chain.span, "chain and key are swapped: \(chain.value) holds a private key",
        related: [Diagnostic.Related("this holds no private key", at: key.span)],
        help: "chain: \(key.value), key: \(chain.value)")
    }
    let isEmpty = found.findings.contains(where: \.isAbsence)
    for finding in found.findings {
      let words = CertificateWords(
        finding, chain: chain.value, key: key.value, holdsCertificate: !isEmpty)
      func report(
        _ code: DiagnosticCode, _ span: Span, related: [Diagnostic.Related] = [], severity: Severity? = nil
      ) {
        self.report(code, span, words.what, related: related, help: words.advice, severity: severity)
      }
      switch finding {
      case .empty, .tooLarge, .noCertificate:
        // A message has named what the file holds instead.
        guard !found.findings.contains(where: { if case .unexpectedBlock = $0 { true } else { false } })
        else {
          continue
        }
        report(.malformedPEM, chain.span)
      case .malformedBlock: report(.malformedPEM, chain.span)
      case .unexpectedBlock: report(isEmpty ? .malformedPEM : .chainOrder, chain.span)
      case .tooManyCertificates, .leafNotFirst, .outOfOrder, .unrelated, .rootIncluded:
        report(.chainOrder, chain.span)
      case .keyInChain:
        // Both in one file are fine: the file is then as secret as a key, and held to that.
        guard key.value != chain.value else { continue }
        report(.keyExposed, chain.span)
      case .key(.missing), .key(.malformed): report(.malformedPEM, key.span)
      case .key(.passphraseMissing):
        // A given passphrase is not asked for if it could not be read; that has been reported.
        guard given.passphrase == nil, !given.isMistaken("passphrase") else { continue }
        report(.unusableKey, key.span)
      case .key(.passphraseWrong): report(.unusableKey, given.passphrase?.span ?? key.span)
      case .key(.unsupported): report(.unusableKey, key.span)
      case .keyMismatch:
        report(
          .keyMismatch, key.span,
          related: [Diagnostic.Related("no certificate in this file belongs to the key", at: chain.span)])
      case .missingIntermediate:
        let issuer = found.leaf?.issuer ?? "its issuer"
        guard found.isMissingIssuerRoot == true, found.fullChain == nil else {
          self.report(
            .chainOrder, chain.span, "\(chain.value) lacks the certificate of its issuer",
            help: found.fullChain.map { "most clients refuse it then; \($0) holds it: chain: \($0)" }
              ?? "most clients refuse it then: use the full chain that the issuer provides")
          continue
        }
        self.report(
          .chainOrder, chain.span, "\(chain.value) ends with a certificate that \(issuer) issued",
          help: "right if that is a root, which clients must be given; if not, add its certificate",
          severity: .note)
      case .noAlternativeName, .notForServers, .notForSigning: report(.unsuitableCertificate, chain.span)
      case .authorityAsLeaf, .longLived: report(.unsuitableCertificate, chain.span, severity: .note)
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
          help: "make sure that its renewal works")
      }
    }
  }

  private func days(_ seconds: Int64) -> String {
    seconds < 86_400 ? "less than a day" : counted(Int(seconds / 86_400), "day")
  }
}
