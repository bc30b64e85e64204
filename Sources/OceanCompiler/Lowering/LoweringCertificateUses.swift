import OceanBase
import OceanPlan
import OceanSyntax

/// Checks certificates together with the services that present them.
extension Lowering {
  mutating func checkCertificates(_ certificates: [Plan.Certificate], _ services: [LoweredService]) {
    checkWeakness(services)
    checkRefusals(services)
    checkHostName(certificates, services)
    guard !config.isMistaken("services"), !config.isMistaken("service_defaults"),
      services.allSatisfy(\.areCertificatesKnown)
    else { return }
    let used = Set(services.flatMap { $0.plan.tls?.certificates ?? [] })
    for named in config.certificates?.value ?? [] where !used.contains(named.name) {
      report(
        .unusedCertificate, named.span, "no service uses the certificate '\(named.name)'",
        help: "name it under a service's tls.certificate, or remove it")
    }
  }

  /// libssl refuses weak certificates unless its security level is lowered, as the legacy profile does.
  private mutating func checkWeakness(_ services: [LoweredService]) {
    let strict = services.filter { $0.plan.tls.map { $0.profile != .legacy } ?? false }
    let strictlyUsed = Set(strict.flatMap { $0.plan.tls?.certificates ?? [] })
    for named in config.certificates?.value ?? [] {
      guard let found = facts.certificates[named.name], let chain = named.value.chain else { continue }
      let severity: Severity? = strictlyUsed.contains(named.name) ? .error : nil
      for finding in found.findings {
        switch finding {
        case .weakKey, .weakSignature: break
        default: continue
        }
        let words = CertificateWords(finding, chain: chain.value, key: "")
        report(
          .weakCertificate, chain.span, words.what,
          help: severity == .error
            ? "libssl accepts it only with profile: legacy; get a better one"
            : words.advice, severity: severity)
      }
    }
  }

  /// Reports what the linked libssl said when a server with the profile was tried.
  private mutating func checkRefusals(_ services: [LoweredService]) {
    for service in services {
      guard let tls = service.plan.tls else { continue }
      for name in tls.certificates {
        guard let found = facts.certificates[name], let reason = found.refusals?[tls.profile.rawValue],
          let given = config.certificates?.value.first(where: { $0.name == name })?.value,
          let chain = given.chain, let leaf = found.leaf
        else { continue }
        // That has been reported, with the reason.
        let isWeak = found.findings.contains {
          switch $0 {
          case .weakKey, .weakSignature: tls.profile != .legacy
          default: false
          }
        }
        guard !isWeak else { continue }
        report(
          .unusableKey, given.key?.span ?? chain.span,
          "'\(service.plan.name)' cannot present the certificate '\(name)' with profile \(tls.profile.rawValue): \(reason)",
          label: leaf.keyType, help: "get one with a key of RSA 2048 or more, ECDSA P-256, P-384 or Ed25519")
      }
    }
  }

  private mutating func checkHostName(_ certificates: [Plan.Certificate], _ services: [LoweredService]) {
    guard config.server.map({ !$0.value.isMistaken("hostname") }) ?? !config.isMistaken("server") else {
      return
    }
    let hostname = config.server?.value.hostname?.value ?? facts.hostname
    let leaves = Dictionary(certificates.map { ($0.name, $0.leaf) }, uniquingKeysWith: { $1 })
    let spans = Dictionary(
      (config.certificates?.value ?? []).map { ($0.name, $0.span) }, uniquingKeysWith: { $1 })
    for service in services where service.plan.enabled {
      let names = service.plan.tls?.certificates ?? []
      // The names of a certificate that could not be read are not known.
      guard let first = names.first, names.allSatisfy({ leaves[$0] != nil }),
        !names.contains(where: { leaves[$0]?.covers(hostname) ?? true })
      else { continue }
      // One report is enough for certificates that several services use.
      let quoted = names.map { "'\($0)'" }.joined(separator: ", ")
      let known = leaves[first]?.names.joined(separator: ", ") ?? ""
      report(
        .hostNameNotCovered, spans[first],
        names.count == 1
          ? "the certificate \(quoted) is not for \(hostname)" : "none of \(quoted) is for \(hostname)",
        label: known.isEmpty ? "for no name" : "for \(known)",
        help: config.server?.value.hostname == nil
          ? "that is this host's own name. If clients connect by another, write it: "
            + "server: { hostname: \(leaves[first]?.names.first { HostName.normalized($0) == $0 } ?? "NAME") }"
          : "clients that connect by that name will refuse it")
    }
  }

  /// Reports two certificates with one algorithm for one name: it would not be decided which one a client
  /// gets.
  mutating func checkAmbiguity(_ names: [Located<String>]) {
    struct Use: Hashable {
      let name: String
      let algorithm: Substring
    }
    var owners: [Use: Located<String>] = [:]
    for second in names {
      guard let leaf = facts.certificates[second.value]?.leaf else { continue }
      // Certificates without names are for clients that send no name, or a different one.
      let names = leaf.names.isEmpty ? ["no name"] : leaf.names
      let uses = Set(names).map { Use(name: $0, algorithm: leaf.algorithm) }
      let taken = uses.filter { owners[$0] != nil }.min { $0.name < $1.name }
      for use in uses where owners[use] == nil { owners[use] = second }
      guard let taken, let first = owners[taken] else { continue }
      report(
        .ambiguousCertificates, second.span,
        "'\(first.value)' and '\(second.value)' are both \(taken.algorithm) certificates for \(taken.name)",
        related: [Diagnostic.Related("the other", at: first.span)],
        help: "remove one of them; two of different algorithms are fine")
    }
  }
}

extension Plan.LeafFacts {
  /// The algorithm alone: `RSA` for `RSA 2048`.
  fileprivate var algorithm: Substring { keyType.prefix { $0 != " " } }

  /// Whether a client that connects by this name, in lower case, accepts the certificate (RFC 9525 §6.3).
  fileprivate func covers(_ host: String) -> Bool {
    let parent = host.firstIndex(of: ".").map { "*" + host[$0...] }
    return names.contains { $0 == host || $0 == parent }
  }
}
