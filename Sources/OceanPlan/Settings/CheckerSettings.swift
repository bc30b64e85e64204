extension Plan {
  /// The accounts that saslauthd knows, which checks their passwords.
  package struct Saslauthd: Sendable, Hashable {
    /// The absolute path of its socket; nil if the source is not saslauthd.
    package var socket: String?
    /// The service that PAM is asked for: a file in /etc/pam.d.
    package var service = "pop"
    /// The realm that goes with a name: ``domain`` for that of the login; nil for an empty one.
    package var realm: String?
    /// How long a login waits for an answer. PAM answers a wrong password late by design.
    package var timeoutSeconds = 10
    /// How many questions there are at most at one time.
    package var connections = 4

    /// The realm that stands for the domain of the login.
    package static let domain = "{domain}"

    package init(socket: String? = nil, realm: String? = nil) { (self.socket, self.realm) = (socket, realm) }

    /// The name in logs, status and explanations.
    package var place: String { "saslauthd:\(socket ?? "")" }
  }

  /// The accounts that a Dovecot knows, which checks their passwords.
  package struct Dovecot: Sendable, Hashable {
    /// The absolute path of its socket auth-client; nil if the source is not Dovecot.
    package var auth: String?
    /// The absolute path of its socket auth-userdb; nil if homes and Maildirs do not come from Dovecot.
    package var users: String?
    /// How long a login waits for an answer. Dovecot answers a wrong password late by design.
    package var timeoutSeconds = 20
    /// How many questions there are at most at one time.
    package var connections = 32

    package init(auth: String? = nil, users: String? = nil) { (self.auth, self.users) = (auth, users) }

    /// The name in logs, status and explanations.
    package var place: String { "dovecot:\(auth ?? "")" }
  }
}

extension Plan.Saslauthd: PlanSection {
  package static let blank = Self()

  package static let socket = PlanSetting<Self, String?>(
    "socket", \.socket, .optionalPath, .accounts, .nextLogin, owner: .place, direction: .neither)
  package static let service = PlanSetting<Self, String>(
    "service", \.service, .text, .accounts, .nextLogin, owner: .policy, direction: .neither)
  package static let realm = PlanSetting<Self, String?>(
    "realm", \.realm, .optionalText, .accounts, .nextLogin, owner: .policy, direction: .neither)
  package static let timeout = PlanSetting<Self, Int>(
    "timeout", \.timeoutSeconds, .duration(1...60), .accounts, .nextLogin, owner: .policy, direction: .neither
  )
  package static let connections = PlanSetting<Self, Int>(
    "connections", \.connections, .integer(1...64), .accounts, .nextLogin, owner: .policy, direction: .neither
  )

  package static let rows: [PlanRow<Self>] = [
    PlanRow(socket), PlanRow(service), PlanRow(realm), PlanRow(timeout), PlanRow(connections),
  ]

  /// The section of an account source.
  package static func path(of source: String) -> SettingPath {
    SettingPath.root.appending("accounts").appending(source).appending("saslauthd")
  }
}

extension Plan.Dovecot: PlanSection {
  package static let blank = Self()

  package static let auth = PlanSetting<Self, String?>(
    "auth", \.auth, .optionalPath, .accounts, .nextLogin, owner: .place, direction: .neither)
  package static let users = PlanSetting<Self, String?>(
    "users", \.users, .optionalPath, .accounts, .nextLogin, owner: .place, direction: .neither)
  package static let timeout = PlanSetting<Self, Int>(
    "timeout", \.timeoutSeconds, .duration(1...60), .accounts, .nextLogin, owner: .policy, direction: .neither
  )
  package static let connections = PlanSetting<Self, Int>(
    "connections", \.connections, .integer(1...64), .accounts, .nextLogin, owner: .policy, direction: .neither
  )

  package static let rows: [PlanRow<Self>] = [
    PlanRow(auth), PlanRow(users), PlanRow(timeout), PlanRow(connections),
  ]

  /// The section of an account source.
  package static func path(of source: String) -> SettingPath {
    SettingPath.root.appending("accounts").appending(source).appending("dovecot")
  }
}

extension Plan.Saslauthd {
  /// What is wrong with a text that is sent to saslauthd.
  package enum Flaw: Error, Hashable, Sendable {
    case empty
    case tooLong
    case containsNUL
    /// A parameter in braces that is not ``domain``, or not the whole text.
    case parameter
  }

  /// Octets of the longest text that saslauthd takes.
  package static let maxText = 255

  /// - Parameter isRealm: whether the text may be ``domain``.
  package static func check(_ text: String, isRealm: Bool) throws(Flaw) {
    guard !text.isEmpty else { throw .empty }
    guard text.utf8.count <= maxText else { throw .tooLong }
    guard !text.utf8.contains(0) else { throw .containsNUL }
    guard isRealm && text == domain || !text.contains(where: { "{}".contains($0) }) else { throw .parameter }
  }

  /// Half a sentence: why no config compiles to it; nil if one does.
  var flaw: String? {
    guard let socket, socket.utf8.first == UInt8(ascii: "/") else {
      return "has a path that is not absolute, or does not have one"
    }
    do {
      try Self.check(service, isRealm: false)
      if let realm { try Self.check(realm, isRealm: true) }
      return nil
    } catch {
      return "has a service or a realm that cannot be sent"
    }
  }
}

extension Plan.Dovecot {
  /// Half a sentence: why no config compiles to it; nil if one does.
  var flaw: String? {
    guard let auth, [auth, users].compactMap(\.self).allSatisfy({ $0.utf8.first == UInt8(ascii: "/") }) else {
      return "has a path that is not absolute, or does not have one"
    }
    return nil
  }
}
