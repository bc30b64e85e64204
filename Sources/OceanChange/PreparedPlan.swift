import Glibc
import OceanAccess
import OceanBase
import OceanCompiler
import OceanControlAPI
package import OceanHost
import OceanMonitor
package import OceanPlan
package import OceanTLS

/// A plan, and everything needed to run it that is not part of a plan.
package struct PreparedPlan: Sendable {
  package private(set) var file: PlanFile
  /// The certificates by name. Once this is complete, every certificate that an enabled service presents is
  /// among them.
  private(set) var identities: [String: TLSIdentity]
  /// The monitor's token as it was when the plan was prepared.
  let monitorToken: ReadMonitorToken
  /// The secrets that the plan names, as far as they could be read.
  let secrets: AccountSources.Secrets
  /// Why other certificates are missing, by name.
  private let reasons: [String: String]
  /// Why list files have no entries in the plan, by absolute path: it must not run before it has others.
  var unusableLists: [String: String] = [:]
  /// The list files whose entries are those of an earlier plan, because the files could not be used.
  var heldLists: [ServerStatus.HeldList] = []
  /// What the plan was compiled from; nil if that is not all that decided it, or may have changed since.
  var inputs: PlanInputs?
  /// The places of expectations that the plan breaks: a server that starts runs it only if it has nothing else.
  var unmetExpectations: [String] = []

  package var plan: Plan { file.plan }

  /// A plan with what was gathered for it.
  init(_ file: PlanFile, _ identities: [String: TLSIdentity], _ facts: [String: CertificateFacts]) {
    self.file = file
    self.identities = identities
    monitorToken = file.plan.monitor.readToken()
    secrets = file.plan.readSecrets()
    reasons = Dictionary(
      file.plan.presented.map { ($0.name, facts[$0.name]?.reason(of: $0) ?? "it was not read") },
      uniquingKeysWith: { $1 })
  }

  /// A plan that was made before, without the rules whose end has come since, and with certificates as they are
  /// now: what the files hold, or, if that cannot be presented, what runs. A certificate that the plan itself has
  /// from these files is not replaced by an older one.
  ///
  /// - Parameters:
  ///   - running: nil if no plan runs.
  ///   - isHoldingBack: whether the running certificate stays also if what the files hold is not a renewal.
  ///   - known: the plan's own certificates, if it ran before: only renewals replace them.
  init(
    renewing file: PlanFile, from running: Plan?, isHoldingBack: Bool = false,
    known: [String: TLSIdentity] = [:]
  ) throws(Failure) {
    var file = try file.endedByNow()
    let found = file.plan.gatherCertificates()
    var identities = found.identities
    for (index, certificate) in file.plan.certificates.enumerated() {
      guard let facts = found.facts[certificate.name], facts.leaf != certificate.leaf else { continue }
      let current = running?.certificates.first { $0.name == certificate.name }
      if let own = known[certificate.name], !found.isRenewal(of: certificate) {
        identities[certificate.name] = own
        continue
      }
      // What is held back, or refused, is not used by a plan that comes back either, whatever its own certificate was.
      if let current,
        isHoldingBack ? certificate.hasFiles(of: current) : certificate.isReplaced(by: current),
        found.refusal(of: certificate) != nil
          || isHoldingBack && found.departure(of: certificate, from: current.leaf) != nil
      {
        file.plan.certificates[index].leaf = current.leaf
        identities[certificate.name] = nil
      } else if let leaf = facts.leaf, identities[certificate.name] != nil {
        file.plan.certificates[index].leaf = leaf
      }
    }
    do {
      file.digest = try file.plan.digest
    } catch {
      throw Failure("\(error)")
    }
    self.init(file, identities, found.facts)
  }

  /// The same plan with other contents of its list files.
  ///
  /// - Parameters:
  ///   - digests: the digests of the files that they were in, by path.
  ///   - contents: returns the contents of the file at an absolute path; nil leaves them unchanged.
  func replacingLists(
    _ digests: [String: Digest], _ contents: (String) -> ListContents?
  ) throws(Failure) -> PreparedPlan {
    var result = self
    result.file = file.replacingLists(digests, contents)
    do {
      result.file.digest = try result.plan.digest
    } catch {
      throw Failure("\(error)")
    }
    return result
  }

  /// - Throws: if a certificate differs from that of `file` and is not a renewal of it: somebody has reviewed
  ///   what `file` says.
  func requireRenewals(of file: PlanFile) throws(Failure) {
    for (certificate, new) in zip(file.plan.certificates, plan.certificates) {
      guard certificate == new || certificate.isRenewed(by: new) else {
        throw .changed(certificate, new.leaf)
      }
    }
  }

  /// Takes certificates that run already in place of those that could not be read: the user that started the
  /// server may have had more rights than the user it became.
  ///
  /// - Throws: if a certificate is still missing.
  package func completed(
    from running: Plan? = nil, _ known: [String: TLSIdentity] = [:]
  ) throws(Failure) -> PreparedPlan {
    var result = self
    for certificate in plan.presented where identities[certificate.name] == nil {
      guard let same = running?.certificates.first(where: { $0.isSame(as: certificate) }),
        let identity = known[same.name]
      else {
        throw Failure(
          "cannot present the certificate '\(certificate.name)': \(reasons[certificate.name] ?? "")")
      }
      result.identities[certificate.name] = identity
    }
    return result
  }
}

extension Failure {
  fileprivate static func changed(_ certificate: Plan.Certificate, _ leaf: Plan.LeafFacts) -> Failure {
    Failure(
      "the certificate '\(certificate.name)' has changed since the plan was made: \(certificate.chain) held "
        + "\(certificate.leaf.short) and now holds \(leaf.short); make the plan again")
  }
}

extension Plan.Certificate {
  /// Whether a certificate that runs can stand for this one: it is the same, or a later one.
  fileprivate func isReplaced(by running: Plan.Certificate) -> Bool {
    isSame(as: running) || isRenewed(by: running) && running.leaf.notBefore > leaf.notBefore
  }

  /// Whether all but the name is the same: a key elsewhere, or another passphrase, must be read.
  fileprivate func isSame(as other: Plan.Certificate) -> Bool {
    leaf == other.leaf && hasFiles(of: other)
  }
}

extension Plan {
  /// Reads what the certificates' files hold now.
  func gatherCertificates() -> GatheredCertificates {
    GatheredCertificates(
      Dictionary(
        presented.map {
          ($0.name, FactRequest.Certificate(chain: $0.chain, key: $0.key, passphrase: $0.passphrase))
        }, uniquingKeysWith: { $1 }))
  }
}

extension GatheredCertificates {
  /// Why the files' contents must not replace a certificate that runs; nil if they may.
  func refusal(of certificate: Plan.Certificate) -> String? {
    guard let facts = facts[certificate.name] else { return "it was not read" }
    guard let leaf = facts.leaf, identities[certificate.name] != nil else {
      return facts.reason(of: certificate)
    }
    let now = SystemClock.wall.seconds
    if now > leaf.notAfter { return "it has expired" }
    return now < leaf.notBefore ? "it is not valid yet" : nil
  }

  /// Why what the files hold is not a renewal of a certificate that runs, and whether clients that accept that
  /// one would refuse it; nil if it is a renewal. Anything that can be presented is better than a certificate
  /// that has expired.
  func departure(
    of certificate: Plan.Certificate, from running: Plan.LeafFacts
  ) -> (reason: String, isLoss: Bool)? {
    let now = SystemClock.wall.seconds
    guard let facts = facts[certificate.name], let leaf = facts.leaf, now <= running.notAfter else {
      return nil
    }
    // A certificate that is sent already makes no client worse off.
    let added = zip(leaf.chainFingerprints, facts.validities).filter { fingerprint, _ in
      !running.chainFingerprints.contains(fingerprint)
    }.map(\.1)
    let untimely = added.compactMap { sent -> String? in
      if now > sent.notAfter { return "it comes with \(sent.subject), which has expired" }
      return now < sent.notBefore ? "it comes with \(sent.subject), which is not valid yet" : nil
    }
    let departures = running.departures(in: leaf)
    let reasons = untimely + departures.map(\.description)
    guard !reasons.isEmpty else { return nil }
    return (
      reasons.joined(separator: "; "), !untimely.isEmpty || departures.contains(where: \.isLoss)
    )
  }
}

extension GatheredCertificates {
  /// Whether the files hold a renewal that can be presented.
  fileprivate func isRenewal(of certificate: Plan.Certificate) -> Bool {
    facts[certificate.name]?.leaf != nil && refusal(of: certificate) == nil
      && departure(of: certificate, from: certificate.leaf) == nil
  }
}

extension Plan.LeafFacts {
  fileprivate var short: String { "\(fingerprint.prefix(16)) (expires \(Timestamp.text(notAfter)))" }
}

extension CertificateFacts {
  /// Why the certificate cannot be presented.
  func reason(of certificate: Plan.Certificate) -> String {
    chain.reason(certificate.chain) ?? key.reason(certificate.key)
      ?? passphrase?.reason(certificate.passphrase?.description ?? "its passphrase")
      ?? findings.lazy.compactMap { $0.reason(of: certificate) }.first
      ?? "\(certificate.chain) and \(certificate.key) do not hold a certificate and its key"
  }
}

extension CertificateFinding {
  /// Why the certificate cannot be presented; nil for findings that do not prevent it.
  fileprivate func reason(of certificate: Plan.Certificate) -> String? {
    switch self {
    case .empty, .tooLarge, .noCertificate, .malformedBlock, .key, .keyMismatch:
      CertificateWords(self, chain: certificate.chain, key: certificate.key).what
    default: nil
    }
  }
}

extension CertificateFacts.FileState {
  fileprivate func reason(_ path: String) -> String? {
    switch self {
    case .read: nil
    case .missing: "there is no \(path)"
    // The reader may be a server, whose user is not the user that reads this message.
    case .notPermitted: "the user \(User.effectiveName) may not read \(path)"
    case .notHere: "there is no \(path) in this environment"
    case .unreadable(let reason): "cannot read \(path): \(reason)"
    }
  }
}
