import OceanAddresses

/// The certificate that some clients of a service are shown, before and after a change.
package struct PresentedCertificate: Sendable, Hashable {
  package let service: String
  /// The address and port, if another service answers there from now on; otherwise it is about all of the
  /// service's.
  package let endpoint: Endpoint?
  /// The name that the clients ask for; nil if they ask for none, or for one that no certificate has.
  package let name: String?
  /// The kinds of keys that the clients can verify: this one, and those that everybody knows who knows it.
  package let best: Plan.LeafFacts.KeyKind
  /// Nil if such clients get no certificate that they can verify, or there is no TLS.
  package let before: Plan.Certificate?
  package let after: Plan.Certificate?

  /// Whether the clients are shown another certificate from now on: its name in the config does not matter.
  package var isChanged: Bool { before?.leaf.fingerprint != after?.leaf.fingerprint }
}

extension PlanDiff {
  /// The certificates that clients are shown, before and after, whether or not they change: for each service, or
  /// socket that goes to another service, then by name, those without a name first, then by kind of key.
  package var presentedCertificates: [PresentedCertificate] {
    func side(_ service: Plan.Service?, _ listeners: [Plan.Listener]?, _ plan: Plan?) -> CertificateNames? {
      guard let service, let tls = service.tls, let plan,
        (listeners ?? service.listeners).contains(where: { service.offersTLS($0) })
      else { return nil }
      return CertificateNames(tls, in: plan)
    }
    let services = comparison.services.flatMap { pair in
      Self.presented(
        pair.name, nil, side(pair.before, nil, old?.plan), side(pair.after, nil, new.plan))
    }
    let sockets = comparison.exchanges.flatMap { exchange in
      Self.presented(
        exchange.after.service.name, exchange.endpoint,
        side(exchange.before.service, [exchange.before.listener], old?.plan),
        side(exchange.after.service, [exchange.after.listener], new.plan))
    }
    return services + sockets
  }

  private static func presented(
    _ service: String, _ endpoint: Endpoint?, _ before: CertificateNames?, _ after: CertificateNames?
  ) -> [PresentedCertificate] {
    // Nobody asks for an address (RFC 6066 §3).
    let names = (before?.names ?? []).union(after?.names ?? []).sorted().filter { name in
      (try? IPAddress(parsing: name)) == nil
    }
    let all = [before, after].compactMap(\.self).flatMap(\.groups).flatMap(\.certificates)
    guard !all.isEmpty else { return [] }
    // Few clients know Ed25519: they are told apart only where it makes a difference.
    let kinds = Plan.LeafFacts.KeyKind.allCases.filter { kind in
      kind != .ed25519 || all.contains { $0.leaf.keyKind == .ed25519 }
    }
    return ([nil] + names.map(Optional.some)).flatMap { name in
      kinds.map { kind in
        PresentedCertificate(
          service: service, endpoint: endpoint, name: name, best: kind,
          before: before?.certificate(for: name, verifying: kind),
          after: after?.certificate(for: name, verifying: kind))
      }
    }
  }
}
