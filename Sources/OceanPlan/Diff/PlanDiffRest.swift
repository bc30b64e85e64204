import OceanAddresses

/// Everything of a diff's JSON form except the differences in access, and the changes: it does not grow with the
/// address lists.
struct PlanDiffRest: Encodable {
  let diff: PlanDiff

  private enum CodingKeys: String, CodingKey {
    case formatVersion, effect, effects, direction, from, to, classes, presentedCertificates, expectations
    case renamedServices, replacedCertificates, mailboxes, server, sessions, tls
  }

  private struct Certificate: Encodable {
    let name: String
    /// The losses of clients, one clause each; empty for a renewal.
    let lost: [String]
    /// Why it is not a renewal, one clause each, losses included.
    let notRenewal: [String]
  }

  private struct Presented: Encodable {
    let row: PresentedCertificate

    private enum CodingKeys: CodingKey {
      case service, listener, name, keys, changed, before, after
    }

    private struct Shown: Encodable {
      let certificate: String
      let key: String
      let fingerprint: String

      init(_ certificate: Plan.Certificate) {
        self.certificate = certificate.name
        (key, fingerprint) = (certificate.leaf.keyType, certificate.leaf.fingerprint)
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(row.service, forKey: .service)
      try container.encode(row.endpoint?.description, forKey: .listener)
      try container.encode(row.name, forKey: .name)
      try container.encode(row.best, forKey: .keys)
      try container.encode(row.isChanged, forKey: .changed)
      try container.encode(row.before.map(Shown.init), forKey: .before)
      try container.encode(row.after.map(Shown.init), forKey: .after)
    }
  }

  private struct RenamedService: Encodable {
    let from: String
    let to: String
  }

  private struct Effect: Encodable {
    let `class`: ChangeClass
    let service: String?
    let isOfMonitor: Bool
    let listener: String?
    let direction: Direction?

    private enum CodingKeys: String, CodingKey {
      case `class`, service, monitor, listener, direction
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(self.class, forKey: .class)
      try container.encode(service, forKey: .service)
      if isOfMonitor { try container.encode(true, forKey: .monitor) }
      try container.encode(listener, forKey: .listener)
      try container.encode(direction, forKey: .direction)
    }
  }

  private struct Expectations: Encodable {
    let before: Int
    let after: Int
    let direction: Direction?
    let removed: [Plan.Expectation]
    let added: [Plan.Expectation]
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(PlanDiff.formatVersion, forKey: .formatVersion)
    try container.encode(diff.isEmpty ? "none" : "changes", forKey: .effect)
    try container.encode(diff.direction, forKey: .direction)
    try container.encode(
      diff.effects.map {
        Effect(
          class: $0.changeClass, service: $0.service, isOfMonitor: $0.isOfMonitor,
          listener: $0.endpoint?.description,
          direction: $0.direction)
      }, forKey: .effects)
    try container.encode(diff.from, forKey: .from)
    try container.encode(diff.to, forKey: .to)
    try container.encode(diff.classes.map(\.rawValue).sorted(), forKey: .classes)
    let changed = diff.new.plan.certificates.compactMap { new -> Certificate? in
      guard let old = diff.old?.plan.certificates.first(where: { $0.name == new.name }), old != new else {
        return nil
      }
      return Certificate(
        name: new.name, lost: old.leaf.losses(in: new.leaf).map(\.description),
        notRenewal: old.leaf.departures(in: new.leaf).map(\.description))
    }
    try container.encode(
      diff.renamed.sorted { $0.key < $1.key }.map { RenamedService(from: $0.value, to: $0.key) },
      forKey: .renamedServices)
    try container.encode(changed, forKey: .replacedCertificates)
    try container.encode(diff.presentedCertificates.map(Presented.init), forKey: .presentedCertificates)
    try container.encode(
      diff.expectations.map {
        Expectations(
          before: $0.before, after: $0.after, direction: $0.direction, removed: $0.removed, added: $0.added)
      }, forKey: .expectations)
    try container.encodeIfPresent(diff.supplement.mailboxes, forKey: .mailboxes)
    try container.encode(diff.supplement.server, forKey: .server)
    try container.encode(diff.supplement.server?.sessions, forKey: .sessions)
    try container.encode(diff.supplement.tls, forKey: .tls)
  }
}
