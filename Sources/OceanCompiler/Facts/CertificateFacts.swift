package import OceanBase
package import OceanPlan

/// The facts about a certificate's files: what could be read of them. No secret is among them.
package struct CertificateFacts: Sendable, Hashable, Codable {
  package var chain: FileState
  /// The hash of the chain file. Nil if the file was not read, or also holds a private key: nobody else may
  /// know the hash of a secret.
  package var chainDigest: Digest?
  package var key: FileState
  /// The state of the passphrase; nil if the config names no passphrase.
  package var passphrase: FileState?
  /// Whether everybody on this host can read the key's file.
  package var isKeyExposed: Bool
  /// The leaf. Nil if the file holds no certificate that the key fits, or could fit if the key had been
  /// readable.
  package var leaf: Plan.LeafFacts?
  /// The validities of the certificates that a client is sent, the leaf first.
  package var validities: [Validity]
  package var findings: [CertificateFinding]
  /// Whether the issuer missing from the chain may be a root, which belongs in no chain: nothing tells that
  /// it is not one.
  package var isMissingIssuerRoot: Bool?
  /// A file beside the chain that holds the missing issuer.
  package var fullChain: String?
  /// Why a server cannot present the certificate, by profile, for the profiles that were asked about.
  package var refusals: [String: String]?

  package init(
    chain: FileState, chainDigest: Digest? = nil, key: FileState, passphrase: FileState? = nil,
    isKeyExposed: Bool = false,
    leaf: Plan.LeafFacts? = nil, validities: [Validity] = [], findings: [CertificateFinding] = [],
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
    /// The user that runs this may not read it, which says nothing about the user that runs the server.
    case notPermitted
    /// Only the service's own environment has it.
    case notHere
    case unreadable(String)
  }

  /// The time in which a certificate is valid, in seconds since 1970, both ends included (RFC 5280 §4.1.2.5).
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
}
