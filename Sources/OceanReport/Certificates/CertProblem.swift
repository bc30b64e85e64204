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
    problems += file.untimely(at: time).compactMap(problem)
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
    if let name, !info.namesAreFromCommonName, !leaf.isFor(name) {
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
          "the certificate of its issuer is missing, \(issuer): clients that do not have it refuse this one; "
            + "get it from the CA and add it after this one")
      ]
    }
  }

  /// The problem that a finding is; nil if it is not a problem by itself.
  private func problem(_ finding: CertificateFinding) -> CertProblem? {
    let isEmpty = file.certificates.isEmpty
    let severity: Severity
    switch finding {
    case .empty, .tooLarge, .noCertificate, .malformedBlock, .key, .keyMismatch: severity = .error
    case .unexpectedBlock, .keyInChain: severity = isEmpty ? .error : .warning
    case .rootIncluded, .authorityAsLeaf, .longLived: severity = .note
    // Clients may know the issuer: see `trust`.
    case .missingIntermediate: return nil
    case .tooManyCertificates, .leafNotFirst, .outOfOrder, .unrelated, .weakKey, .weakSignature,
      .noAlternativeName,
      .notForServers, .notForSigning:
      severity = .warning
    }
    let words = CertificateWords(
      finding, chain: source, key: key?.path ?? "key.pem", holdsCertificate: !isEmpty)
    let advice = words.advice.map { ": " + $0.split(separator: "\n").joined(separator: "; ") }
    return CertProblem(severity, words.what + (advice ?? ""))
  }

  private func problem(_ untimely: CertificateFile.Untimely) -> CertProblem? {
    switch untimely {
    // A certificate that is not sent anyway has a finding of its own.
    case .notYetValid(let place):
      guard let info = pathMember(place) else { return nil }
      let wait = wholeDays(info.notBefore - time)
      let start = Timestamp.text(info.notBefore)
      return .init(.error, "\(label(place)) is not valid before \(start), in \(wait); is the clock right?")
    case .expired(let place):
      guard let info = pathMember(place) else { return nil }
      if info.isSelfSigned, file.path.first?.info != info {
        return .init(
          .warning, "\(label(place)) is a root that has expired; clients have their own: remove it")
      }
      let past = wholeDays(time - info.notAfter)
      let end = Timestamp.text(info.notAfter)
      return .init(.error, "\(label(place)) expired \(past) ago, on \(end): renew it")
    }
  }

  private func pathMember(_ place: Int) -> CertificateInfo? {
    let info = file.certificates[place - 1]
    return file.path.contains { $0.info == info } ? info : nil
  }

  private func label(_ place: Int) -> String {
    guard file.certificates.count > 1 else { return "the certificate" }
    return "certificate \(place) (\(file.certificates[place - 1].subject))"
  }
}

/// A duration in whole days.
func wholeDays(_ seconds: Int64) -> String {
  let count = Int(seconds / Timestamp.day)
  return count == 0 ? "less than a day" : counted(count, "day")
}
