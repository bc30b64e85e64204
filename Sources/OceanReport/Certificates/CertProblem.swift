import OceanBase
import OceanCompiler
package import OceanHost
package import OceanSyntax
package import OceanTLS

/// One sentence: what is wrong with a certificate, and what to do.
package struct CertProblem {
  package let severity: Severity
  package let message: String

  package init(_ severity: Severity, _ message: String) {
    self.severity = severity
    self.message = message
  }
}

/// A chain that is examined, and what is known about it.
package struct CertSubject {
  /// The file or server that the chain comes from.
  package let source: String
  package let file: CertificateFile
  package let key: KeyFile?
  /// The name that clients ask for; nil for a file.
  package let name: CertificateName?
  /// The moment that the chain is judged at, in seconds since 1970.
  package let time: Int64
  /// Whether the root was at hand, though it is not part of the chain: no issuer is missing then.
  let endsAtRoot: Bool

  package init(
    source: String, file: CertificateFile, key: KeyFile?, name: CertificateName?, time: Int64,
    endsAtRoot: Bool = false
  ) {
    self.source = source
    self.file = file
    self.key = key
    self.name = name
    self.time = time
    self.endsAtRoot = endsAtRoot
  }

  /// Why the file itself cannot be used, whatever its certificates say.
  package var fileProblem: CertProblem? { file.findings.compactMap(problem).first { $0.severity == .error } }

  /// All problems, the worst first.
  package var problems: [CertProblem] {
    var problems = (file.findings + file.unsuitability).compactMap(problem)
    problems += file.findings(at: time).compactMap(problem)
    if let key, key.isExposed {
      problems.append(.init(.warning, "every user of this host can read the key \(key.path): chmod o-r"))
    }
    if let leaf = file.path.first {
      problems += trust
      problems += self.problems(of: leaf)
    }
    return Severity.allCases.flatMap { severity in problems.filter { $0.severity == severity } }
  }

  private func problems(of leaf: Certificate) -> [CertProblem] {
    let info = leaf.info
    var problems: [CertProblem] = []
    if info.namesAreFromCommonName {
      problems.append(
        .init(
          .warning, "it has a common name but no alternative names, and current clients look only at those"
        ))
    } else if let name, !leaf.isFor(name) {
      problems.append(.init(.warning, "it is not for \(name): clients that connect to that name refuse it"))
    }
    for (index, certificate) in file.path.enumerated() {
      let left = certificate.info.notAfter - time
      guard left >= 0, left < 30 * Timestamp.day else { continue }
      let which = index == 0 ? "it" : "its issuer \(certificate.info.subject)"
      problems.append(.init(.warning, "\(which) expires in \(wholeDays(left)): renew it"))
    }
    return problems
  }

  private var trust: [CertProblem] {
    switch SystemTrust(of: file.path) {
    case .trusted, nil:
      return []
    case .selfSigned:
      return [.init(.note, "self-signed: clients warn until they are told to trust it")]
    case .refused(let reason):
      return [.init(.warning, "clients refuse it: \(reason)")]
    case .unknownIssuer(let issuer):
      let unknown = "this host does not know the CA \(issuer): clients must be given it"
      if endsAtRoot || file.path.last?.info.isSelfSigned == true { return [.init(.note, unknown)] }
      guard file.path.count == 1 else {
        return [.init(.note, unknown + ", unless only its certificate is missing here")]
      }
      guard file.issuerOutside == .intermediate else {
        return [
          .init(
            .note,
            "its issuer is neither in it nor known to this host, \(issuer): right if that is a root, which clients "
              + "must be given; if not, get its certificate from the CA and add it after this one")
        ]
      }
      return [
        .init(
          .warning,
          "the certificate of its issuer is missing, \(issuer): clients that do not have it refuse; "
            + "get it from the CA and add it after this one")
      ]
    }
  }

  /// The problem that a finding is; nil if it is not a problem by itself.
  private func problem(_ finding: CertificateFinding) -> CertProblem? {
    switch finding {
    case .empty: return .init(.error, "\(source) is empty")
    case .tooLarge: return .init(.error, "\(source) is larger than 1 MiB")
    case .noCertificate:
      return .init(
        .error, "\(source) holds no certificate in PEM; one in DER becomes PEM with: openssl x509 -inform der"
      )
    case .malformedBlock(let line):
      return .init(.error, "\(source):\(line): what begins here is cut off or damaged: get the file again")
    case .unexpectedBlock(let line, let label):
      return .init(file.certificates.isEmpty ? .error : .warning, "\(source):\(line): \(Self.advice(label))")
    case .tooManyCertificates:
      return .init(.warning, "only the first \(file.certificates.count) certificates were read")
    case .keyInChain where file.certificates.isEmpty:
      return .init(.error, "\(source) holds a private key and no certificate")
    case .keyInChain(let line):
      return .init(
        .warning,
        "\(source):\(line): a private key among certificates, which everybody may read: "
          + "keep it in a file of its own"
      )
    case .key(let error):
      return .init(.error, error.sentence(key?.path ?? source))
    case .keyMismatch:
      let certificate = file.certificates.count == 1 ? "the certificate" : "any certificate"
      return .init(.error, "the key \(key?.path ?? "") is not that of \(certificate) in \(source)")
    case .leafNotFirst(let index):
      return .init(.warning, "\(label(index)) is the one for the key and should come first")
    case .outOfOrder(let index):
      return .init(.warning, "\(label(index)) should come after the one it issued")
    case .unrelated(let index):
      return .init(.warning, "\(label(index)) is not an issuer of the first: it has no use here")
    case .missingIntermediate:
      return nil  // Clients may know the issuer: see `trust`.
    case .rootIncluded(let index):
      return .init(.note, "\(label(index)) is the root, which clients must have already: it can be left out")
    case .weakKey(let index, let type):
      return .init(.warning, "\(label(index)) has a weak key, \(type.text): clients refuse it")
    case .weakSignature(let index, let algorithm):
      return .init(
        .warning, "\(label(index)) is signed with \(algorithm), which can be forged: clients refuse it")
    case .noAlternativeName: return nil  // Reported with the names.
    case .notForServers:
      return .init(
        .warning, "it is not for servers (its extended key usage lacks serverAuth): clients refuse it")
    case .notForSigning:
      return .init(
        .warning, "its key may not sign (its key usage lacks digitalSignature): many clients refuse it")
    case .authorityAsLeaf:
      return .init(.note, "it is a CA's certificate, which some clients refuse for a server")
    case .longLived(let days):
      return .init(.note, "it is valid for \(days) days; Apple's systems refuse more than 825")
    // A certificate that is not sent anyway has a finding of its own.
    case .notYetValid(let index):
      guard let info = pathMember(index) else { return nil }
      let wait = wholeDays(info.notBefore - time)
      let start = Timestamp.text(info.notBefore)
      return .init(.error, "\(label(index)) is not valid before \(start), in \(wait); is the clock right?")
    case .expired(let index):
      guard let info = pathMember(index) else { return nil }
      if info.isSelfSigned, file.path.first?.info != info {
        return .init(
          .warning, "\(label(index)) is a root that has expired; clients have their own: remove it")
      }
      let past = wholeDays(time - info.notAfter)
      let end = Timestamp.text(info.notAfter)
      return .init(.error, "\(label(index)) expired \(past) ago, on \(end): renew it")
    }
  }

  private func pathMember(_ index: Int) -> CertificateInfo? {
    guard file.certificates.indices.contains(index) else { return nil }
    let info = file.certificates[index]
    return file.path.contains { $0.info == info } ? info : nil
  }

  private func label(_ index: Int) -> String {
    guard file.certificates.count > 1, file.certificates.indices.contains(index) else {
      return "the certificate"
    }
    return "certificate \(index + 1) (\(file.certificates[index].subject))"
  }

  private static func advice(_ label: String) -> String {
    switch label {
    case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
      "a signing request, not a certificate: a CA makes one from it"
    case "PKCS7", "CMS": "PKCS#7; it becomes PEM with: openssl pkcs7 -print_certs"
    default: "\(label) instead of a certificate: it is ignored"
    }
  }
}

/// A duration in whole days.
func wholeDays(_ seconds: Int64) -> String {
  let count = Int(seconds / Timestamp.day)
  return count == 0 ? "less than a day" : counted(count, "day")
}
