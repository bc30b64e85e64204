import OceanAddresses
import OceanPlan
import OceanSyntax

extension Lowering {
  /// The monitor of the plan; blank if the config has none.
  ///
  /// - Parameter services: it must not want what they have.
  mutating func lowerMonitor(beside services: [LoweredService]) -> Plan.Monitor {
    guard let given = config.monitor else { return Plan.Monitor() }
    let places = monitorPlaces(given)
    checkConflicts(places, with: services)
    note(given.span, Plan.Monitor.path)
    let (control, isControlKnown) = lowerIPControl(
      given.value.ipControl, in: Plan.Monitor.path, isMistaken: given.value.isMistaken("ip_control"))
    let monitor = Plan.Monitor(
      bind: places.keys.sorted(),
      token: take(given.value.token, Plan.Monitor.token.path(in: Plan.Monitor.path)), ipControl: control)
    if let token = given.value.token { checkToken(token) }
    guard isControlKnown else { return monitor }
    if let span = given.value.ipControl?.span {
      checkWhoMayConnect(control, Reach(of: monitor.bind.map(\.address)), in: Plan.Monitor.path, span)
    }
    if monitor.token == nil, !given.value.isMistaken("token") { checkOpening(monitor, given, places) }
    return monitor
  }

  /// Reports a monitor without a token that strangers can reach.
  private mutating func checkOpening(
    _ monitor: Plan.Monitor, _ given: Located<Config.Monitor>, _ places: [Endpoint: Span]
  ) {
    for endpoint in monitor.reachable {
      guard let opening = monitor.opening(at: endpoint) else { continue }
      let control = given.value.ipControl
      let (reason, otherwise) =
        switch opening {
        case .byDefault where control == nil:
          ("", "ip_control: { default: refuse, white_list: […] } with those who may ask")
        case .byDefault:
          (", and its ip_control lets in everybody who is on no list", "default: refuse in ip_control")
        case .byWhiteList(let family):
          (", and its white list has every \(family.name) address", "a shorter white list")
        }
      return report(
        .openMonitor, places[endpoint] ?? given.span,
        "the monitor listens on \(endpoint), where other hosts may reach it, and needs no token\(reason)",
        related: control.map { [Diagnostic.Related("ip_control", at: $0.span)] } ?? [],
        help: "write bind: [\(Defaults.monitor)], add a token: \(Self.makingToken), or write \(otherwise)")
    }
  }

  /// The endpoints that the monitor listens on, with the place of each.
  private mutating func monitorPlaces(_ given: Located<Config.Monitor>) -> [Endpoint: Span] {
    guard let bind = given.value.bind else {
      return given.value.isMistaken("bind") ? [:] : [Defaults.monitor: given.key ?? given.span]
    }
    note(bind.span, Plan.Monitor.bind.path(in: Plan.Monitor.path))
    if bind.value.isEmpty, !given.value.isMistaken("bind") {
      report(
        .emptyValue, bind.span, "an empty list binds nothing", help: "for no monitor, remove 'monitor'")
    }
    if bind.value.count > Plan.Bounds.monitorListeners {
      report(
        .tooManyListeners, bind.span, "the monitor would listen on \(bind.value.count) addresses",
        help: "it may have \(Plan.Bounds.monitorListeners)")
    }
    var places: [Endpoint: Span] = [:]
    for endpoint in bind.value {
      if let other = places.keys.filter({ $0.overlaps(endpoint.value) }).min(), let first = places[other] {
        report(
          .repeatedEntry, endpoint.span, "the monitor listens on \(other) already",
          related: [Diagnostic.Related("here", at: first)])
        continue
      }
      places[endpoint.value] = endpoint.span
      note(endpoint.span, Plan.Monitor.path(of: endpoint.value))
      checkIsLocal(endpoint.value.address, endpoint.span)
    }
    return places
  }

  private mutating func checkConflicts(_ places: [Endpoint: Span], with services: [LoweredService]) {
    for service in services where service.plan.enabled {
      for listener in service.plan.listeners {
        for (endpoint, span) in places.sorted(by: { $0.key < $1.key })
        where endpoint.overlaps(listener.endpoint) {
          report(
            .listenerConflict, span,
            "the monitor wants \(endpoint), but '\(service.plan.name)' listens on \(listener)",
            related: service.places[listener].map { [Diagnostic.Related("'\(service.plan.name)'", at: $0)] }
              ?? [],
            help: "give one of them another address or port")
        }
      }
    }
  }

  // MARK: - The token

  private static let makingToken = "head -c 24 /dev/urandom | base64 > monitor.token"

  private mutating func checkToken(_ token: Located<Plan.SecretSource>) {
    let what = token.value.description
    guard let found = facts.monitorToken else {
      return reportNotChecked("the monitor's token, \(what) (not among the facts)")
    }
    if found.state == .read, !found.isUsable {
      report(
        .unusableToken, token.span, "\(what) does not hold a token: 16 to 256 visible ASCII characters",
        help: "make one that nobody can guess: \(Self.making(token.value))")
    }
    reportUnread(
      what, token.span, found.state, as: .unusableToken, help: "make one: \(Self.making(token.value))")
    reportExposed(token, as: .tokenExposed, "monitor's token", advice: "make a new one")
  }

  /// The command that makes a token which others cannot read.
  private static func making(_ source: Plan.SecretSource) -> String {
    guard case .file(let path) = source else { return "head -c 24 /dev/urandom | base64" }
    return "(umask 077; head -c 24 /dev/urandom | base64 > \(shellWord(path)))"
  }
}
