import OceanBase
import OceanCompiler
import Testing

@Suite struct CertificateWordsTests {
  /// Every finding has a message of its own, which names the file that it is about.
  @Test func `every finding is said of its file`() {
    var messages: Set<String> = []
    for finding in CertificateFinding.examples {
      let words = CertificateWords(finding, chain: "/chain.pem", key: "/own.key")
      #expect(words.what.contains("/chain.pem") || words.what.contains("/own.key"), "\(words.what)")
      #expect(words.what.last != ".")
      #expect(messages.insert(words.what).inserted, "\(words.what)")
    }
  }

  @Test func `what is there instead of certificates is named`() {
    func what(_ finding: CertificateFinding) -> String {
      CertificateWords(finding, chain: "a", key: "b", holdsCertificate: false).what
    }
    #expect(what(.unexpectedBlock(line: 2, label: "PKCS7")) == "a:2: PKCS#7 instead of certificates")
    #expect(what(.keyInChain(line: 2)) == "a holds a private key and no certificate")
  }
}

extension CertificateFinding {
  /// One of each case.
  static let examples: [CertificateFinding] = [
    .empty, .tooLarge, .noCertificate, .malformedBlock(line: 1), .unexpectedBlock(line: 2, label: "l"),
    .tooManyCertificates(line: 3), .keyInChain(line: 4), .key(.missing), .key(.malformed(line: 5)),
    .key(.passphraseMissing), .key(.passphraseWrong), .key(.unsupported(type: "t")), .keyMismatch,
    .leafNotFirst(place: 6), .outOfOrder(place: 7), .unrelated(place: 8), .missingIntermediate,
    .rootIncluded(place: 9), .weakKey(place: 10, key: "k"), .weakSignature(place: 11, algorithm: "a"),
    .noAlternativeName, .notForServers, .notForSigning, .authorityAsLeaf, .longLived(days: 12),
  ]
}
