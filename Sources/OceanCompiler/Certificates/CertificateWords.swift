package import OceanBase

/// The message for a finding about a certificate. `check`, `cert show`, `cert import` and the server use the
/// same.
package struct CertificateWords {
  /// A sentence without its full stop.
  package let what: String
  /// The consequence, or the remedy; one or more lines.
  package let advice: String?

  /// - Parameters:
  ///   - chain: the chain's file, or the server that presents it.
  ///   - key: the key's file.
  ///   - holdsCertificate: whether there is any certificate in the chain.
  package init(_ finding: CertificateFinding, chain: String, key: String, holdsCertificate: Bool = true) {
    (what, advice) =
      switch finding {
      case .empty: ("\(chain) is empty", nil)
      case .tooLarge: ("\(chain) is larger than 1 MiB", nil)
      case .noCertificate:
        (
          "\(chain) holds no certificate in PEM",
          "a certificate begins with a line -----BEGIN CERTIFICATE-----\n"
            + "if this one is in another form: \(ForeignCertificate.conversion(of: chain))"
        )
      case .malformedBlock(let line):
        ("\(chain):\(line): what begins here is cut off or damaged", "get the file again")
      case .unexpectedBlock(let line, let label) where !holdsCertificate:
        Self.foreign(label, line, chain, key)
      case .unexpectedBlock(let line, let label):
        ("\(chain):\(line): '\(label)' has no place in a chain", "it is not used; remove it")
      case .tooManyCertificates(let line):
        ("\(chain):\(line): too many certificates", "this one and those after it are not used")
      case .keyInChain where !holdsCertificate: ("\(chain) holds a private key and no certificate", nil)
      case .keyInChain(let line):
        (
          "\(chain):\(line): a private key in the chain file",
          "move it to a file of its own that others cannot read"
        )
      case .key(let flaw): Self.words(flaw, key)
      case .keyMismatch:
        (
          "\(key) is not the key of the certificate in \(chain)",
          "after a renewal, key and chain must both be the new ones"
        )
      case .leafNotFirst(let place):
        ("the key fits certificate \(place) of \(chain), which should be the first", nil)
      case .outOfOrder(let place):
        ("certificate \(place) of \(chain) comes before the one it issued", nil)
      case .unrelated(let place):
        (
          "certificate \(place) of \(chain) has nothing to do with the others",
          "it is not sent to clients; remove it"
        )
      case .missingIntermediate:
        (
          "\(chain) lacks the certificate of its issuer",
          "most clients refuse it then: use the full chain that the issuer provides"
        )
      case .rootIncluded(let place):
        ("certificate \(place) of \(chain) is a root, which clients ignore", "remove it")
      case .weakKey(let place, let key):
        ("certificate \(place) of \(chain) has a weak key, \(key)", "today's clients refuse it")
      case .weakSignature(let place, let algorithm):
        ("certificate \(place) of \(chain) has a weak signature, \(algorithm)", "today's clients refuse it")
      case .noAlternativeName:
        (
          "the certificate in \(chain) has a common name and no alternative name",
          "most clients look only at alternative names and refuse it; get one with subjectAltName"
        )
      case .notForServers:
        (
          "the certificate in \(chain) is not for servers",
          "its extended key usage lacks serverAuth: clients refuse it"
        )
      case .notForSigning:
        (
          "the key of the certificate in \(chain) may not sign",
          "its key usage lacks digitalSignature, which TLS 1.3 and all of today's ciphers need: many clients refuse it"
        )
      case .authorityAsLeaf:
        (
          "the certificate in \(chain) is that of a CA",
          "some clients (Thunderbird, rustls) refuse it for a server; those with OpenSSL accept it"
        )
      case .longLived(let days):
        (
          "the certificate in \(chain) is valid for \(days) days",
          "Apple's systems refuse more than 825 days, from any issuer"
        )
      }
  }

  private static func foreign(
    _ label: String, _ line: Int, _ chain: String, _ key: String
  ) -> (String, String?) {
    let (what, help) = ForeignCertificate.words(for: label, chain, key: key)
    return ("\(chain):\(line): \(what)", help)
  }

  private static func words(_ flaw: PrivateKeyFlaw, _ key: String) -> (String, String?) {
    switch flaw {
    case .missing: ("\(key) holds no private key", nil)
    case .malformed(let line): ("\(key):\(line): what begins here is not a private key", nil)
    case .passphraseMissing:
      ("the key \(key) is encrypted", "say where its passphrase is: passphrase: { file: tls/passphrase }")
    case .passphraseWrong: ("the passphrase is not that of the key \(key)", nil)
    case .unsupported(let type):
      (
        "\(key) is a key of a kind that TLS servers do not use: \(type)",
        "RSA, ECDSA and Ed25519 keys can be used"
      )
    }
  }
}
