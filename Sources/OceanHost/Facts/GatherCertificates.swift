import Glibc
import OceanBase
package import OceanCompiler
import OceanAddresses
package import OceanPlan
package import OceanTLS

/// The certificates of a config: the facts about them, and the identities that a server presents. Both are
/// from the same bytes: what was checked is what is used.
package struct GatheredCertificates {
  package private(set) var facts: [String: CertificateFacts] = [:]
  /// The identities by the certificate's name. A certificate is among them if its chain and key could be read
  /// and fit.
  package private(set) var identities: [String: TLSIdentity] = [:]
  /// The profiles of which the linked libssl speaks every version, which handshakes with an identity have shown.
  package private(set) var wholeProfiles: Set<Plan.Service.TLS.Profile> = []

  /// Reads each file once.
  ///
  /// - Parameter profiles: the profiles for which it is tried whether a server can present them.
  package init(_ request: [String: FactRequest.Certificate], profiles: Set<Plan.Service.TLS.Profile> = []) {
    for (name, certificate) in request { gather(certificate, as: name, profiles) }
  }

  private mutating func gather(
    _ request: FactRequest.Certificate, as name: String, _ profiles: Set<Plan.Service.TLS.Profile>
  ) {
    var found = CertificateFacts(chain: .read, key: .read)
    let chain = Self.read(&found.chain) { () throws(FileAccess.ReadError) in
      try Files.read(request.chain, limit: Files.chainLimit)
    }
    let key = Self.read(&found.key) { () throws(FileAccess.ReadError) in try Files.readSecret(request.key) }
    found.isKeyExposed = key?.isExposed == true && Files.isOpenToAll(request.key, S_IROTH)
    let passphrase = request.passphrase.flatMap { Self.passphrase($0, &found) }
    guard let chain else {
      facts[name] = found
      return
    }
    let file = CertificateFile(chain: chain, key: key?.secret, passphrase: passphrase)
    found.findings = file.findings + file.unsuitability
    if file.certificates.isEmpty, !found.findings.contains(where: \.saysThatNoneIsThere) {
      found.findings.append(.noCertificate)
    }
    if !file.holdsKeyInChain { found.chainDigest = Digest(of: chain) }
    if let index = found.findings.firstIndex(of: .missingIntermediate) {
      switch file.issuerOutside {
      case .knownRoot: found.findings.remove(at: index)
      case .unknown: found.isMissingIssuerRoot = true
      case .intermediate: break
      }
      found.fullChain = Self.fullChain(beside: request.chain, file)
    }
    let isKeyUnknown = key == nil || passphrase == nil && request.passphrase != nil
    if let leaf = file.identity?.leaf ?? (isKeyUnknown ? file.certificates.first : nil) {
      let sent = [leaf] + file.issuers(besides: leaf)
      found.leaf = Plan.LeafFacts(leaf, chain: sent, root: file.path.last?.info.issuer)
      // Clients have their own root, so it does not matter when this one ends.
      found.validities = sent.enumerated().filter { $0.offset == 0 || !$0.element.isSelfSigned }.map {
        CertificateFacts.Validity(
          subject: $0.element.subject, notBefore: $0.element.notBefore, notAfter: $0.element.notAfter)
      }
    }
    if let identity = file.identity {
      var refusals: [String: String] = [:]
      for profile in profiles { refusals[profile.rawValue] = refusal(of: identity, by: profile) }
      found.refusals = refusals
    }
    facts[name] = found
    identities[name] = file.identity
  }

  /// The reason why a server of a profile cannot present an identity.
  private mutating func refusal(of identity: TLSIdentity, by profile: Plan.Service.TLS.Profile) -> String? {
    let tried = TLSProfile(profile)
    switch tried.trial(of: identity, isThorough: !wholeProfiles.contains(profile)) {
    case .accepted(let versions):
      if versions == tried.versions { wholeProfiles.insert(profile) }
      return nil
    case .refused(let reason): return reason
    case .unknown: return nil
    }
  }

  /// The file in which ACME clients put the whole chain, if it holds more of the same chain.
  private static func fullChain(beside path: String, _ file: CertificateFile) -> String? {
    guard let slash = path.lastIndex(of: "/"), let leaf = file.path.first else { return nil }
    return ["fullchain.pem", "fullchain.cer"].map { path[...slash] + $0 }.first { other in
      guard other != path, let bytes = try? Files.read(other, limit: Files.chainLimit) else { return false }
      let full = CertificateFile(chain: bytes, key: nil)
      return full.path.count > 1 && full.certificates.first == leaf.info
    }
  }

  private static func read<Value>(
    _ state: inout CertificateFacts.FileState, _ body: () throws(FileAccess.ReadError) -> Value
  ) -> Value? {
    do {
      return try body()
    } catch .missing {
      state = .missing
    } catch .notPermitted {
      state = .notPermitted
    } catch {
      state = .unreadable(error.reason)
    }
    return nil
  }

  private static func passphrase(_ source: Plan.SecretSource, _ found: inout CertificateFacts) -> SecretBytes?
  {
    let (state, secret) = source.readState()
    found.passphrase = state
    return secret
  }
}

extension CertificateFile {
  /// The certificates that are sent after the leaf, in the order of the file.
  fileprivate func issuers(besides leaf: CertificateInfo) -> [CertificateInfo] {
    certificates.enumerated().filter { index, info in
      info != leaf && !findings.contains(.unrelated(place: index + 1))
    }.map(\.element)
  }
}

extension CertificateFinding {
  fileprivate var saysThatNoneIsThere: Bool { if case .malformedBlock = self { true } else { isAbsence } }
}

extension CertificateFile {
  fileprivate var holdsKeyInChain: Bool {
    findings.contains { if case .keyInChain = $0 { true } else { false } }
  }
}

extension Plan.LeafFacts {
  fileprivate init(_ leaf: CertificateInfo, chain: [CertificateInfo], root: String?) {
    self.init(
      fingerprint: leaf.sha256Fingerprint, chainFingerprints: chain.map(\.sha256Fingerprint),
      subject: leaf.subject, issuer: leaf.issuer, names: leaf.names.map(\.text), notBefore: leaf.notBefore,
      notAfter: leaf.notAfter, keyType: leaf.keyType.text, keyFingerprint: leaf.sha256KeyFingerprint,
      root: root)
  }
}

extension CertificateName {
  fileprivate var text: String {
    switch self {
    case .dns(let name): name
    case .ip(let bytes):
      IPAddress(
        family: bytes.count == 4 ? .v4 : .v6, value: bytes.prefix(16).reduce(0) { $0 << 8 | UInt128($1) }
      ).description
    }
  }
}

extension TLSProfile {
  package init(_ profile: Plan.Service.TLS.Profile) {
    self =
      switch profile {
      case .modern: .modern
      case .intermediate: .intermediate
      case .legacy: .legacy
      }
  }
}
