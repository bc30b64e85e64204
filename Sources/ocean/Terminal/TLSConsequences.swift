import OceanEngine
import OceanPlan
import OceanTLS

extension PlanDiff {
  /// The same with what it means for clients of TLS, by what the linked libssl really does with the certificates at hand.
  func withTLS() -> PlanDiff {
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

  /// The cipher suites for which there is a key.
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

/// The same for people.
extension TLSDifference {
  var lines: [String] {
    var lines: [String] = []
    if !lostVersions.isEmpty {
      lines.append("lost: \(lostVersions.joined(separator: ", "))")
      for version in lostVersions {
        if let clients = Self.clients[version] { lines.append("  \(version) is the best of \(clients)") }
      }
    }
    if !gainedVersions.isEmpty { lines.append("gained: \(gainedVersions.joined(separator: ", "))") }
    lines += lostKeys.map { lost in
      let more = lost.names.count - Self.mostNames
      var names =
        lost.names.prefix(Self.mostNames).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
      if lost.isWithoutName { names += names.isEmpty ? "no name" : " or no name" }
      return "lost: clients that verify \(lost.key.rawValue) keys only, asking for \(names)"
    }
    if !lostNames.isEmpty { lines += Self.list(lostNames, "no certificate any more for: ") }
    for (what, ciphers) in [("lost", lostCiphers), ("gained", gainedCiphers)] where !ciphers.isEmpty {
      lines += Self.list(ciphers, "\(what) ciphers: ")
    }
    return lines
  }

  private static func list(_ words: [String], _ head: String) -> [String] {
    let more =
      words.count > mostNames ? ["and \(words.count - mostNames) more (--format json lists all)"] : []
    return wrapped(Array(words.prefix(mostNames)) + more, after: head, indent: 2)
  }

  private static let mostNames = 6

  /// Clients that know nothing newer, as their makers shipped them.
  private static let clients = [
    "TLS 1.0": "Windows XP and Vista, Android before 5, many scanners and printers made before 2014",
    "TLS 1.1": "hardly anything: what knows it mostly knows TLS 1.2",
    "TLS 1.2": "Windows 7 to 10 (Outlook uses the system's), Android before 10, macOS before 10.14",
  ]
}
