import OceanBase
import OceanCompiler
import OceanPlan

extension TestHost {
  /// 2027-01-15T08:00:00Z.
  static let now: Int64 = 1_800_000_000

  func protocols(_ profile: Plan.Service.TLS.Profile) -> [String] {
    switch profile {
    case .modern: ["TLS 1.3"]
    case .intermediate: ["TLS 1.2", "TLS 1.3"]
    case .legacy: ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    }
  }

  /// The facts that the names of the files stand for.
  func certificate(_ request: FactRequest.Certificate) -> CertificateFacts {
    let day: Int64 = 86_400
    var facts = CertificateFacts(chain: .read, key: .read)
    var leaf = Plan.LeafFacts(
      fingerprint: String(repeating: "a1", count: 32),
      chainFingerprints: ["a1", "b2"].map { String(repeating: $0, count: 32) },
      subject: "CN=mail.example.org",
      issuer: "CN=R11,O=Let's Encrypt,C=US",
      names: ["mail.example.org", "*.example.org", "mail.example.net"],
      notBefore: Self.now - 10 * day, notAfter: Self.now + 80 * day, keyType: "ECDSA prime256v1",
      keyFingerprint: String(repeating: "c3", count: 32))
    var issuerEnd = Self.now + 1000 * day

    if request.chain.contains("rsa") { leaf.keyType = "RSA 2048" }
    switch request.chain.split(separator: "/").last {
    case "missing.pem": facts.chain = .missing
    case "secret.pem": facts.chain = .notPermitted
    case "folder.pem": facts.chain = .unreadable("it is a directory")
    case "empty.pem": facts.findings = [.noCertificate]
    case "broken.pem": facts.findings = [.malformedBlock(line: 3), .keyInChain(line: 40)]
    case "both.pem": facts.findings = [.keyInChain(line: 40)]
    case "order.pem":
      facts.findings = [
        .unexpectedBlock(line: 9, label: "DH PARAMETERS"), .tooManyCertificates(line: 300),
        .leafNotFirst(place: 2),
        .outOfOrder(place: 1), .unrelated(place: 3), .rootIncluded(place: 4),
      ]
    case "alone.pem": facts.findings = [.missingIntermediate]
    case "own-ca.pem":
      facts.findings = [.missingIntermediate]
      facts.isMissingIssuerRoot = true
    case "cert.pem":
      facts.findings = [.missingIntermediate]
      facts.isMissingIssuerRoot = true
      facts.fullChain = String(request.chain.dropLast("cert.pem".count)) + "fullchain.pem"
    case "request.csr":
      facts.findings = [.unexpectedBlock(line: 1, label: "CERTIFICATE REQUEST"), .noCertificate]
    case "chain.p7b": facts.findings = [.unexpectedBlock(line: 1, label: "PKCS7"), .noCertificate]
    case "list.crl": facts.findings = [.unexpectedBlock(line: 1, label: "X509 CRL"), .noCertificate]
    case "chain.pfx", "cert's.der": facts.findings = [.noCertificate]
    case "none.pem": break
    case "unsuitable.pem":
      facts.findings = [
        .noAlternativeName, .notForServers, .notForSigning, .authorityAsLeaf, .longLived(days: 3650),
      ]
    case "curve.pem":
      facts.refusals = ["intermediate": "no client can do a handshake with it"]
      leaf.keyType = "EC secp256k1"
    case "swapped.pem": facts.findings = [.keyInChain(line: 1), .noCertificate, .key(.missing)]
    case "weak.pem":
      facts.findings = [
        .weakKey(place: 1, key: "RSA 1024"), .weakSignature(place: 2, algorithm: "sha1WithRSAEncryption"),
      ]
      leaf.keyType = "RSA 1024"
    case "expired.pem": leaf.notAfter = Self.now - 3 * day
    case "future.pem": leaf.notBefore = Self.now + 1
    case "soon.pem": leaf.notAfter = Self.now + 29 * day
    case "issuer-expired.pem": issuerEnd = Self.now - 1
    case "other.pem": leaf.names = ["www.example.com", "*.mail.example.org"]
    case "nameless.pem": leaf.names = []
    default: break
    }
    switch request.key.split(separator: "/").last {
    case "missing.key": facts.key = .missing
    case "secret.key": facts.key = .notPermitted
    case "exposed.key": facts.isKeyExposed = true
    case "exposed-empty.key": (facts.isKeyExposed, facts.findings) = (true, facts.findings + [.key(.missing)])
    case "empty.key": facts.findings.append(.key(.missing))
    case "broken.key": facts.findings.append(.key(.malformed(line: 1)))
    case "encrypted.key": facts.findings.append(.key(.passphraseMissing))
    case "wrong.key": facts.findings.append(.key(.passphraseWrong))
    case "odd.key": facts.findings.append(.key(.unsupported(type: "DSA")))
    case "mismatch.key": facts.findings.append(.keyMismatch)
    default: break
    }
    switch request.passphrase {
    case .file("/etc/ocean/missing.txt"): facts.passphrase = .missing
    case .credential("elsewhere"): facts.passphrase = .notHere
    case .file, .env, .credential: facts.passphrase = .read
    case nil: break
    }
    guard facts.chain == .read, !facts.findings.contains(.noCertificate), !request.chain.hasSuffix("none.pem")
    else { return facts }
    facts.leaf = leaf
    facts.validities = [
      .init(subject: leaf.subject, notBefore: leaf.notBefore, notAfter: leaf.notAfter),
      .init(subject: "CN=R11", notBefore: 0, notAfter: issuerEnd),
    ]
    return facts
  }
}
