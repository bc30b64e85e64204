extension Plan.Server {
  /// Numbers that bound what addresses may do, over all services together.
  package struct Limits: Sendable, Hashable, Codable {
    /// Connections of one address at a time. IPv6 addresses count by prefix.
    package var connectionsPerIP: Int
    /// Addresses for which another number holds: disjoint, sorted by number.
    package var exceptions: [Exception]
    /// Connections of all addresses that are not logged in yet.
    package var preloginConnections: Int
    /// New connections of one address in a minute; nil sets no limit.
    package var connectionsPerMinute: Int?
    /// How many leading bits of an IPv6 address stand for one client.
    package var ipv6Prefix: Int

    package init(
      connectionsPerIP: Int = 20, exceptions: [Exception] = [], preloginConnections: Int = 1000,
      connectionsPerMinute: Int? = nil, ipv6Prefix: Int = 64
    ) {
      self.connectionsPerIP = connectionsPerIP
      self.exceptions = exceptions
      self.preloginConnections = preloginConnections
      self.connectionsPerMinute = connectionsPerMinute
      self.ipv6Prefix = ipv6Prefix
    }

    // The spelling that the conversion to and from snake case agrees about.
    private enum CodingKeys: String, CodingKey {
      case connectionsPerIP = "connectionsPerIp"
      case exceptions, preloginConnections, connectionsPerMinute, ipv6Prefix
    }

    package struct Exception: Sendable, Hashable, Codable {
      package var from: AddressSet
      package var connectionsPerIP: Int

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

  /// When an address that guesses passwords is blocked, and for how long.
  package struct AntiHammering: Sendable, Hashable, Codable {
    /// An address that exceeds it is blocked.
    package var maxFailures: Int
    /// Failures are forgotten once none has followed for this long.
    package var forgetSeconds: Int
    package var blockSeconds: Int
    /// 127.0.0.1 and ::1 are always among them.
    package var neverBlock: AddressSet

    package init(
      maxFailures: Int = 5, forgetSeconds: Int = 900, blockSeconds: Int = 1800,
      neverBlock: AddressSet = .localhost
    ) {
      self.maxFailures = maxFailures
      self.forgetSeconds = forgetSeconds
      self.blockSeconds = blockSeconds
      self.neverBlock = neverBlock
    }
  }
}

extension Plan.Service {
  /// Which addresses may connect: those of the white list, and of the others those that `standard` says.
  package struct IPControl: Sendable, Hashable, Codable {
    package var standard: Standard
    package var blackList: List
    package var whiteList: List

    package init(
      standard: Standard = .allow, blackList: List = List(), whiteList: List = List()
    ) {
      self.standard = standard
      self.blackList = blackList
      self.whiteList = whiteList
    }

    private enum CodingKeys: String, CodingKey {
      case standard = "default"
      case blackList, whiteList
    }

    /// What is done with an address that no list names.
    package enum Standard: String, Sendable, Hashable, Codable {
      case allow
      case refuse
    }

    package struct List: Sendable, Hashable, Codable {
      /// Whether it is consulted.
      package var enabled: Bool
      package var addresses: AddressSet

      package init(enabled: Bool = true, addresses: AddressSet = AddressSet()) {
        self.enabled = enabled
        self.addresses = addresses
      }

      /// Those that count: none if it is switched off.
      package var effective: AddressSet { enabled ? addresses : AddressSet() }
    }

    /// Everybody who may connect, bans and limits aside.
    package var allowed: AddressSet {
      switch standard {
      case .allow: whiteList.effective.union(blackList.effective.complement)
      case .refuse: whiteList.effective
      }
    }
  }
}

extension Plan {
  /// Replaces the addresses of a list by its path, such as `services.pop3.ip_control.black_list`.
  package mutating func setAddresses(_ addresses: AddressSet, at path: String) {
    let exceptions = "server.limits.except."
    if path.hasPrefix(exceptions), let number = Int(path.dropFirst(exceptions.count)) {
      return server.limits.setException(number, to: addresses)
    }
    if path == "server.anti_hammering.never_block" {
      server.antiHammering.neverBlock = addresses.union(.localhost)
    }
    for index in services.indices {
      switch path {
      case "services.\(services[index].name).ip_control.black_list":
        services[index].ipControl.blackList.addresses = addresses
      case "services.\(services[index].name).ip_control.white_list":
        services[index].ipControl.whiteList.addresses = addresses
      case "services.\(services[index].name).plaintext_login": services[index].plaintextLogin = addresses
      case "services.\(services[index].name).proxy_from": services[index].proxyFrom = addresses
      default: break
      }
    }
  }
}

extension Plan.Server.Limits {
  /// Makes a number hold for some addresses, but for those that other exceptions hold for: which of two came first, the
  /// config says.
  fileprivate mutating func setException(_ number: Int, to addresses: AddressSet) {
    let others = exceptions.filter { $0.connectionsPerIP != number }
    let from = others.reduce(addresses) { $0.subtracting($1.from) }
    exceptions = others + (from.isEmpty ? [] : [Exception(from: from, connectionsPerIP: number)])
    exceptions.sort { $0.connectionsPerIP < $1.connectionsPerIP }
  }
}

extension AddressSet {
  /// 127.0.0.1 and ::1: where the connections of this host's own programs come from.
  package static let localhost = AddressSet(IPFamily.allCases.map { AddressPattern(IPAddress.loopback($0)) })

  /// 127.0.0.0/8 and ::1.
  package static let loopback = AddressSet([
    AddressPattern(IPPrefix(IPAddress(v4: 127 << 24), length: 8)), AddressPattern(IPAddress.loopback(.v6)),
  ])

  /// The lowest address, IPv4 before IPv6.
  package var first: IPAddress? {
    for family in IPFamily.allCases {
      for range in ranges(of: family) { return range.first }
    }
    return nil
  }

  package var isSingle: Bool {
    first.map { self == AddressSet([AddressPattern($0)]) } ?? false
  }

  /// For a line of text: the blocks, or how many there are if they are many.
  package var summary: String {
    if isEmpty { return "none" }
    if self == .all { return "everywhere" }
    return isLong ? counts : shortDescription
  }

  /// Whether it is more than a line should list.
  var isLong: Bool {
    guard self != .all else { return false }
    let few = IPFamily.allCases.map { Array(prefixes(of: $0).prefix(Self.mostShown + 1)).count }
    return few.reduce(0, +) > Self.mostShown
  }

  /// The blocks, single addresses without a length.
  var shortDescription: String {
    var text: [UInt8] = []
    for family in IPFamily.allCases {
      for prefix in prefixes(of: family) {
        if !text.isEmpty {
          text.append(UInt8(ascii: ","))
          text.append(UInt8(ascii: " "))
        }
        if prefix.length == family.bits {
          text.append(textOf: prefix.network)
        } else {
          text.append(textOf: prefix)
        }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// `256 IPv4, 0 IPv6`
  package var counts: String { "\(count(.v4)) IPv4, \(count(.v6)) IPv6" }

  private static var mostShown: Int { 8 }
}

extension IPPrefix {
  /// Without the length where it is one address.
  package var short: String { length == family.bits ? "\(network)" : "\(self)" }
}
