/// One thing that was noticed about a certificate chain or its key. Places in the chain and lines of a file
/// count from 1.
///
/// A plain value, because certificates are read where libcrypto is, and judged where it is not.
/// `CertificateWords` has the messages for people.
package enum CertificateFinding: Hashable, Sendable {
  /// The chain file has no bytes.
  case empty
  /// The chain file is larger than 1 MiB and was not read.
  case tooLarge
  /// The chain file has bytes, but no PEM block; it may be DER.
  case noCertificate
  /// A block without its other boundary, or whose content is not a certificate.
  case malformedBlock(line: Int)
  case unexpectedBlock(line: Int, label: String)
  /// This certificate and those behind it were not read.
  case tooManyCertificates(line: Int)
  /// The chain file holds a private key; chain files are often world-readable.
  case keyInChain(line: Int)
  case key(PrivateKeyFlaw)
  /// The key does not belong to a certificate in the chain.
  case keyMismatch
  /// The key belongs to a later certificate.
  case leafNotFirst(place: Int)
  /// The certificate stands before one that it issued (RFC 8446 §4.4.2 wants the issuer behind).
  case outOfOrder(place: Int)
  /// The certificate is neither the leaf nor one of its issuers; it is not sent.
  case unrelated(place: Int)
  /// The leaf is not self-signed and stands alone: clients that do not know its issuer refuse it.
  case missingIntermediate
  /// The trust anchor itself is sent, which clients ignore.
  case rootIncluded(place: Int)
  case weakKey(place: Int, key: String)
  /// The signature uses MD5 or SHA-1.
  case weakSignature(place: Int, algorithm: String)
  /// The leaf has only a common name, which clients do not look at (RFC 9525 §6.3).
  case noAlternativeName
  /// The leaf is for other uses than a server (extended key usage).
  case notForServers
  /// The leaf's key is not for signatures, which nearly all handshakes need (key usage).
  case notForSigning
  /// The leaf is that of a CA.
  case authorityAsLeaf
  /// Apple's systems take no server's certificate of more than 825 days, whoever issued it.
  case longLived(days: Int)

  /// Whether it says that there is not a single certificate.
  package var isAbsence: Bool {
    switch self {
    case .empty, .tooLarge, .noCertificate: true
    default: false
    }
  }
}

/// Why a private key cannot be used.
package enum PrivateKeyFlaw: Error, Hashable, Sendable {
  /// The file has no block that is a private key.
  case missing
  /// The block that begins on this line cannot be decoded.
  case malformed(line: Int)
  /// The key is encrypted and no passphrase was given.
  case passphraseMissing
  case passphraseWrong
  /// No TLS server uses this kind of key.
  case unsupported(type: String)
}
