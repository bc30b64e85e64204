/// One observation about a chain or its key. Indices count the decoded certificates from 0, lines count from
/// 1. The reader of the facts decides whether it is an error.
package enum CertificateFinding: Hashable, Sendable {
  /// The chain file has no bytes.
  case empty
  /// The chain file is over 1 MiB, and was not read.
  case tooLarge
  /// The file has bytes, but no PEM block; it may be DER.
  case noCertificate
  /// A block without its other boundary, or whose content is not a certificate.
  case malformedBlock(line: Int)
  case unexpectedBlock(line: Int, label: String)
  /// This certificate and those behind it were not read.
  case tooManyCertificates(line: Int)
  /// The chain file contains a private key; chain files are often world-readable.
  case keyInChain(line: Int)
  case key(PrivateKey.ReadError)
  /// The key does not belong to a certificate in the chain.
  case keyMismatch
  /// The key belongs to a later certificate.
  case leafNotFirst(index: Int)
  /// The certificate stands before one that it issued (RFC 8446 §4.4.2 wants the issuer behind).
  case outOfOrder(index: Int)
  /// The certificate is neither the leaf nor one of its issuers; it is not sent.
  case unrelated(index: Int)
  /// The leaf is not self-signed and stands alone: clients that do not know its issuer refuse it.
  case missingIntermediate
  /// The trust anchor itself is sent, which clients ignore.
  case rootIncluded(index: Int)
  case weakKey(index: Int, KeyType)
  /// The signature uses MD5 or SHA-1.
  case weakSignature(index: Int, algorithm: String)
  /// The leaf has only a common name, which clients do not look at (RFC 9525 §6.3).
  case noAlternativeName
  /// The leaf is for other uses than a server (extended key usage).
  case notForServers
  /// The leaf's key is not for signatures, which nearly all handshakes need (key usage).
  case notForSigning
  /// The leaf is a CA's certificate.
  case authorityAsLeaf
  /// Apple's systems do not accept a server's certificate of more than 825 days, whoever issued it.
  case longLived(days: Int)
  case notYetValid(index: Int)
  case expired(index: Int)
}
