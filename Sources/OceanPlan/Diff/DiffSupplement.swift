/// What a diff has beside the plans: what libssl makes of them, and what a server says that runs one of them.
package struct DiffSupplement: Sendable {
  /// One a service whose clients may lose or gain something by it.
  package var tls: [TLSDifference] = []
  /// Nil unless the mail location changes, and somebody could look.
  package var mailboxes: MailboxDifference?
  /// Nil where no server was asked.
  package var server: ServerEffects?

  package init() {}
}

/// How many accounts have a Maildir where mail is now, and where it would be.
package struct MailboxDifference: Sendable, Hashable, Encodable {
  /// Accounts that were looked at.
  package var accounts: Int
  package var before: Int
  package var after: Int

  package init(accounts: Int, before: Int, after: Int) {
    (self.accounts, self.before, self.after) = (accounts, before, after)
  }
}

/// What clients can no longer do with a service that does TLS before and after, and what they newly can.
package struct TLSDifference: Sendable, Hashable, Encodable {
  package var service: String
  /// `TLS 1.2`
  package var lostVersions: [String] = []
  package var gainedVersions: [String] = []
  /// OpenSSL's names of the cipher suites that could have been negotiated with the certificates there were.
  package var lostCiphers: [String] = []
  package var gainedCiphers: [String] = []
  /// Kinds of keys without which some clients have no certificate that they can verify.
  package var lostKeys: [LostKey] = []
  /// Names for which there is a certificate no longer.
  package var lostNames: [String] = []

  package init(service: String) { self.service = service }

  package var isEmpty: Bool { self == TLSDifference(service: service) }

  package struct LostKey: Sendable, Hashable, Encodable {
    package var key: Plan.LeafFacts.KeyKind
    /// Who asks for one of these.
    package var names: [String]
    /// Who asks for none, or one that no certificate has.
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

  /// By the certificates alone.
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

/// What applying a plan means for a server that runs another one.
package struct ServerEffects: Sendable, Encodable {
  /// RFC 3339, UTC; nil if the running plan was not confirmed, or certificates were renewed since.
  package var confirmed: String?
  package var unconfirmed: ServerStatus.Unconfirmed?
  /// Files that are not what they were when the running plan was compiled.
  package var changedInputs: [String]
  package var openSessions: Int
  package var listeners: Listeners
  /// Of the open sessions those that something becomes of; nobody is disconnected unless `apply` is told so.
  package var sessions: [Session] = []

  package init(
    confirmed: String?, unconfirmed: ServerStatus.Unconfirmed?, changedInputs: [String], openSessions: Int,
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

  /// As `GET /sessions` has it, and what becomes of it.
  package struct Session: Sendable, Encodable {
    package var info: SessionInfo
    /// The rules would refuse it, or its service is gone.
    package var couldNotComeBack: Bool
    /// It is ended for that, as it was asked for.
    package var ends: Bool
    /// It came in by a port that closes.
    package var isOnClosingPort: Bool

    package init(info: SessionInfo, couldNotComeBack: Bool, ends: Bool, isOnClosingPort: Bool) {
      self.info = info
      self.couldNotComeBack = couldNotComeBack
      self.ends = ends
      self.isOnClosingPort = isOnClosingPort
    }

    private enum CodingKeys: String, CodingKey {
      case couldNotComeBack, ends, onClosingPort
    }

    package func encode(to encoder: any Encoder) throws {
      try info.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(couldNotComeBack, forKey: .couldNotComeBack)
      try container.encode(ends, forKey: .ends)
      try container.encode(isOnClosingPort, forKey: .onClosingPort)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case confirmed, unconfirmed, changedInputs, openSessions, listeners
  }

  /// Without the sessions, which are a list of their own.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(confirmed, forKey: .confirmed)
    try container.encode(unconfirmed, forKey: .unconfirmed)
    try container.encode(changedInputs, forKey: .changedInputs)
    try container.encode(openSessions, forKey: .openSessions)
    try container.encode(listeners, forKey: .listeners)
  }
}
