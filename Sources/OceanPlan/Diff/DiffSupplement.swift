/// The parts of a diff that plans do not show: what libssl makes of them, and what a server says that runs
/// one of them.
package struct DiffSupplement: Sendable {
  /// One entry for each service whose clients may lose or gain something.
  package var tls: [TLSDifference] = []
  /// Nil unless the mail location changes, and this process could look.
  package var mailboxes: MailboxDifference?
  /// Nil if no server was asked.
  package var server: ServerEffects?

  package init() {}
}

/// How many accounts have a Maildir in the current mail location, and in the new one.
package struct MailboxDifference: Sendable, Hashable, Encodable {
  /// How many accounts were looked at.
  package var accounts: Int
  package var before: Int
  package var after: Int

  package init(accounts: Int, before: Int, after: Int) {
    (self.accounts, self.before, self.after) = (accounts, before, after)
  }
}

/// The abilities that clients lose and gain with a service that offers TLS before and after.
package struct TLSDifference: Sendable, Hashable, Encodable {
  package var service: String
  /// Such as `TLS 1.2`.
  package var lostVersions: [String] = []
  package var gainedVersions: [String] = []
  /// OpenSSL's names of cipher suites that could have been negotiated with the certificates of the old plan.
  package var lostCiphers: [String] = []
  package var gainedCiphers: [String] = []
  /// Kinds of keys without which some clients have no certificate that they can verify.
  package var lostKeys: [LostKey] = []
  /// Names that no certificate is for any more.
  package var lostNames: [String] = []

  package init(service: String) { self.service = service }

  package var isEmpty: Bool { self == TLSDifference(service: service) }

  package struct LostKey: Sendable, Hashable, Encodable {
    package var key: Plan.LeafFacts.KeyKind
    /// The names that the affected clients ask for.
    package var names: [String]
    /// Whether it affects clients that ask for no name, or for one that no certificate has.
    package var isWithoutName: Bool

    package init(key: Plan.LeafFacts.KeyKind, names: [String], isWithoutName: Bool) {
      self.key = key
      self.names = names
      self.isWithoutName = isWithoutName
    }

    private enum CodingKeys: String, CodingKey {
      case key, names
      case isWithoutName = "withoutName"
    }
  }

  /// Compares only the certificates.
  package init(service: String, from old: CertificateNames, to new: CertificateNames) {
    self.service = service
    lostNames = old.names.filter { name in !new.certificates(for: name).contains { $0.leaf.isFor(name) } }
      .sorted()
    func keys(_ names: CertificateNames, _ name: String?) -> Set<Plan.LeafFacts.KeyKind> {
      Set(names.certificates(for: name).map(\.leaf.keyKind))
    }
    func isLost(_ key: Plan.LeafFacts.KeyKind, _ name: String?) -> Bool {
      keys(old, name).contains(key) && !keys(new, name).contains(where: { $0.isKnown(wherever: key) })
    }
    let kept = old.names.subtracting(lostNames).sorted()
    lostKeys = Plan.LeafFacts.KeyKind.allCases.compactMap { key in
      let names = kept.filter { isLost(key, $0) }
      let isWithoutName = isLost(key, nil)
      guard isWithoutName || !names.isEmpty else { return nil }
      return LostKey(key: key, names: names, isWithoutName: isWithoutName)
    }
  }
}

/// The effects of applying a plan on a server that runs a different one.
package struct ServerEffects: Sendable, Encodable {
  /// When the running plan was confirmed; RFC 3339, UTC. Nil if it was not confirmed, or certificates were
  /// renewed since.
  package var confirmed: String?
  package var unconfirmed: UnconfirmedPlan?
  /// Files that have changed since the running plan was compiled.
  package var changedInputs: [String]
  package var openSessions: Int
  package var listeners: Listeners
  /// The open sessions that are affected; no session is disconnected unless `apply` is told so.
  package var sessions: [Session] = []

  package init(
    confirmed: String?, unconfirmed: UnconfirmedPlan?, changedInputs: [String], openSessions: Int,
    listeners: Listeners
  ) {
    self.confirmed = confirmed
    self.unconfirmed = unconfirmed
    self.changedInputs = changedInputs
    self.openSessions = openSessions
    self.listeners = listeners
  }

  package struct Listeners: Sendable, Hashable, Encodable {
    package var kept: Int
    package var opened: Int
    package var closed: Int

    package init(_ diff: PlanDiff) {
      kept = diff.new.plan.activeListeners.count
      opened = 0
      closed = 0
      for change in diff.changes {
        switch change {
        case .opened: (kept, opened) = (kept - 1, opened + 1)
        case .closed: closed += 1
        case .handedOver, .setting: break
        }
      }
    }
  }

  /// A session as `GET /sessions` shows it, and what happens to it.
  package struct Session: Sendable, Encodable {
    package var info: SessionInfo
    /// Whether the rules would refuse it, or its service is gone.
    package var couldNotComeBack: Bool
    /// Whether it is ended for that, as it was asked for.
    package var ends: Bool
    /// Whether it came in by a port that closes.
    package var isOnClosingPort: Bool
    /// What would refuse it; nil if nothing would.
    package var reason: String?

    package init(
      info: SessionInfo, couldNotComeBack: Bool, ends: Bool, isOnClosingPort: Bool, reason: String? = nil
    ) {
      self.info = info
      self.couldNotComeBack = couldNotComeBack
      self.ends = ends
      self.isOnClosingPort = isOnClosingPort
      self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
      case couldNotComeBack, ends, onClosingPort, reason
    }

    package func encode(to encoder: any Encoder) throws {
      try info.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(couldNotComeBack, forKey: .couldNotComeBack)
      try container.encode(ends, forKey: .ends)
      try container.encode(isOnClosingPort, forKey: .onClosingPort)
      try container.encodeIfPresent(reason, forKey: .reason)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case confirmed, unconfirmed, changedInputs, openSessions, listeners
  }

  /// Encodes everything except the sessions, which are a list of their own.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(confirmed, forKey: .confirmed)
    try container.encode(unconfirmed, forKey: .unconfirmed)
    try container.encode(changedInputs, forKey: .changedInputs)
    try container.encode(openSessions, forKey: .openSessions)
    try container.encode(listeners, forKey: .listeners)
  }
}
