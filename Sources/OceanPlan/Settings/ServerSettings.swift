package import OceanAddresses

extension Plan {
  package struct Server: Sendable, Hashable {
    /// The name in the greeting to clients.
    package var hostname: String
    /// The absolute path of the directory for locks and everything else the server keeps.
    package var state: String
    /// The user to become before serving; nil keeps the user that started the server.
    package var user: String?
    /// The domain of a login without `@`, in lower case.
    package var defaultDomain: String?
    /// How long sessions may go on after the server was asked to stop.
    package var drainSeconds = 30
    /// The place of the secret from which the keys of session tickets are derived, on all hosts that have it; nil for
    /// keys that no other process has.
    package var ticketSecret: SecretSource?
    package var limits = Limits()
    package var antiHammering = AntiHammering()
    package var sharedState = Plan.SharedState()

    package init(
      hostname: String, state: String = "/var/lib/ocean", user: String? = nil, defaultDomain: String? = nil
    ) {
      self.hostname = hostname
      self.state = state
      self.user = user
      self.defaultDomain = defaultDomain
    }
  }
}

extension Plan.Server: PlanSection {
  package static let blank = Plan.Server(hostname: "")

  package static let hostname = PlanSetting<Self, String>(
    "hostname", \.hostname, .text, .server, .other("in greetings from now on"), owner: .node,
    direction: .neither)
  package static let defaultDomain = PlanSetting<Self, String?>(
    "default_domain", \.defaultDomain, .optionalText, .server,
    .other("names without a domain mean different accounts from the next login on"), owner: .policy,
    direction: .neither)
  package static let user = PlanSetting<Self, String?>(
    "user", \.user, .optionalText, .server, .restart, owner: .node, direction: .neither)
  package static let state = PlanSetting<Self, String>(
    "state", \.state, .absolutePath, .server, .restart, owner: .node, direction: .neither)
  package static let drainTimeout = PlanSetting<Self, Int>(
    "drain_timeout", \.drainSeconds, .duration(0...86_400), .server, owner: .policy, direction: .neither)
  package static let ticketSecret = PlanSetting<Self, Plan.SecretSource?>(
    "ticket_secret", \.ticketSecret, .secret, .tls, .handshakes, owner: .place, direction: .neither)

  package static let rows: [PlanRow<Self>] = [
    PlanRow(hostname), PlanRow(defaultDomain), PlanRow(user), PlanRow(state), PlanRow(drainTimeout),
    PlanRow(ticketSecret),
    .section("limits", \.limits), .section("anti_hammering", \.antiHammering),
    .sectionUnlessBlank("shared_state", \.sharedState),
  ]
}

extension Plan.Server {
  /// Numbers that bound what addresses may do, over all services together.
  package struct Limits: Sendable, Hashable {
    /// How many connections one address may have at a time. IPv6 addresses count by prefix.
    package var connectionsPerIP = 20
    /// Addresses with a different number: disjoint, sorted by number.
    package var exceptions: [Exception] = []
    /// How many connections of all addresses may be open that are not logged in yet.
    package var preloginConnections = 1000
    /// How many new connections one address may open in a minute; nil sets no limit.
    package var connectionsPerMinute: Int?
    /// How many leading bits of an IPv6 address stand for one client.
    package var ipv6Prefix = 64

    package init() {}

    package struct Exception: Sendable, Hashable, Codable {
      package var from: AddressSet
      package var connectionsPerIP: Int

      // The spelling that survives the conversion to snake case and back.
      private enum CodingKeys: String, CodingKey {
        case connectionsPerIP = "connectionsPerIp"
        case from
      }

      package init(from: AddressSet, connectionsPerIP: Int) {
        self.from = from
        self.connectionsPerIP = connectionsPerIP
      }
    }
  }
}

extension Plan.Server.Limits: PlanSection {
  package static let blank = Self()

  package static let connectionsPerIP = PlanSetting<Self, Int>(
    "connections_per_ip", \.connectionsPerIP, .integer(1...100_000), .limits, .counts,
    owner: .policy,
    direction: DirectionRule("more", "less", section: { $0.direction(to: $1, ofExceptions: false) }))
  package static let except = PlanSetting<Self, [Exception]>(
    "except", \.exceptions, .exceptions, .limits, .counts,
    owner: .policy,
    direction: DirectionRule(
      "more for some addresses", "less for some addresses",
      section: { $0.direction(to: $1, ofExceptions: true) }))
  package static let preloginConnections = PlanSetting<Self, Int>(
    "prelogin_connections", \.preloginConnections, .integer(1...100_000), .limits,
    owner: .policy, direction: .largerIsWeaker)
  package static let connectionsPerMinute = PlanSetting<Self, Int?>(
    "connections_per_minute", \.connectionsPerMinute, .integerOrOff(1...100_000), .limits,
    owner: .policy, direction: .largerIsWeaker)
  /// The longer the prefix, the more clients one network can pass for.
  package static let ipv6Prefix = PlanSetting<Self, Int>(
    "ipv6_prefix", \.ipv6Prefix, .integer(16...128), .limits, .restart, owner: .policy,
    direction: .largerIsWeaker)

  package static let rows: [PlanRow<Self>] = [
    PlanRow(connectionsPerIP), PlanRow(exceptions: except), PlanRow(preloginConnections),
    PlanRow(connectionsPerMinute), PlanRow(ipv6Prefix),
  ]

  package static let path = SettingPath.root.appending("server").appending("limits")

  /// The path of the rules of an exception, in the section at `path`.
  package static func path(ofException number: Int, in path: SettingPath = path) -> SettingPath {
    except.path(in: path).appending("\(number)")
  }

  /// Sets a number for some addresses, except those with an exception of their own: the config says which of
  /// the two came first.
  fileprivate mutating func setException(_ number: Int, to addresses: AddressSet) {
    let others = exceptions.filter { $0.connectionsPerIP != number }
    let from = others.reduce(addresses) { $0.subtracting($1.from) }
    exceptions = others + (from.isEmpty ? [] : [Exception(from: from, connectionsPerIP: number)])
    exceptions.sort { $0.connectionsPerIP < $1.connectionsPerIP }
  }
}

extension Plan.Server.Limits {
  /// Addresses with another number than before.
  package struct NumberChange: Sendable {
    package let addresses: AddressSet
    package let before: Int
    package let after: Int
    /// Whether one of the numbers is an exception.
    package let isOfException: Bool
  }

  /// The addresses that have another number in `new`.
  package func numberChanges(to new: Self) -> [NumberChange] {
    numbers.flatMap { before in
      new.numbers.compactMap { after in
        guard before.number != after.number else { return nil }
        let addresses = before.from.intersection(after.from)
        guard !addresses.isEmpty else { return nil }
        return NumberChange(
          addresses: addresses, before: before.number, after: after.number,
          isOfException: before.isException || after.isException)
      }
    }
  }

  /// Every address with its number; the last is the one without an exception.
  private var numbers: [(from: AddressSet, number: Int, isException: Bool)] {
    let others = exceptions.reduce(AddressSet.all) { $0.subtracting($1.from) }
    return exceptions.map { ($0.from, $0.connectionsPerIP, true) } + [(others, connectionsPerIP, false)]
  }

  fileprivate func direction(to new: Self, ofExceptions: Bool) -> Direction? {
    let changes = numberChanges(to: new).filter { $0.isOfException == ofExceptions }
    return Direction(
      isWeakened: changes.contains { $0.before < $0.after },
      isStrengthened: changes.contains { $0.after < $0.before })
  }
}

extension PlanRow<Plan.Server.Limits> {
  /// Several lists, one for each number.
  fileprivate init(exceptions setting: PlanSetting<Plan.Server.Limits, [Plan.Server.Limits.Exception]>) {
    self.init(setting)
    lists = { limits, section in
      limits.exceptions.map { exception in
        PlanList(
          path: Plan.Server.Limits.path(ofException: exception.connectionsPerIP, in: section),
          addresses: exception.from, isRemainder: true)
      }
    }
    setAddresses = { limits, addresses, list, section in
      guard let number = list.components.last.flatMap({ Int($0) }),
        list == Plan.Server.Limits.path(ofException: number, in: section)
      else { return }
      limits.setException(number, to: addresses)
    }
  }
}

extension PlanValue<[Plan.Server.Limits.Exception]> {
  fileprivate static let exceptions = PlanValue(
    "a list of addresses, `from`, and the number that holds for each of them, `connections_per_ip`",
    isValid: { exceptions in
      exceptions.allSatisfy { Plan.Server.Limits.connectionsPerIP.type.isValid($0.connectionsPerIP) }
    },
    other: { $0.isEmpty ? [.init(from: .localhost, connectionsPerIP: 50)] : [] },
    shown: { $0.isEmpty ? nil : .exceptions($0) })
}

extension Plan.Server {
  /// The rules for blocking an address that guesses passwords: after how many failures, and for how long.
  package struct AntiHammering: Sendable, Hashable {
    /// The most failures: an address with more is blocked.
    package var maxFailures = 5
    /// Failures are forgotten if no other follows for this long.
    package var forgetSeconds = 900
    package var blockSeconds = 1800
    /// 127.0.0.1 and ::1 are always among them.
    package var neverBlock = AddressSet.localhost

    package init() {}
  }
}

extension Plan.Server.AntiHammering: PlanSection {
  package static let blank = Self()

  package static let maxFailures = PlanSetting<Self, Int>(
    "max_failures", \.maxFailures, .integer(1...100), .antiHammering, .other("for failures from now on"),
    owner: .policy, direction: .largerIsWeaker)
  package static let forgetAfter = PlanSetting<Self, Int>(
    "forget_after", \.forgetSeconds, .duration(1...(30 * 86_400)), .antiHammering,
    owner: .policy, direction: .largerIsStronger)
  package static let blockFor = PlanSetting<Self, Int>(
    "block_for", \.blockSeconds, .duration(1...(365 * 86_400)), .antiHammering, .other("for new blocks"),
    owner: .policy, direction: .largerIsStronger)
  package static let neverBlock = PlanSetting<Self, AddressSet>(
    "never_block", \.neverBlock, .addresses(always: .localhost), .antiHammering,
    .other("blocks of these addresses are lifted"), owner: .policy, direction: .more(are: .weakened))

  package static let path = SettingPath.root.appending("server").appending("anti_hammering")
  static let neverBlockPath = neverBlock.path(in: path)

  package static let rows: [PlanRow<Self>] = [
    PlanRow(maxFailures), PlanRow(forgetAfter), PlanRow(blockFor), PlanRow(addresses: neverBlock),
  ]
}
