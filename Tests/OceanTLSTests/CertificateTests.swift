import COpenSSL
import OceanBase
import OceanTLS
import TestSupport
import Testing

@Suite struct CertificateTests {
  static let chain = TestChain()
  static let other = TestChain()

  private func findings(_ chain: [UInt8], key: SecretBytes? = nil, passphrase: SecretBytes? = nil)
    -> [CertificateFinding]
  {
    CertificateFile(chain: chain, key: key, passphrase: passphrase).findings
  }

  @Test func `what a certificate says`() throws {
    let key = try #require(PrivateKey.generate(.ecP256))
    let request = CertificateRequest(
      names: [
        .dns("Mail.Example.ORG."), .dns("*.example.net"), .ip([192, 0, 2, 1]),
        .ip([UInt8](repeating: 0x20, count: 16)), .dns("no name"),
      ])
    let made = try #require(request.selfSigned(by: key, from: 1_000_000, to: 2_000_000))
    let pem = try #require(made.pem())
    let info = try #require(CertificateFile(chain: pem, key: nil).certificates.first)
    #expect(info == made.info)
    #expect(
      info.names == [
        .dns("mail.example.org"), .dns("*.example.net"), .ip([192, 0, 2, 1]),
        .ip([UInt8](repeating: 0x20, count: 16)),
      ])
    #expect(!info.namesAreFromCommonName)
    #expect(info.subject == "CN=mail.example.org")
    #expect(info.issuer == info.subject)
    #expect(info.notBefore == 1_000_000)
    #expect(info.notAfter == 2_000_000)
    #expect(info.keyType == .ec(curve: "prime256v1", bits: 256))
    #expect(info.signatureAlgorithm == "ecdsa-with-SHA256")
    #expect(info.isSelfSigned)
    #expect(info.sha256Fingerprint.utf8.count == 64)
    #expect(info.sha256KeyFingerprint.utf8.count == 64)
    #expect(info.serial.utf8.count == 32)
  }

  @Test func `without alternative names the common name is taken, and said so`() throws {
    let info = try #require(CertificateFile(chain: Self.chain.leaf, key: nil).certificates.first)
    #expect(info.names == [.dns("leaf.example.org")])
    #expect(info.namesAreFromCommonName)
    #expect(info.issuer == "CN=Intermediate")
    #expect(info.serial == "07")
  }

  @Test func `a chain in order has no findings`() {
    let file = CertificateFile(chain: Self.chain.leaf + Self.chain.intermediate, key: Self.chain.leafKey)
    #expect(file.findings.isEmpty)
    #expect(file.identity != nil)
  }

  @Test func `what is wrong with a chain`() {
    let (chain, key) = (Self.chain, Self.chain.leafKey)
    #expect(findings(chain.leaf, key: key) == [.missingIntermediate])
    #expect(findings(chain.leaf + chain.intermediate + chain.root, key: key) == [.rootIncluded(place: 3)])
    #expect(
      findings(chain.leaf + chain.root + chain.intermediate, key: key) == [
        .outOfOrder(place: 2), .rootIncluded(place: 2),
      ])
    #expect(
      findings(chain.intermediate + chain.leaf, key: key) == [.leafNotFirst(place: 2), .outOfOrder(place: 1)])
    // The other chain's intermediate has the right name, but its key did not sign.
    #expect(
      findings(chain.leaf + Self.other.intermediate, key: key) == [
        .unrelated(place: 2), .missingIntermediate,
      ])
    #expect(findings(chain.leaf + chain.intermediate, key: Self.other.leafKey) == [.keyMismatch])
    #expect(findings([]) == [.empty])
    #expect(findings(Array("\n\nhello\n".utf8)) == [.noCertificate])
    #expect(findings([UInt8](repeating: 0x30, count: 1 << 21)) == [.tooLarge])
  }

  @Test func `a chain out of order is put in order`() throws {
    let file = CertificateFile(chain: Self.chain.intermediate + Self.chain.leaf, key: Self.chain.leafKey)
    #expect(file.identity?.leaf?.subject == "CN=leaf.example.org")
  }

  @Test func `a key in the chain file is named by its line, and may be the key`() {
    let file = Self.chain.leafKey.withUnsafeBytes { Self.chain.leaf + Self.chain.intermediate + Array($0) }
    let lines = (Self.chain.leaf + Self.chain.intermediate).count { $0 == UInt8(ascii: "\n") }
    #expect(findings(file, key: SecretBytes(copying: file)) == [.keyInChain(line: lines + 1)])
  }

  @Test func `broken blocks are named by their line`() {
    var bytes = Array("a comment\r\n".utf8) + Self.chain.leaf
    bytes[bytes.count / 2] = UInt8(ascii: "!")
    #expect(findings(bytes) == [.malformedBlock(line: 2)])
    let begin = Array("-----BEGIN CERTIFICATE-----\n".utf8)
    #expect(findings(begin) == [.malformedBlock(line: 1)])
    #expect(findings(begin + Self.chain.root) == [.malformedBlock(line: 1)])
    #expect(
      findings(Self.chain.root + Array("-----END CERTIFICATE-----".utf8)).first
        == .malformedBlock(line: Self.chain.root.count { $0 == UInt8(ascii: "\n") } + 1))
    #expect(
      findings(Array("-----BEGIN X-----\nYQ==\n-----END X-----\n".utf8)) == [
        .unexpectedBlock(line: 1, label: "X")
      ])
  }

  @Test func `many certificates are not read`() {
    let many = (0..<20).flatMap { _ in Self.chain.root }
    let file = CertificateFile(chain: many, key: nil)
    #expect(file.certificates.count == 16)
    #expect(file.findings.contains { if case .tooManyCertificates = $0 { true } else { false } })
  }

  @Test func `validity at a given second`() {
    let file = CertificateFile(chain: Self.chain.leaf, key: nil)
    #expect(file.untimely(at: 999_999) == [.notYetValid(place: 1)])
    #expect(file.untimely(at: 1_000_000).isEmpty)
    #expect(file.untimely(at: 2_000_000_000).isEmpty)
    #expect(file.untimely(at: 2_000_000_001) == [.expired(place: 1)])
  }

  @Test func `weak signatures are found, where somebody relies on them`() {
    let weak = TestChain(digest: EVP_sha1())
    let file = CertificateFile(chain: weak.leaf + weak.intermediate + weak.root, key: nil)
    #expect(
      file.findings == [
        .rootIncluded(place: 3), .weakSignature(place: 1, algorithm: "ecdsa-with-SHA1"),
        .weakSignature(place: 2, algorithm: "ecdsa-with-SHA1"),
      ])
  }

  @Test func `weak keys are found, and libssl's refusal is typed`() throws {
    let pem = TestChain.bytes { bio in
      let key = ocean_EVP_RSA_gen(1024)
      defer { EVP_PKEY_free(key) }
      return PEM_write_bio_PrivateKey(bio, key, nil, nil, 0, nil, nil)
    }
    let key = SecretBytes(copying: pem)
    let file = CertificateFile(chain: TestCertificates.selfSigned(key, ["weak.test"]), key: key)
    #expect(file.findings == [.weakKey(place: 1, key: "RSA 1024")])
    let identity = try #require(file.identity)
    let tickets = try TicketKeys(now: 0)
    do {
      _ = try TLSContext(identities: [identity], profile: .intermediate, tickets: tickets)
      #expect(Bool(false))
    } catch {
      guard case .identityRefused(index: 0, let reason) = error else { return #expect(Bool(false)) }
      #expect(reason.reason == "ee key too small")
    }
    _ = try TLSContext(identities: [identity], profile: .legacy, tickets: tickets)
  }

  // MARK: Keys

  /// The test chain's key in a different form.
  private func key(_ write: (OpaquePointer?, OpaquePointer?) -> Int32) -> SecretBytes {
    let parsed = Self.chain.leafKey.withUnsafeBytes { bytes in
      let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
      defer { BIO_free(bio) }
      return PEM_read_bio_PrivateKey(bio, nil, nil, nil)
    }
    defer { EVP_PKEY_free(parsed) }
    return SecretBytes(copying: TestChain.bytes { write($0, parsed) })
  }

  @Test func `keys in every PEM form`() throws {
    let phrase = "open sesame"
    let forms = [
      (key { PEM_write_bio_PKCS8PrivateKey($0, $1, nil, nil, 0, nil, nil) }, false),
      (key { PEM_write_bio_PrivateKey_traditional($0, $1, nil, nil, 0, nil, nil) }, false),
      (
        key {
          PEM_write_bio_PKCS8PrivateKey($0, $1, EVP_aes_128_cbc(), phrase, Int32(phrase.utf8.count), nil, nil)
        }, true
      ),
      (
        key {
          PEM_write_bio_PrivateKey_traditional(
            $0, $1, EVP_aes_128_cbc(), Array(phrase.utf8), Int32(phrase.utf8.count), nil, nil)
        }, true
      ),
    ]
    for (pem, isEncrypted) in forms {
      let chain = Self.chain.leaf + Self.chain.intermediate
      #expect(
        findings(chain, key: pem, passphrase: isEncrypted ? SecretBytes(copying: phrase.utf8) : nil) == [])
      guard isEncrypted else { continue }
      #expect(findings(chain, key: pem) == [.key(.passphraseMissing)])
      #expect(
        findings(chain, key: pem, passphrase: SecretBytes(copying: "guess".utf8)) == [.key(.passphraseWrong)])
      let long = SecretBytes(copying: [UInt8](repeating: 65, count: 5000))
      #expect(findings(chain, key: pem, passphrase: long) == [.key(.passphraseWrong)])
    }
    for algorithm in PrivateKey.Algorithm.allCases {
      let made = try #require(PrivateKey.generate(algorithm))
      let pem = try #require(made.pem())
      #expect(try PrivateKey(pem: pem).type == made.type)
    }
  }

  @Test func `what is not a key`() {
    #expect(throws: PrivateKeyFlaw.missing) {
      try PrivateKey(pem: SecretBytes(copying: Self.chain.leaf))
    }
    #expect(throws: PrivateKeyFlaw.missing) { try PrivateKey(pem: SecretBytes(copying: [])) }
    let broken = "\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    #expect(throws: PrivateKeyFlaw.malformed(line: 2)) {
      try PrivateKey(pem: SecretBytes(copying: broken.utf8))
    }
    #expect(throws: PrivateKeyFlaw.malformed(line: 1)) {
      try PrivateKey(pem: SecretBytes(copying: "-----BEGIN PRIVATE KEY-----\n".utf8))
    }
  }

  @Test func `a signing request holds the names and is signed by the key`() throws {
    let key = try #require(PrivateKey.generate(.rsa2048))
    let pem = try #require(
      CertificateRequest(names: [.dns("a.test"), .ip([127, 0, 0, 1])]).signingRequest(by: key))
    let bio = BIO_new_mem_buf(pem, Int32(pem.count))
    defer { BIO_free(bio) }
    let request = try #require(PEM_read_bio_X509_REQ(bio, nil, nil, nil))
    defer { X509_REQ_free(request) }
    #expect(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1)
    let text = String(decoding: TestChain.bytes { X509_REQ_print($0, request) }, as: UTF8.self)
    #expect(text.contains("DNS:a.test, IP Address:127.0.0.1"))
    #expect(CertificateRequest(names: [.dns("DNS:x,IP:1.2.3.4")]).signingRequest(by: key) == nil)
  }

  @Test(arguments: UInt64(1)...300)
  func `mutations of PEM files never trap`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var bytes = Self.chain.leafKey.withUnsafeBytes { Self.chain.leaf + Array($0) + Self.chain.intermediate }
    for _ in 0..<Int.random(in: 1...20, using: &random) {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(contentsOf: Array("-----BEGIN CERTIFICATE-----\n".utf8), at: at)
      default: bytes.removeSubrange(at..<min(bytes.count, at + 60))
      }
    }
    let file = CertificateFile(chain: bytes, key: SecretBytes(copying: bytes))
    #expect(file.certificates.count <= 3)
    _ = file.untimely(at: 0)
  }
}

@Suite struct CertificateNameTests {
  @Test func `names as text`() {
    #expect(CertificateName(hostName: "*.Example.ORG.") == .dns("*.example.org"))
    for text in ["", "a b", "m\u{fc}ller.test", "a.*", "192.0.2.1:80"] {
      #expect(CertificateName(hostName: text) == nil)
    }
    #expect("\(CertificateName.ip([192, 0, 2, 1]))" == "192.0.2.1")
    #expect("\(CertificateName.ip([0x20, 1] + [UInt8](repeating: 0, count: 13) + [1]))" == "2001::1")
    #expect("\(CertificateName.ip([1, 2, 3]))" == "")
  }

  @Test func `whom a certificate is for`() throws {
    let pem = TestCertificates.selfSigned(TestCertificates.ecKey, ["a.test", "*.b.test"])
    let certificate = try #require(CertificateFile(chain: pem, key: nil).path.first)
    for name in ["a.test", "A.Test", "x.b.test"] { #expect(certificate.isFor(.dns(name)), "\(name)") }
    for name in ["b.test", "x.y.b.test", "c.test"] { #expect(!certificate.isFor(.dns(name)), "\(name)") }
    #expect(!certificate.isFor(.ip([127, 0, 0, 1])))
    // A common name does not count.
    let leaf = try #require(CertificateFile(chain: CertificateTests.chain.leaf, key: nil).path.first)
    #expect(!leaf.isFor(.dns("leaf.example.org")))
  }

  @Test func `the path is the leaf of the key and its issuers, and what this host makes of it`() {
    let chain = CertificateTests.chain
    let file = CertificateFile(chain: chain.root + chain.leaf + chain.intermediate, key: chain.leafKey)
    #expect(file.path.map(\.info.subject) == ["CN=leaf.example.org", "CN=Intermediate", "CN=Root"])
    #expect(SystemTrust(of: file.path) != .trusted)
    #expect(
      SystemTrust(of: CertificateFile(chain: chain.leaf, key: nil).path) == .unknownIssuer("CN=Intermediate"))
    let own = CertificateFile(
      chain: TestCertificates.selfSigned(TestCertificates.ecKey, ["a.test"]), key: nil)
    #expect(SystemTrust(of: own.path) == .selfSigned)
    #expect(SystemTrust(of: []) == nil)
  }
}
