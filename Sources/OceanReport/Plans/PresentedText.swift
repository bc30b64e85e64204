package import OceanPlan
import OceanSyntax

/// The names for which clients of a service are shown other certificates from now on.
package struct PresentedGroup {
  /// The service, or the address and port that another service has from now on.
  package let subject: String
  /// `no known name` stands for clients that ask for no name, or for one that no certificate has.
  package let names: [String]
  /// `main (RSA 2048, 5d41402abc4b2a76) -> nothing that they can verify`, for each kind of client.
  package let changes: [String]
}

extension PlanDiff {
  /// What clients are shown, where that changes.
  package var presentedGroups: [PresentedGroup] { PresentedText(diff: self, on: Screen()).changedGroups }
}

/// The certificates that clients are shown from now on, for people: only where that changes.
struct PresentedText {
  /// The most names of a group; the rest is counted.
  private static let maxNames = 6

  private let diff: PlanDiff
  private let screen: Screen

  init(diff: PlanDiff, on screen: Screen) {
    self.diff = diff
    self.screen = screen
  }

  /// For each group of names a heading, and below it each kind of client.
  var lines: [String] {
    changedGroups.flatMap { group in
      let all = group.names
      let more =
        all.count > Self.maxNames ? ["and \(all.count - Self.maxNames) more (--format json lists all)"] : []
      let head = "presented \(group.subject) to clients that ask for "
      return screen.wrapped(
        (all.prefix(Self.maxNames) + more).map(\.escapedForDisplay), after: head.escapedForDisplay, indent: 10
      ) + group.changes.flatMap { screen.fitted($0.escapedForDisplay, after: "    ", indent: 6) }
    }
  }

  fileprivate var changedGroups: [PresentedGroup] {
    struct Key: Hashable {
      let subject: String
      let changes: [String]
    }
    var order: [Key] = []
    var names: [Key: [String]] = [:]
    for rows in groups {
      guard let first = rows.first, rows.contains(where: \.isChanged) else { continue }
      let key = Key(
        subject: first.endpoint?.description ?? first.service, changes: Self.changes(rows))
      if names[key] == nil { order.append(key) }
      names[key, default: []].append(first.name ?? "no known name")
    }
    return order.map { PresentedGroup(subject: $0.subject, names: names[$0] ?? [], changes: $0.changes) }
  }

  /// The rows that are about the same service and name, except for services that get or lose TLS as a whole.
  private var groups: [[PresentedCertificate]] {
    let bySubject = Dictionary(grouping: diff.presentedCertificates) { row in
      row.endpoint?.description ?? row.service
    }
    let isWhole = bySubject.mapValues { rows in
      rows.contains { $0.before != nil } && rows.contains { $0.after != nil }
    }
    return diff.presentedCertificates.reduce(into: []) { groups, row in
      guard isWhole[row.endpoint?.description ?? row.service] == true else { return }
      if let last = groups.last?.last, last.name == row.name, last.service == row.service,
        last.endpoint == row.endpoint
      {
        groups[groups.count - 1].append(row)
      } else {
        groups.append([row])
      }
    }
  }

  /// One line if all clients are shown the same, otherwise one for each kind of client.
  private static func changes(_ rows: [PresentedCertificate]) -> [String] {
    let texts = rows.map { "\(text($0.before)) -> \(text($0.after))" }
    if Set(texts).count == 1 { return Array(texts.prefix(1)) }
    return zip(rows, texts).filter(\.0.isChanged).map { row, text in
      let clients =
        switch row.best {
        case .rsa: "with RSA only"
        case .ecdsa: "with RSA and ECDSA"
        case .ed25519: "with RSA, ECDSA and Ed25519"
        }
      return "\(clients): \(text)"
    }
  }

  private static func text(_ certificate: Plan.Certificate?) -> String {
    guard let certificate else { return "nothing that they can verify" }
    let fingerprint = certificate.leaf.fingerprint.prefix(PlanText.fingerprintLength)
    return "\(certificate.name) (\(certificate.leaf.keyType), \(fingerprint))"
  }
}
