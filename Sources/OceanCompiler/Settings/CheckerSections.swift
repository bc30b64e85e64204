import OceanPlan
import OceanSyntax

extension Config {
  struct Saslauthd: SectionRoot {
    typealias Lowered = Plan.Saslauthd

    var mistaken: Set<String> = []
    var socket: Located<String>?
    var service: Located<String>?
    var realm: Located<String>?
    var timeout: Located<Int>?
    var connections: Located<Int>?

    init() {}

    /// - Parameter socket: as a path alone stands for the mapping.
    init(socket: Located<String>) { self.socket = socket }
  }

  struct Dovecot: SectionRoot {
    typealias Lowered = Plan.Dovecot

    var mistaken: Set<String> = []
    var auth: Located<String>?
    var users: Located<String>?
    var timeout: Located<Int>?
    var connections: Located<Int>?
  }
}

extension Settings {
  static let saslauthd = Section<Config.Saslauthd>(
    summary: "the saslauthd section",
    example: "saslauthd: /run/saslauthd/mux",
    settings: [
      Setting(
        Plan.Saslauthd.socket, .path, \.socket, required: "/run/saslauthd/mux",
        "The path of its socket. `saslauthd: PATH` is short for this setting alone."),
      Setting(
        Plan.Saslauthd.service, .saslauthdText, \.service,
        default: .written(Plan.Saslauthd.blank.service),
        "The service that PAM is asked for, a file in `/etc/pam.d`. Where it is missing, PAM takes `other`."),
      Setting(
        Plan.Saslauthd.realm, .saslauthdRealm, \.realm, default: .words("empty"),
        "The realm that goes with the name of a user. With `\"{domain}\"` it is the domain of the login, for `saslauthd -r` "
          + "or `-a sasldb`. Otherwise only logins without a domain, or with `server.default_domain`, are asked about: the "
          + "domain is not sent, so `anna@example.net` would be the `anna` of this host."),
      Setting(
        Plan.Saslauthd.timeout, \.timeout,
        "How long a login waits for saslauthd. Then it fails for now (`[SYS/TEMP]`). PAM answers a wrong password two or "
          + "three seconds late."),
      Setting(
        Plan.Saslauthd.connections, \.connections,
        "How many logins are asked about at one time. saslauthd has five processes (`-n`), each for one."),
    ])

  static let dovecot = Section<Config.Dovecot>(
    summary: "the dovecot section",
    example: "dovecot: { auth: /run/dovecot/auth-client, users: /run/dovecot/auth-userdb }",
    settings: [
      Setting(
        Plan.Dovecot.auth, .path, \.auth, required: "/run/dovecot/auth-client",
        "The path of its socket `auth-client`, which checks passwords."),
      Setting(
        Plan.Dovecot.users, .path, \.users,
        default: .words("Dovecot is not asked: `mail.maildir` decides, without `{home}`"),
        "The path of its socket `auth-userdb`, which says where an account's home and Maildir are. Quotas, uids and gids are "
          + "ignored."),
      Setting(
        Plan.Dovecot.timeout, \.timeout,
        "How long a login waits for Dovecot, with everything. Then it fails for now (`[SYS/TEMP]`). Dovecot answers a wrong "
          + "password two seconds late, and up to seventeen to an address that often gave one."),
      Setting(
        Plan.Dovecot.connections, \.connections,
        "How many logins are asked about at one time. Connections are made as they are needed, and closed after a minute "
          + "without use."),
    ])
}

extension ValueType where Value == Config.Saslauthd {
  /// The path of a socket, or a mapping.
  static let saslauthd = ValueType(
    summary: "the path of a socket, or a mapping",
    schema: ["anyOf": [ValueType<String>.path.schema, Settings.saslauthd.schema]],
    children: Settings.saslauthd.rows
  ) { node, decoder in
    if node.scalar?.isNothing == false {
      return ValueType<String>.path.decode(node, &decoder).map {
        Config.Saslauthd(socket: Located($0, node.span))
      }
    }
    return Settings.saslauthd.decode(node, &decoder)
  }
}

extension ValueType where Value == String {
  static let saslauthdText = saslauthdText("the name of a service of PAM", isRealm: false)
  static let saslauthdRealm = saslauthdText("a realm, or `{domain}`", isRealm: true)

  private static func saslauthdText(_ summary: String, isRealm: Bool) -> ValueType {
    ValueType(summary: summary, schema: ["type": "string", "minLength": 1, "maxLength": 255]) {
      node, decoder in
      guard let text = decoder.scalar(node, expected: summary) else { return nil }
      do throws(Plan.Saslauthd.Flaw) {
        try Plan.Saslauthd.check(text, isRealm: isRealm)
        return text
      } catch {
        let (message, help) = error.words(isRealm)
        decoder.report(.badSaslauthdText, node.span, message, help: help)
        return nil
      }
    }
  }
}

extension Plan.Saslauthd.Flaw {
  fileprivate func words(_ isRealm: Bool) -> (message: String, help: String?) {
    switch self {
    case .empty: ("the text is empty", "remove it")
    case .tooLong: ("saslauthd takes texts of \(Plan.Saslauthd.maxText) octets at most", nil)
    case .containsNUL: ("the text has a NUL in it", nil)
    case .parameter:
      isRealm
        ? ("only '{domain}' alone stands for something here", "realm: \"{domain}\", or the realm itself")
        : ("parameters in braces mean nothing here", "write the name of a file in /etc/pam.d, such as pop")
    }
  }
}
