package import OceanPlan
package import OceanTLS

/// The certificates and keys that a plan names, as they were read and checked when it was compiled; these are
/// presented.
package typealias Identities = [String: TLSIdentity]

/// Makes the TLS contexts of a plan's services. Services that share a list of certificates and a profile
/// share a set.
struct TLSContexts {
  private struct Key: Hashable {
    let certificates: [String]
    let profile: Plan.Service.TLS.Profile
  }

  private let plan: Plan
  private let identities: Identities
  private let tickets: TicketKeys
  private var sets: [Key: TLSContextSet] = [:]

  init(plan: Plan, identities: Identities, tickets: TicketKeys) {
    self.plan = plan
    self.identities = identities
    self.tickets = tickets
  }

  /// The contexts of a service; nil without a certificate.
  mutating func set(for service: Plan.Service) throws(ApplyError) -> TLSContextSet? {
    guard let tls = service.tls, !tls.certificates.isEmpty else { return nil }
    let key = Key(certificates: tls.certificates, profile: tls.profile)
    if let known = sets[key] { return known }
    let set = try make(tls, service: service.name)
    sets[key] = set
    return set
  }

  /// Makes the contexts. Certificates for the same names, with keys of different types, stand side by side
  /// under those names: each client gets the one it can verify.
  private func make(_ tls: Plan.Service.TLS, service: String) throws(ApplyError) -> TLSContextSet {
    let certificates = try tls.certificates.map { name throws(ApplyError) in
      guard let certificate = plan.certificates.first(where: { $0.name == name }), identities[name] != nil
      else {
        throw ApplyError.certificate(service: service, name: name, reason: "it was not read")
      }
      return certificate
    }
    do {
      var entries: [TLSContextSet.Entry] = []
      for group in CertificateNames(certificates).groups {
        let context = try TLSContext(
          identities: group.certificates.compactMap { identities[$0.name] }, profile: TLSProfile(tls.profile),
          tickets: tickets)
        entries.append(TLSContextSet.Entry(names: group.names, context: context))
      }
      return try TLSContextSet(entries)
    } catch {
      let names = tls.certificates.joined(separator: ", ")
      throw ApplyError.certificate(service: service, name: names, reason: "\(error)")
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
