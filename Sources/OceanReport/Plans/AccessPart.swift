package import OceanPlan
import OceanSyntax

/// What a diff means for the clients of a service, of the monitor, or of an address and port that another service has from now on.
package struct AccessPart {
  package let difference: AccessDifference
  /// The address and port, if it is about one alone.
  package let endpoint: String?
  /// Whether it is about logins without TLS, not about connections.
  package let isPlaintext: Bool
  /// How many more or fewer clients get in, in words: `narrower`, `nobody any more`.
  package let relation: String
  /// Whether the service is there before and after. If it comes or goes, everybody is new or gone.
  package let isInBoth: Bool
  /// From where it can be reached, if that changes: a sentence for each family.
  package let reach: [String]
  /// The clients that stay though a new rule looks as if they would not.
  package let kept: [String]
}

extension PlanDiff {
  /// The clients that get in, part by part: each service, the monitor, sockets that go to another service, and logins without TLS where they
  /// do not follow from who may connect. Parts that stay as they are are among them.
  package var accessParts: [AccessPart] {
    let text = AccessText(diff: self, on: Screen())
    func part(
      _ difference: AccessDifference, _ endpoint: String? = nil, isPlaintext: Bool = false, relation: String
    ) -> AccessPart {
      let isInBoth = endpoint != nil || text.isInBoth(difference)
      return AccessPart(
        difference: difference, endpoint: endpoint, isPlaintext: isPlaintext, relation: relation,
        isInBoth: isInBoth, reach: isInBoth ? difference.reachTexts.map(\.text) : [],
        kept: isInBoth && endpoint == nil && !isPlaintext ? difference.keptTexts : [])
    }
    let sockets = handedOver.flatMap { change in
      [(change.access, false), (change.plaintextLogins, true)].filter { $0.0.relation != .equivalent }.map {
        part($0, "\(change.endpoint)", isPlaintext: $1, relation: $0.relation.rawValue)
      }
    }
    return allAccess.map { part($0, relation: text.summary(of: $0)) } + sockets
      + text.plaintextDifferences.map { part($0, isPlaintext: true, relation: $0.relation.rawValue) }
  }
}
