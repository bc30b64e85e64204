import OceanCompiler
import OceanPlan
import OceanTLS

/// A plan, and what it takes to run it that is no part of a plan.
struct Runnable: Sendable {
  let plan: Plan
  /// By the certificate's name; every certificate that an enabled service presents is among them.
  let identities: [String: TLSIdentity]

  /// A plan that was just compiled, with what was gathered for it.
  init(
    _ plan: Plan, _ identities: [String: TLSIdentity], _ facts: [String: CertificateFacts]
  ) throws(CommandError) {
    for certificate in plan.presented where identities[certificate.name] == nil {
      throw CommandError(
        "cannot present the certificate '\(certificate.name)': "
          + (facts[certificate.name]?.reason(of: certificate) ?? "it was not read"))
    }
    self.plan = plan
    self.identities = identities
  }

  /// A saved plan: the files must hold the certificates that they held when it was made.
  init(_ plan: Plan) throws(CommandError) {
    let found = plan.gatherCertificates()
    for certificate in plan.presented {
      guard let leaf = found.facts[certificate.name]?.leaf, leaf != certificate.leaf else { continue }
      throw CommandError(
        "the certificate '\(certificate.name)' has changed since the plan was made: \(certificate.chain) held "
          + "\(certificate.leaf.short) and holds \(leaf.short); make the plan anew")
    }
    try self.init(plan, found.identities, found.facts)
  }
}

extension Plan {
  /// The certificates of services that run.
  var presented: [Certificate] {
    let names = Set(services.filter(\.enabled).flatMap { $0.tls?.certificates ?? [] })
    return certificates.filter { names.contains($0.name) }
  }

  /// What their files hold now.
  func gatherCertificates() -> GatheredCertificates {
    GatheredCertificates(
      Dictionary(
        presented.map {
          ($0.name, FactRequest.Certificate(chain: $0.chain, key: $0.key, passphrase: $0.passphrase))
        }, uniquingKeysWith: { $1 }))
  }
}

extension Plan.LeafFacts {
  fileprivate var short: String { "\(fingerprint.prefix(16)) (expires \(Timestamp.text(notAfter)))" }
}

extension CertificateFacts {
  /// Why there is nothing to present.
  func reason(of certificate: Plan.Certificate) -> String? {
    chain.reason(certificate.chain) ?? key.reason(certificate.key)
      ?? passphrase?.reason(certificate.passphrase?.description ?? "its passphrase")
      ?? "\(certificate.chain) and \(certificate.key) do not hold a certificate and its key"
  }
}

extension CertificateFacts.FileState {
  fileprivate func reason(_ path: String) -> String? {
    switch self {
    case .read: nil
    case .missing: "there is no \(path)"
    case .notPermitted: "this user may not read \(path)"
    case .notHere: "there is no \(path) in this environment"
    case .unreadable(let reason): "cannot read \(path): \(reason)"
    }
  }
}
