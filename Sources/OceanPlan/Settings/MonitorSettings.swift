package import OceanAddresses

extension Plan {
  /// The listener for metrics and the page about what the server does.
  package struct Monitor: Sendable, Hashable {
    /// Sorted; none without a monitor.
    package var bind: [Endpoint] = []
    /// The place of the token that requests must have; nil if none is needed.
    package var token: SecretSource?
    /// The addresses that may connect.
    package var ipControl = Service.IPControl()

    package init(
      bind: [Endpoint] = [], token: SecretSource? = nil, ipControl: Service.IPControl = .blank
    ) {
      (self.bind, self.token, self.ipControl) = (bind, token, ipControl)
    }

    /// The endpoints that other hosts can reach, perhaps.
    package var reachable: [Endpoint] { bind.filter { !$0.address.isLoopback } }

    /// Why the rules alone do not guard an endpoint that other hosts can reach.
    package enum Opening: Sendable {
      /// Addresses that are on no list come in.
      case byDefault
      /// The white list has every address of the family.
      case byWhiteList(IPFamily)
    }

    /// Nil if only those whom somebody has named may connect to an endpoint.
    package func opening(at endpoint: Endpoint) -> Opening? {
      guard ipControl.defaultAction == .refuse else { return .byDefault }
      let family = endpoint.address.family
      let isEverybody = AddressSet.all(family).isSubset(of: ipControl.whiteList.effective)
      return isEverybody ? .byWhiteList(family) : nil
    }

    /// The way in for its clients; nil without a monitor.
    package var way: WayIn? { bind.isEmpty ? nil : way() }

    private func way(to listeners: [Listener]? = nil, at destination: IPAddress? = nil) -> WayIn {
      let all = bind.map { Listener(address: $0.address, port: $0.port, tls: .none) }
      return WayIn(
        Service(name: Self.path.key, listeners: all, ipControl: ipControl), in: Self.path, to: listeners,
        at: destination)
    }

    /// The way in that a target means; nil if it is not the monitor.
    func way(to target: ExplanationTarget) -> WayIn? {
      switch target {
      case .service(let name): return name == Self.path.key ? way : nil
      case .endpoint(let endpoint):
        guard let own = bind.first(where: { $0 == endpoint }) ?? bind.first(where: endpoint.overlaps) else {
          return nil
        }
        let listener = Listener(address: own.address, port: own.port, tls: .none)
        return way(to: [listener], at: endpoint.address)
      }
    }
  }
}

extension Plan.Monitor: PlanSection {
  package static let blank = Self()

  package static let bind = PlanSetting<Self, [Endpoint]>(
    "bind", \.bind, .endpoints, .always(.monitor), owner: .endpoints, direction: .moreAreWeaker)
  /// What has no monitor is read by nobody.
  package static let token = PlanSetting<Self, Plan.SecretSource?>(
    "token", \.token, .secret, .always(.monitor), .other("for requests from now on"),
    owner: .place,
    direction: DirectionRule(
      "none", "one where there was none",
      section: { before, after in
        guard !before.bind.isEmpty, !after.bind.isEmpty else { return nil }
        return Direction(
          isWeakened: before.token != nil && after.token == nil,
          isStrengthened: before.token == nil && after.token != nil)
      }))

  package static let rows: [PlanRow<Self>] = [
    PlanRow(bind), PlanRow(token),
    .sectionUnlessBlank(Plan.Service.IPControl.key, \.ipControl, isListed: true),
  ]

  package static let path = SettingPath.root.appending("monitor")

  /// The path of one of its endpoints, for its place.
  package static func path(of endpoint: Endpoint) -> SettingPath {
    bind.path(in: path).appending("\(endpoint)")
  }

  /// Half a sentence: why no config compiles to it; nil if one does.
  ///
  /// - Parameter services: the endpoints of the services that run.
  func flaw(beside services: Set<Endpoint>) -> String? {
    if token == nil, let open = reachable.first(where: { opening(at: $0) != nil }) {
      return "the monitor listens on \(open), where every host can reach it, without a token"
    }
    return bind.first(where: services.contains).map { "a service and the monitor listen on \($0)" }
  }
}

extension DirectionRule where Value == [Endpoint] {
  fileprivate static var moreAreWeaker: Self {
    // A list that only grows or shrinks has one direction.
    DirectionRule(
      "more, or one that other hosts can reach", "fewer",
      values: { before, after in
        Direction(
          isWeakened: !Set(after).isSubset(of: before), isStrengthened: !Set(before).isSubset(of: after))
      })
  }
}

extension PlanValue<[Endpoint]> {
  fileprivate static let endpoints = PlanValue(
    summary: "a list of an address and a port, `127.0.0.1:9464`; absent without a monitor",
    shown: { $0.isEmpty ? nil : .text($0.map(\.description).joined(separator: ", ")) },
    read: { container, key in
      try container.decode([String].self, forKey: key).map { text in
        guard let endpoint = Endpoint(parsing: text) else {
          throw DecodingError.dataCorruptedError(
            forKey: key, in: container, debugDescription: "'\(text)' is not an address and a port")
        }
        return endpoint
      }
    },
    write: { try $1.encode($0.map(\.description), forKey: $2) },
    isValid: { endpoints in
      endpoints.count <= Plan.Bounds.monitorListeners
        && zip(endpoints, endpoints.dropFirst()).allSatisfy { $0 < $1 }
        && endpoints.allSatisfy { Plan.Bounds.port.contains($0.port) }
    },
    other: { $0.isEmpty ? [Endpoint(address: .loopback(.v4), port: 9464)] : Array($0.dropLast()) })
}
