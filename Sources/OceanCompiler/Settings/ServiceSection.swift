import OceanPlan
import OceanSyntax

extension Config {
  /// A service as written.
  struct Service: SectionRoot {
    typealias Lowered = Plan.Service

    var mistaken: Set<String> = []
    var enabled: Located<Bool>?
    var bind: Located<Bind>?
    var ports: Located<[Located<Int>]>?
    var maxConnections: Located<Int>?
    var idleTimeout: Located<Int>?
    var loginTimeout: Located<Int>?
    var maxLoginAttempts: Located<Int>?
    var maxBadCommands: Located<Int>?
    var accounts: Located<[Located<String>]>?
    var plaintextLogin: Located<PlaintextLogin>?
    var sasl: Located<[Located<SASLOffer>]>?
    var tls: Located<TLS>?
    var ipControl: Located<IPControl>?
    var antiHammering: Located<Bool>?
    var proxyFrom: Located<AddressEntries>?
  }

  /// A mechanism of AUTH as written: its name, or a mapping.
  struct SASLOffer: SectionRoot {
    var mistaken: Set<String> = []
    var mechanism: Located<Plan.SASLMechanism>?
    var isWithoutTLS: Located<Bool>?
  }
}

extension Settings {
  static let saslOffer = Section<Config.SASLOffer>(
    summary: "a mechanism of AUTH",
    example: "{ mechanism: login, without_tls: true }",
    settings: [
      Setting(
        "mechanism", .saslMechanism, \.mechanism, required: "login", "The mechanism."),
      Setting(
        "without_tls", .boolean, \.isWithoutTLS, default: .written("false"),
        "Whether clients that `plaintext_login` names may use it without TLS."),
    ])

  static let service = Section<Config.Service>(
    summary: "a service",
    removed: ["kind": "every service speaks POP3: remove the line"],
    settings: [
      Setting(
        Plan.Service.enabled, \.enabled,
        "Whether the service runs. A disabled service is still checked."),
      Setting(
        "bind", .serviceBind, \.bind, default: .written("default"),
        "The addresses it listens on: those of the server section, all, or its own."),
      Setting(
        "ports", .list(.integer(Plan.Bounds.port), of: "ports"), \.ports,
        default: .written("\(Defaults.port)"),
        "The ports it listens on in plain text, on each of its addresses."),
      Setting(
        Plan.Service.maxConnections, \.maxConnections,
        "The most sessions at one time, over all its addresses and ports. A further client gets an error and is closed."
      ),
      Setting(
        Plan.Service.idleTimeout, \.idleTimeout,
        "A session without traffic for this long is closed, and nothing is deleted. RFC 1939 wants at least 10m."
      ),
      Setting(
        Plan.Service.loginTimeout, \.loginTimeout,
        "How long a client may take to log in."),
      Setting(
        Plan.Service.maxLoginAttempts, \.maxLoginAttempts,
        "Failed logins after which a connection is closed."),
      Setting(
        Plan.Service.maxBadCommands, \.maxBadCommands,
        "Unknown or malformed commands in a row after which a connection is closed."),
      Setting(
        Plan.Service.accounts, .list(.name(of: "an account source"), of: "names of account sources"),
        \.accounts,
        default: .words("all, in the order of their names"),
        "The account sources whose accounts may log in, asked in this order."),
      Setting(
        Plan.Service.plaintextLogin, .plaintextLogin, \.plaintextLogin,
        default: .words("`loopback`; `never` where `tls.explicit` is `required`"),
        "The clients that may send their password in clear text, without TLS. `always` and addresses of other hosts bring a "
          + "warning."),
      Setting(
        Plan.Service.sasl,
        .list(.saslOffer, of: "mechanisms of AUTH"),
        \.sasl, default: .written("[plain]"),
        "The mechanisms of AUTH (RFC 5034), which clients may use once TLS is active. `plain` is what most clients do; `login` "
          + "is for old ones that have no other. `[]` leaves USER and PASS alone. `{ mechanism: login, without_tls: true }` "
          + "offers one also without TLS, to the clients that `plaintext_login` names, and to nobody else."),
      Setting(
        "ip_control", .section(ipControl), \.ipControl,
        "Which addresses may connect, decided before a byte is sent. Each setting that is not given here comes from "
          + "`service_defaults.ip_control`. A block comes first, then the white list, the black list, and `default`."
      ),
      Setting(
        Plan.Service.antiHammering, \.antiHammering,
        "Whether failed logins here count, and blocked addresses are kept out. The numbers are in the server section."
      ),
      Setting(
        Plan.Service.proxyFrom, \.proxyFrom,
        "Proxies such as HAProxy, which must begin with a PROXY header (version 1 or 2) that tells the client's address; "
          + "rules, limits and logs then see that. No other client may send one."),
      Setting(
        "tls", .section(tls), \.tls,
        "TLS. Each setting that is not given here comes from `service_defaults.tls`."),
    ])
}

extension ValueType where Value == Plan.SASLMechanism {
  static let saslMechanism = choice(Plan.SASLMechanism.allCases.map { ($0.rawValue, $0) })
}

extension ValueType where Value == Config.SASLOffer {
  /// The name of a mechanism, or a mapping.
  static let saslOffer = ValueType(
    summary: "the name of a mechanism, or a mapping",
    schema: ["anyOf": [ValueType<Plan.SASLMechanism>.saslMechanism.schema, Settings.saslOffer.schema]],
    children: Settings.saslOffer.rows
  ) { node, decoder in
    if case .mapping = node.content { return Settings.saslOffer.decode(node, &decoder) }
    return ValueType<Plan.SASLMechanism>.saslMechanism.decode(node, &decoder).map { mechanism in
      var offer = Config.SASLOffer()
      offer.mechanism = Located(mechanism, node.span)
      return offer
    }
  }
}
