package import OceanBase

/// A certificate chain and its key as read from files: their content, and what is wrong with them.
///
/// The caller opened and hashed the files; this works only on the bytes and never fails: anything that cannot
/// be used is a finding.
package struct CertificateFile: Sendable {
  /// Every certificate that could be decoded, in the order of the file.
  package let certificates: [CertificateInfo]
  /// The findings in the order of the checks. Validity in time is apart: `findings(at:)`.
  package let findings: [CertificateFinding]
  /// The leaf (the certificate of the key, or the first) and the issuers found for it, in order.
  package let path: [Certificate]
  /// The identity that a server can present: the leaf with the key, and the issuers found for it in order.
  /// Nil if the findings leave nothing to present.
  package let identity: TLSIdentity?

  /// The most certificates that are read. A chain has 2 to 4 in practice; each candidate costs signature
  /// checks.
  private static let maxCertificates = 16

  /// - Parameters:
  ///   - chain: PEM, the leaf first; at most 1 MiB.
  ///   - key: PEM; nil inspects the chain alone.
  package init(chain: [UInt8], key: SecretBytes?, passphrase: SecretBytes? = nil) {
    var findings: [CertificateFinding] = []
    let chain = Self.readChain(chain, &findings)
    let key = key.flatMap { Self.readKey($0, passphrase, &findings) }
    certificates = chain.map(\.info)

    var leaf = chain.indices.first
    if let key, !chain.isEmpty {
      leaf = chain.firstIndex { key.matches($0) }
      if leaf == nil { findings.append(.keyMismatch) }
    }
    let path = Self.path(from: leaf ?? chain.startIndex, in: chain)
    self.path = path.map { chain[$0] }
    findings += Self.order(of: path, in: chain)
    findings += Self.weaknesses(of: certificates)
    if let key, leaf != nil {
      identity = TLSIdentity(chain: self.path, key: key)
    } else {
      identity = nil
    }
    self.findings = findings
  }

  /// The facts about an issuer that the chain lacks.
  package enum IssuerOutside: Sendable {
    /// This host knows the issuer: clients have it too.
    case knownRoot
    /// The certificate names a place for its issuer's certificate, which is usual below an intermediate (RFC
    /// 5280 §4.2.2.1).
    case intermediate
    case unknown
  }

  package var issuerOutside: IssuerOutside {
    if SystemTrust(of: path) == .trusted { return .knownRoot }
    return path.last?.info.saysWhereIssuerIs == true ? .intermediate : .unknown
  }

  /// The certificates that are outside of their validity at `time`, in seconds since 1970 (RFC 5280
  /// §4.1.2.5).
  package func untimely(at time: Int64) -> [Untimely] {
    certificates.enumerated().compactMap { index, info in
      if time < info.notBefore { return .notYetValid(place: index + 1) }
      if time > info.notAfter { return .expired(place: index + 1) }
      return nil
    }
  }

  /// A certificate that is not valid at a given time; the first one has place 1.
  package enum Untimely: Hashable, Sendable {
    case notYetValid(place: Int)
    case expired(place: Int)
  }

  private static func readChain(_ bytes: [UInt8], _ findings: inout [CertificateFinding]) -> [Certificate] {
    guard bytes.count <= MemoryBIO.limit else {
      findings.append(.tooLarge)
      return []
    }
    return bytes.withUnsafeBytes { bytes in
      let file = PEM(bytes)
      var chain: [Certificate] = []
      for block in file.blocks {
        if PrivateKey.isKey(label: block.label) {
          findings.append(.keyInChain(line: block.line))
        } else if !block.label.hasSuffix("CERTIFICATE") {
          findings.append(.unexpectedBlock(line: block.line, label: block.label))
        } else if chain.count == maxCertificates {
          findings.append(.tooManyCertificates(line: block.line))
          break
        } else if let read = Certificate(pem: UnsafeRawBufferPointer(rebasing: bytes[block.range])) {
          chain.append(read)
        } else {
          findings.append(.malformedBlock(line: block.line))
        }
      }
      findings += file.brokenLines.map { .malformedBlock(line: $0) }
      if bytes.isEmpty {
        findings.append(.empty)
      } else if chain.isEmpty, findings.isEmpty {
        findings.append(.noCertificate)
      }
      return chain
    }
  }

  private static func readKey(
    _ pem: SecretBytes, _ passphrase: SecretBytes?, _ findings: inout [CertificateFinding]
  ) -> PrivateKey? {
    do {
      return try PrivateKey(pem: pem, passphrase: passphrase)
    } catch {
      findings.append(.key(error))
      return nil
    }
  }

  /// The indices from `leaf` to the last issuer that the file contains.
  private static func path(from leaf: Int, in chain: [Certificate]) -> [Int] {
    guard chain.indices.contains(leaf) else { return [] }
    var path = [leaf]
    var current = chain[leaf]
    while !current.info.isSelfSigned,
      let next = chain.indices.first(where: { !path.contains($0) && current.isIssued(by: chain[$0]) })
    {
      path.append(next)
      current = chain[next]
    }
    return path
  }

  private static func order(of path: [Int], in chain: [Certificate]) -> [CertificateFinding] {
    guard let leaf = path.first, let last = path.last else { return [] }
    var findings: [CertificateFinding] = []
    if leaf != 0 { findings.append(.leafNotFirst(place: leaf + 1)) }
    for (before, after) in zip(path, path.dropFirst()) where after < before {
      findings.append(.outOfOrder(place: after + 1))
    }
    findings += chain.indices.filter { !path.contains($0) }.map { .unrelated(place: $0 + 1) }
    if !chain[last].info.isSelfSigned, path.count == 1 { findings.append(.missingIntermediate) }
    if chain[last].info.isSelfSigned, path.count > 1 { findings.append(.rootIncluded(place: last + 1)) }
    return findings
  }

  private static func weaknesses(of certificates: [CertificateInfo]) -> [CertificateFinding] {
    certificates.enumerated().flatMap { index, info -> [CertificateFinding] in
      var findings: [CertificateFinding] = []
      if info.keyType.isWeak { findings.append(.weakKey(place: index + 1, key: info.keyType.text)) }
      // Nobody relies on a self-signed certificate's signature.
      if info.hasWeakSignature, !info.isSelfSigned {
        findings.append(.weakSignature(place: index + 1, algorithm: info.signatureAlgorithm))
      }
      return findings
    }
  }

  /// Reasons why some or all clients do not accept the leaf as a server's.
  package var unsuitability: [CertificateFinding] {
    guard let leaf = path.first?.info else { return [] }
    var findings: [CertificateFinding] = []
    if leaf.namesAreFromCommonName { findings.append(.noAlternativeName) }
    if !leaf.mayServe { findings.append(.notForServers) }
    if !leaf.maySign { findings.append(.notForSigning) }
    if leaf.isAuthority { findings.append(.authorityAsLeaf) }
    let (length, overflow) = leaf.notAfter.subtractingReportingOverflow(leaf.notBefore)
    let day: Int64 = 86_400
    if !overflow, length > 825 * day { findings.append(.longLived(days: Int(length / day))) }
    return findings
  }
}
