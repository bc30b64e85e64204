package import OceanPlan

/// What the files of a certificate hold, as far as they could be read. No secret is among it.
package struct CertificateFacts: Sendable, Hashable, Codable {
  package var chain: FileState
  /// Of the chain file; nil if it was not read, or holds a private key too: nobody else may know what a secret hashes to.
  package var chainDigest: Digest?
  package var key: FileState
  /// Nil if none was asked for.
  package var passphrase: FileState?
  /// Whether the key's file can be read by everybody on this host.
  package var isKeyExposed: Bool
  /// Nil if there is no certificate that the key fits, or could fit if it had been readable.
  package var leaf: Plan.LeafFacts?
  /// Those that a client is sent, the leaf first.
  package var validities: [Validity]
  package var findings: [Finding]
  /// Whether the issuer that the chain lacks may be a root, which belongs into none: nothing tells that it is not.
  package var isMissingIssuerRoot: Bool?
  /// A file beside the chain that holds the issuer it lacks.
  package var fullChain: String?
  /// Why a server cannot present it, by profile, of those that were asked about.
  package var refusals: [String: String]?

  package init(
    chain: FileState, chainDigest: Digest? = nil, key: FileState, passphrase: FileState? = nil,
    isKeyExposed: Bool = false,
    leaf: Plan.LeafFacts? = nil, validities: [Validity] = [], findings: [Finding] = [],
    isMissingIssuerRoot: Bool? = nil, fullChain: String? = nil, refusals: [String: String]? = nil
  ) {
    self.chain = chain
    self.chainDigest = chainDigest
    self.key = key
    self.passphrase = passphrase
    self.isKeyExposed = isKeyExposed
    self.leaf = leaf
    self.validities = validities
    self.findings = findings
    self.isMissingIssuerRoot = isMissingIssuerRoot
    self.fullChain = fullChain
    self.refusals = refusals
  }

  package enum FileState: Sendable, Hashable {
    case read
    case missing
    /// The user who runs this may not read it, which says nothing of the one who runs the server.
    case notPermitted
    /// Only the service's own environment has it.
    case notHere
    case unreadable(String)
  }

  /// The time in which a certificate holds, in seconds since 1970, both ends included (RFC 5280 §4.1.2.5).
  package struct Validity: Sendable, Hashable, Codable {
    package var subject: String
    package var notBefore: Int64
    package var notAfter: Int64

    package init(subject: String, notBefore: Int64, notAfter: Int64) {
      self.subject = subject
      self.notBefore = notBefore
      self.notAfter = notAfter
    }
  }

  /// Something about the chain or the key. Lines and places in the chain file count from 1.
  package enum Finding: Sendable, Hashable {
    case noCertificate
    case malformedCertificate(line: Int)
    case unexpectedBlock(line: Int, label: String)
    case tooManyCertificates(line: Int)
    case keyInChain(line: Int)
    case noKey
    case malformedKey(line: Int)
    case passphraseMissing
    case passphraseWrong
    case unsupportedKey(String)
    case keyMismatch
    /// The key fits this one instead of the first.
    case leafNotFirst(place: Int)
    case outOfOrder(place: Int)
    case unrelated(place: Int)
    case missingIntermediate
    case rootIncluded(place: Int)
    case weakKey(place: Int, key: String)
    case weakSignature(place: Int, algorithm: String)
    case noAlternativeName
    case notForServers
    case notForSigning
    case authorityAsLeaf
    case longLived(days: Int)
  }
}
