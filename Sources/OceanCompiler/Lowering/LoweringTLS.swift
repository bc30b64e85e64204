import OceanPlan
import OceanSyntax

/// The TLS of a service, and the places that set it.
struct LoweredTLS {
  /// The TLS of the plan; nil if the service has no TLS.
  var plan: Plan.Service.TLS?
  var implicitPorts: [Located<Int>] = []
  /// Whether everything about it could be read; if not, nothing can be concluded from what is there.
  var isKnown: Bool
}

extension Lowering {
  mutating func lowerTLS(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String
  ) -> LoweredTLS {
    let path = "\(path).tls"
    let tls = given.tls?.value ?? Config.TLS()
    if let span = given.tls?.span { note(span, path) }
    let isRead = !given.isMistaken("tls") && !config.isMistaken("certificates")
    let hasCertificates = !certificateNames.isEmpty

    let explicit =
      take(tls.explicit, Plan.Service.TLS.explicit.path(in: SettingPath(path)))
      ?? (hasCertificates ? .required : .off)
    let ports = implicitPorts(given, named, path, hasCertificates: hasCertificates)
    let profile = take(tls.profile, Plan.Service.TLS.profile.path(in: SettingPath(path))) ?? Defaults.profile
    let isUsed = explicit != .off || !ports.isEmpty
    let certificates = lowerCertificateNames(tls, named, path, isNeeded: isRead && isUsed)
    let areNamesKnown = tls.certificate?.value.allSatisfy { certificateNameSet.contains($0.value) } ?? true
    var result = LoweredTLS(
      implicitPorts: ports,
      isKnown: isRead && areNamesKnown && (!isUsed || !certificates.isEmpty))
    guard isUsed, !certificates.isEmpty else { return result }
    result.plan = Plan.Service.TLS(
      explicit: explicit, certificates: canonical(certificates.map(\.value)), profile: profile)
    if profile == .legacy, let span = tls.profile?.span { reportLegacy(span) }
    return result
  }

  private mutating func implicitPorts(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String, hasCertificates: Bool
  ) -> [Located<Int>] {
    let ports: [Located<Int>]
    if let implicit = given.tls?.value.implicit {
      note(implicit.span, "\(path).implicit")
      let list = implicit.value.ports?.value ?? [Located(Defaults.tlsPort, implicit.span)]
      ports = implicit.value.enabled?.value ?? true ? list : []
    } else {
      ports = hasCertificates && !given.isMistaken("tls") ? [Located(Defaults.tlsPort, named.span)] : []
    }
    let plain = given.ports?.value ?? (given.isMistaken("ports") ? [] : [Located(Defaults.port, named.span)])
    var seen: Set<Int> = []
    return ports.filter { port in
      if let other = plain.first(where: { $0.value == port.value }) {
        report(
          .portWithAndWithoutTLS, port.span,
          "port \(port.value) of '\(named.name)' would be both plain and TLS",
          related: [Diagnostic.Related("a plain port", at: other.span)],
          help: "ports are those that begin in plain text; remove it there, or write tls.implicit: []")
        return false
      }
      if seen.insert(port.value).inserted { return true }
      report(.repeatedEntry, port.span, "port \(port.value) is listed twice")
      return false
    }
  }

  private mutating func lowerCertificateNames(
    _ tls: Config.TLS, _ named: Named<Config.Service>, _ path: String, isNeeded: Bool
  ) -> [Located<String>] {
    guard let list = tls.certificate else {
      guard isNeeded, !tls.isMistaken("certificate") else { return [] }
      switch certificateNames.count {
      case 1: return certificateNames.map { Located($0, named.span) }
      case 0:
        report(
          .noCertificate, tls.explicit?.span ?? tls.implicit?.span ?? named.span,
          "'\(named.name)' wants TLS, but there is no certificate",
          help: "certificates: { main: { chain: tls/fullchain.pem, key: tls/privkey.pem } }")
      default:
        report(
          .certificateNotChosen, named.span,
          "there are \(certificateNames.count) certificates, and '\(named.name)' does not say which to use",
          help:
            "tls: { certificate: \(certificateNames.first ?? "") }, or a list: then the host that a client names decides"
        )
      }
      return []
    }
    note(list.span, Plan.Service.TLS.certificate.path(in: SettingPath(path)))
    if list.value.isEmpty, isNeeded, !tls.isMistaken("certificate") {
      report(
        .noCertificate, list.span, "'\(named.name)' wants TLS, but names no certificate",
        help: "name one, or write explicit: off and implicit: []")
    }
    var names: [Located<String>] = []
    var firsts: [String: Span] = [:]
    for name in list.value {
      if !certificateNameSet.contains(name.value) {
        guard !config.isMistaken("certificates") else { continue }
        report(
          .unknownReference, name.span, "there is no certificate named '\(name.value)'",
          help: suggestion(for: name.value, among: certificateNames)
            ?? (certificateNames.isEmpty
              ? "there are no certificates: see certificates"
              : "there are: \(certificateNames.prefix(10).joined(separator: ", "))"))
      } else if let first = firsts[name.value] {
        report(
          .repeatedEntry, name.span, "'\(name.value)' is listed twice",
          related: [Diagnostic.Related("first here", at: first)])
      } else {
        firsts[name.value] = name.span
        names.append(name)
      }
    }
    checkAmbiguity(names)
    return names
  }

  /// The names in one fixed order for all lists that mean the same. If a certificate could not be read, its
  /// host names are not known, and the names stay in the order written.
  private func canonical(_ names: [String]) -> [String] {
    let certificates = names.compactMap { name in
      facts.certificates[name]?.leaf.map { Plan.Certificate(name: name, chain: "", key: "", leaf: $0) }
    }
    return certificates.count == names.count ? CertificateNames(certificates).canonicalOrder : names
  }

  private mutating func reportLegacy(_ span: Span) {
    guard let protocols = facts.protocols[Plan.Service.TLS.Profile.legacy.rawValue],
      let lowest = protocols.first
    else { return }
    let gone = lowest.hasPrefix("SSL") ? "" : "; SSL 2 and 3 are gone"
    report(
      .legacyProfile, span, "legacy: the lowest this libssl can do is \(lowest)\(gone)",
      label: protocols.joined(separator: ", "),
      help: "with some effort, an attacker can read connections that use the old protocols")
  }
}
