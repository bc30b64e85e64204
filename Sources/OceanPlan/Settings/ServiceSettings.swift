package import OceanAddresses

extension Plan {
  package struct Service: Sendable, Hashable {
    package var name: String
    package var enabled: Bool
    /// Sorted by address, then port.
    package var listeners: [Listener]
    package var limits: Limits
    /// Names of `Plan.accounts`, in the order they are asked.
    package var accounts: [String]
    /// Clients with these addresses may log in without TLS, and nobody else: the empty set is "never",
    /// everything is "always". It is also empty if TLS is required and no network was named.
    package var plaintextLogin: AddressSet
    /// Nil if the service has no TLS at all.
    package var tls: TLS?
    package var ipControl: IPControl
    /// Whether failed logins count here, and blocked addresses are refused.
    package var antiHammering = true
    /// The mechanisms of AUTH, in the order of their cases.
    package var sasl: [SASLOffer] = [SASLOffer(.plain)]
    /// Proxies. Their connections begin with a PROXY header, which names the client; they may do nothing
    /// else.
    package var proxyFrom = AddressSet()

    package init(
      name: String, enabled: Bool = true, listeners: [Listener] = [],
      limits: Limits = Limits(), accounts: [String] = [], plaintextLogin: AddressSet = AddressSet(),
      tls: TLS? = nil, ipControl: IPControl = IPControl()
    ) {
      self.name = name
      self.enabled = enabled
      self.listeners = listeners
      self.limits = limits
      self.accounts = accounts
      self.plaintextLogin = plaintextLogin
      self.tls = tls
      self.ipControl = ipControl
    }
  }

  /// A mechanism of AUTH (RFC 5034) that gives the server a name and a password.
  package enum SASLMechanism: String, Sendable, Codable, CaseIterable {
    /// RFC 4616.
    case plain
    /// Older than any RFC; some clients have no other.
    case login
  }

  /// A mechanism of AUTH as a service offers it: once TLS is active.
  package struct SASLOffer: Sendable, Hashable {
    package let mechanism: SASLMechanism
    /// Whether it is also offered without TLS, to those whom `plaintextLogin` lets log in so.
    package let isWithoutTLS: Bool

    package init(_ mechanism: SASLMechanism, withoutTLS: Bool = false) {
      (self.mechanism, isWithoutTLS) = (mechanism, withoutTLS)
    }
  }

  /// Every number that bounds a session. Each of them is finite.
  package struct Limits: Sendable, Hashable {
    /// How many sessions the service may have at one time, over all its listeners.
    package var connections = 200
    /// Seconds without traffic after which a session is closed.
    package var idleSeconds = 600
    /// Seconds a client has to log in.
    package var loginSeconds = 60
    /// Seconds a TLS handshake may take.
    package var handshakeSeconds = 30
    /// Failed logins after which the connection is closed.
    package var loginAttempts = 3
    /// Commands in a row that are not commands, after which the connection is closed.
    package var badCommands = 10
    /// Milliseconds from a failed login to its reply.
    package var failureDelayMilliseconds = 2000
    /// Octets of a command line, its CRLF included (RFC 2449 §4).
    package var lineOctets = 255
    /// Octets of replies a session may have waiting for a client that does not read.
    package var outputOctets = 128 * 1024

    package init() {}
  }
}

extension Plan.Service: PlanSection {
  package static let blank = Plan.Service(name: "")

  package static let enabled = PlanSetting<Self, Bool>(
    "enabled", \.enabled, .flag, .running, owner: .policy, direction: .onIsWeaker, isOfWayIn: true)
  /// A plan does not know who is in a source.
  package static let accounts = PlanSetting<Self, [String]>(
    "accounts", \.accounts, .names, .accounts, .nextLogin, owner: .policy, direction: .neither)
  /// How much the service takes on, not what one client may do.
  package static let maxConnections = PlanSetting<Self, Int>(
    "max_connections", \.limits.connections, .integer(1...100_000), .limits, .counts,
    owner: .policy, direction: .neither)
  package static let idleTimeout = PlanSetting<Self, Int>(
    "idle_timeout", \.limits.idleSeconds, .duration(1...86_400), .limits, .newSessions, owner: .policy,
    direction: .neither)
  package static let handshakeTimeout = PlanSetting<Self, Int>(
    "handshake_timeout", \.limits.handshakeSeconds, .duration(1...3600), .limits, owner: .policy,
    direction: .neither)
  package static let loginTimeout = PlanSetting<Self, Int>(
    "login_timeout", \.limits.loginSeconds, .duration(1...3600), .limits, .newSessions, owner: .policy,
    direction: .neither)
  package static let maxLoginAttempts = PlanSetting<Self, Int>(
    "max_login_attempts", \.limits.loginAttempts, .integer(1...100), .limits, .newSessions,
    owner: .policy, direction: .largerIsWeaker)
  package static let maxBadCommands = PlanSetting<Self, Int>(
    "max_bad_commands", \.limits.badCommands, .integer(1...1000), .limits, .newSessions,
    owner: .policy, direction: .largerIsWeaker)
  package static let failureDelay = PlanSetting<Self, Int>(
    "failure_delay", \.limits.failureDelayMilliseconds, .milliseconds(0...60_000), .limits,
    owner: .policy, direction: .largerIsStronger)
  package static let lineOctets = PlanSetting<Self, Int>(
    "line_octets", \.limits.lineOctets, .integer(255...65_536), .limits, owner: .policy, direction: .neither)
  package static let outputOctets = PlanSetting<Self, Int>(
    "output_octets", \.limits.outputOctets, .integer(4096...(16 << 20)), .limits, owner: .policy,
    direction: .neither)
  package static let listeners = PlanSetting<Self, [Plan.Listener]>(
    "listeners", \.listeners, .listeners, .service(otherwise: .listenerMoved), owner: .listeners,
    direction: .neither,
    isOfWayIn: true)
  package static let plaintextLogin = PlanSetting<Self, AddressSet>(
    "plaintext_login", \.plaintextLogin, .addresses(word: { plaintextLoginWord($0) }),
    .always(.plaintextLogin), .newSessions, owner: .policy, direction: .more(are: .weakened), isOfWayIn: true)
  /// The password travels as with USER and PASS. Who may send one without TLS is `plaintext_login` alone; here is by which
  /// further commands.
  package static let sasl = PlanSetting<Self, [Plan.SASLOffer]>(
    "sasl", \.sasl, .mechanisms, .sasl, .newSessions, owner: .policy, direction: .moreWithoutTLS)
  package static let antiHammering = PlanSetting<Self, Bool>(
    "anti_hammering", \.antiHammering, .flag, .antiHammering, owner: .policy, direction: .onIsStronger)
  package static let proxyFrom = PlanSetting<Self, AddressSet>(
    "proxy_from", \.proxyFrom, .addresses, .always(.proxies), .newConnections,
    owner: .policy, direction: .more(are: .weakened),
    explanation: .init(
      stage: .proxy, text: "a proxy: the address in its PROXY header decides, not its own"),
    isOfWayIn: true)

  package static let rows: [PlanRow<Self>] = [
    .name(\.name), PlanRow(enabled), PlanRow(accounts), PlanRow(maxConnections),
    PlanRow(idleTimeout), PlanRow(handshakeTimeout), PlanRow(loginTimeout), PlanRow(maxLoginAttempts),
    PlanRow(maxBadCommands), PlanRow(failureDelay), PlanRow(lineOctets), PlanRow(outputOctets),
    .tls("tls", \.tls), PlanRow(listeners), PlanRow(addresses: plaintextLogin), PlanRow(sasl),
    PlanRow(antiHammering),
    PlanRow(addresses: proxyFrom), .section(IPControl.key, \.ipControl),
  ]

  /// The word for some addresses, if they have one: `never`, `loopback` or `always`.
  static func plaintextLoginWord(_ addresses: AddressSet) -> String? {
    if addresses.isEmpty { return "never" }
    if addresses == .loopback { return "loopback" }
    return addresses == .all ? "always" : nil
  }

  /// The addresses that a word stands for.
  static func plaintextLogin(_ word: String) -> AddressSet? {
    switch word {
    case "never": AddressSet()
    case "loopback": .loopback
    case "always": .all
    default: nil
    }
  }
}

extension DirectionRule where Value == [Plan.SASLOffer] {
  fileprivate static var moreWithoutTLS: Self {
    @Sendable func open(_ offers: [Plan.SASLOffer]) -> Set<Plan.SASLMechanism> {
      Set(offers.filter(\.isWithoutTLS).map(\.mechanism))
    }
    return Self(
      "more without TLS", "fewer without TLS",
      values: { before, after in
        Direction(
          isWeakened: !open(after).isSubset(of: open(before)),
          isStrengthened: !open(before).isSubset(of: open(after)))
      })
  }
}

extension Plan.SASLOffer: Codable {
  private enum CodingKeys: String, CodingKey {
    case mechanism
    case isWithoutTLS = "without_tls"
  }

  package init(from decoder: any Decoder) throws {
    if let mechanism = try? decoder.singleValueContainer().decode(Plan.SASLMechanism.self) {
      self.init(mechanism)
      return
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(Plan.SASLMechanism.self, forKey: .mechanism),
      withoutTLS: try container.decode(Bool.self, forKey: .isWithoutTLS))
  }

  package func encode(to encoder: any Encoder) throws {
    guard isWithoutTLS else {
      var container = encoder.singleValueContainer()
      return try container.encode(mechanism)
    }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mechanism, forKey: .mechanism)
    try container.encode(true, forKey: .isWithoutTLS)
  }
}

extension PlanValue<[Plan.Listener]> {
  fileprivate static let listeners = PlanValue(
    "a list of sockets: `address`, `port`, 1 to 65535, and `tls`, `none` or `implicit`",
    isValid: { listeners in
      Plan.Bounds.listeners.contains(listeners.count)
        && listeners.allSatisfy { Plan.Bounds.port.contains($0.port) }
    },
    other: { $0.isEmpty ? nil : Array($0.dropLast()) },
    shown: { listeners in
      .text(listeners.map { $0.tls == .none ? "\($0)" : "\($0) TLS" }.joined(separator: ", "))
    })
}

extension Plan.Service {
  /// The addresses that may connect: those of the white list; `defaultAction` and the black list decide about the
  /// others.
  package struct IPControl: Sendable, Hashable {
    package var defaultAction = DefaultAction.allow
    package var blackList = List()
    package var whiteList = List()

    package init(
      defaultAction: DefaultAction = .allow, blackList: List = List(), whiteList: List = List()
    ) {
      self.defaultAction = defaultAction
      self.blackList = blackList
      self.whiteList = whiteList
    }

    /// The treatment of an address that is on no list.
    package enum DefaultAction: String, Sendable, Hashable, Codable, CaseIterable {
      case allow
      case refuse
    }

    package struct List: Sendable, Hashable {
      /// Whether the list is consulted.
      package var enabled: Bool
      package var addresses: AddressSet

      package init(enabled: Bool = true, addresses: AddressSet = AddressSet()) {
        self.enabled = enabled
        self.addresses = addresses
      }

      /// The addresses that count: empty if the list is switched off.
      package var effective: AddressSet { enabled ? addresses : AddressSet() }
    }

    /// All addresses that may connect, apart from blocks and limits.
    package var allowed: AddressSet {
      switch defaultAction {
      case .allow: whiteList.effective.union(blackList.effective.complement)
      case .refuse: whiteList.effective
      }
    }

    /// Those of some addresses that may connect.
    package func allowed(among addresses: AddressSet) -> AddressSet {
      let white = addresses.intersection(whiteList.effective)
      guard defaultAction == .allow else { return white }
      return white.union(addresses.subtracting(blackList.effective))
    }
  }
}

extension Plan.Service.IPControl: PlanSection {
  package static let blank = Self()

  package static let defaultAction = PlanSetting<Self, DefaultAction>(
    "default", \.defaultAction, .word, .ipControl, owner: .policy,
    direction: .strongestFirst([.refuse, .allow]),
    isOfWayIn: true)

  package static let rows: [PlanRow<Self>] = [
    PlanRow(defaultAction), .section(blackListKey, \.blackList, isReversed: true),
    .section(whiteListKey, \.whiteList),
  ]

  static let key = "ip_control"
  private static let blackListKey = "black_list"
  private static let whiteListKey = "white_list"

  /// The path of the `ip_control` of what listens.
  ///
  /// - Parameter section: a service, or the monitor.
  package static func path(in section: SettingPath) -> SettingPath { section.appending(key) }
  package static func defaultActionPath(in section: SettingPath) -> SettingPath {
    defaultAction.path(in: path(in: section))
  }
  package static func blackListPath(in section: SettingPath) -> SettingPath {
    path(in: section).appending(blackListKey)
  }
  package static func whiteListPath(in section: SettingPath) -> SettingPath {
    path(in: section).appending(whiteListKey)
  }
}

/// The directions are those of the white list, which lets clients in.
extension Plan.Service.IPControl.List: PlanSection {
  package static let blank = Self()

  package static let enabled = PlanSetting<Self, Bool>(
    "enabled", \.enabled, .enabledUnlessOff, .ipControl, owner: .policy, direction: .onIsWeaker,
    isOfWayIn: true)
  /// The list itself. Its path is that of the section.
  package static let entries = PlanSetting<Self, AddressSet>(
    "", \.addresses, .addresses, .ipControl, owner: .policy, direction: .more(are: .weakened), isOfWayIn: true
  )

  package static let rows: [PlanRow<Self>] = [
    PlanRow(addresses: entries, writtenAs: "entries"), PlanRow(enabled),
  ]
}

extension PlanValue<Bool> {
  /// A switch that is shown only when it is off.
  fileprivate static let enabledUnlessOff = PlanValue(
    PlanValue.flag.summary, other: { !$0 }, shown: { $0 ? nil : .text("false") })
}
