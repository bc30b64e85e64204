package import OceanPlan
import OceanTLS

extension PlanDiff {
  /// The same difference, with its meaning for TLS clients: what the linked libssl really does with the
  /// certificates at hand.
  package func withTLS() -> PlanDiff {
    var diff = self
    diff.supplement.tls = new.plan.services.compactMap { service in
      guard service.enabled, let after = service.tls,
        let earlier = old?.plan.services.first(where: { $0.name == service.name }), earlier.enabled,
        let before = earlier.tls, let oldPlan = old?.plan
      else { return nil }
      let difference = TLSDifference(
        service: service.name, (before, CertificateNames(before, in: oldPlan)),
        (after, CertificateNames(after, in: new.plan)))
      return difference.isEmpty ? nil : difference
    }
    return diff
  }
}

extension TLSDifference {
  fileprivate typealias Side = (tls: Plan.Service.TLS, names: CertificateNames)

  fileprivate init(service: String, _ old: Side, _ new: Side) {
    self.init(service: service, from: old.names, to: new.names)
    if old.tls.profile != new.tls.profile {
      let before = TLSProfile(old.tls.profile).probe().map(\.version.description)
      let after = TLSProfile(new.tls.profile).probe().map(\.version.description)
      lostVersions = before.filter { !after.contains($0) }
      gainedVersions = after.filter { !before.contains($0) }
    }
    let (before, after) = (Self.negotiable(old), Self.negotiable(new))
    lostCiphers = before.filter { !after.contains($0) }
    gainedCiphers = after.filter { !before.contains($0) }
  }

  /// The cipher suites that have a key.
  private static func negotiable(_ side: Side) -> [String] {
    let keys = Set(side.names.groups.flatMap(\.certificates).map(\.leaf.keyKind))
    return TLSProfile(side.tls.profile).offeredCiphers.filter { cipher in
      switch cipher.authentication {
      case .any: true
      case .rsa: keys.contains(.rsa)
      case .ecdsa: keys.contains(.ecdsa) || keys.contains(.ed25519)
      }
    }.map(\.name)
  }
}
