import OceanAddresses

/// The way of a client with some address, step by step: the output of `ocean explain`.
package struct Explanation: Sendable, Hashable, Encodable {
  package static let formatVersion = 1

  package var formatVersion = Explanation.formatVersion
  package var verdict: Verdict
  package var service: String
  package var steps: [Step]

  package enum Verdict: String, Sendable, Hashable, Encodable {
    case allowed
    case refused
  }

  package struct Step: Sendable, Hashable, Encodable {
    package var stage: Stage
    /// One word: `match`, `none`, `skipped`, `refused` and the like.
    package var outcome: Outcome
    /// The text for people.
    package var detail: String
    /// The place in the config that says it; nil for a default.
    package var span: Provenance.Origin?
    /// Whether this step decided the verdict.
    package var decisive = false

    package init(
      _ stage: Stage, _ outcome: Outcome, _ detail: String, span: Provenance.Origin? = nil,
      decisive: Bool = false
    ) {
      self.stage = stage
      self.outcome = outcome
      self.detail = detail
      self.span = span
      self.decisive = decisive
    }
  }

  /// The steps, in their order.
  package enum Stage: String, Sendable, Hashable, Encodable {
    case service
    case listener
    case proxy
    case block
    case whiteList = "white_list"
    case blackList = "black_list"
    case defaultAction = "default"
    case limits
    case certificate
    /// What requests to the monitor must have.
    case token
    case login
    case account
    case mailbox

    /// The text for people.
    package var title: String {
      switch self {
      case .whiteList: "white list"
      case .blackList: "black list"
      default: rawValue
      }
    }
  }

  package enum Outcome: String, Sendable, Hashable, Encodable {
    case match
    /// No rule matches.
    case none
    /// The list was not asked, or is switched off.
    case skipped
    case passed
    case refused
  }
}

/// The listeners of a service that somebody connects to.
package enum ExplanationTarget: Sendable, Hashable {
  case service(String)
  case endpoint(Endpoint)
}

extension ExplanationTarget: CustomStringConvertible {
  package var description: String {
    switch self {
    case .service(let name): name
    case .endpoint(let endpoint): "\(endpoint)"
    }
  }
}

extension [Plan.Service] {
  /// The way in that a target means; nil if there is no such service, or nothing listens there.
  package func way(to target: ExplanationTarget) -> WayIn? {
    switch target {
    case .service(let name): return first { $0.name == name }.map { WayIn($0) }
    case .endpoint(let endpoint):
      return Sockets(self).taking(endpoint).map {
        WayIn($0.service, to: [$0.listener], at: endpoint.address)
      }
    }
  }
}

extension ExplanationTarget {
  /// Reads an address and port, or takes a text for the name of a service.
  package init(_ text: String) {
    self = Endpoint(parsing: text).map(Self.endpoint) ?? .service(text)
  }
}

extension Plan {
  /// The way in that a target means: to a service or, if there is none, to the monitor; nil if nothing is there.
  package func way(to target: ExplanationTarget) -> WayIn? {
    services.way(to: target) ?? monitor.way(to: target)
  }

  /// Decides about an attempt like the server, and says why.
  ///
  /// - Parameter live: the address's state on a running server; nil leaves blocks and counts out.
  package func explain(
    _ attempt: Attempt, on way: WayIn, _ provenance: Provenance, _ rules: PlanRules, live: AddressState?
  ) -> Explanation {
    let service = way.service
    let policy = AccessPolicy(way, of: server, rules: rules)
    let decision = policy.decide(attempt.client, live: live)
    let obstacle = way.obstacle(to: attempt, decision)
    let trace = Trace(
      plan: self, way: way, attempt: attempt, obstacle: obstacle, policy: policy, provenance: provenance,
      live: live)
    return Explanation(
      verdict: obstacle == nil ? .allowed : .refused, service: service.name, steps: trace.steps(decision))
  }
}

/// Makes the steps of one explanation.
private struct Trace {
  let plan: Plan
  let way: WayIn
  let attempt: Attempt
  /// What decides, if the attempt fails.
  let obstacle: Obstacle?
  let policy: AccessPolicy
  let provenance: Provenance
  let live: AddressState?

  typealias Step = Explanation.Step

  private typealias Service = Plan.Service
  private typealias Control = Plan.Service.IPControl

  private var service: Plan.Service { way.service }
  private var name: String { service.name }
  private var peer: IPAddress { attempt.client }

  private func place(of obstacle: Obstacle) -> Provenance.Origin? {
    provenance.place(of: obstacle, at: way)
  }

  func steps(_ decision: Decision) -> [Step] {
    if obstacle == .disabled {
      return [Step(.service, .refused, "switched off", span: place(of: .disabled), decisive: true)]
    }
    let listeners = way.reached(by: attempt)
    if way.isToMonitor { return listenerSteps(listeners) + routeSteps + ruleSteps(decision) + [tokenStep] }
    return listenerSteps(listeners) + routeSteps + listSteps
      + accessSteps(decision, isReachable: !isTurnedAway) + sessionSteps(listeners)
  }

  /// Whether no rule is asked about the client.
  private var isTurnedAway: Bool {
    switch obstacle {
    case .disabled, .unreachable, .isProxy, .notAProxy: true
    default: false
    }
  }

  private func listenerSteps(_ listeners: [Plan.Listener]) -> [Step] {
    guard obstacle != .unreachable else {
      let connecting = if case .proxy(let proxy) = attempt.route { proxy } else { peer }
      let family = connecting.family.name
      let detail =
        way.listeners.contains { $0.address.family == connecting.family }
        ? "reached over \(family) from this host only" : "not reachable over \(family)"
      return [Step(.listener, .refused, detail, span: place(of: .unreachable), decisive: true)]
    }
    return listeners.map { listener in
      Step(
        .listener, .match, service.text(of: listener),
        span: provenance[way.path(of: listener)])
    }
  }

  /// How the client comes, if that is not by itself.
  private var routeSteps: [Step] {
    let place = place(of: .notAProxy)
    switch attempt.route {
    case .direct: return []
    case .proxy(let proxy) where obstacle == .notAProxy:
      let detail = "\(proxy) is not in proxy_from: its header is not understood"
      return [Step(.proxy, .refused, detail, span: place, decisive: true)]
    case .proxy(let proxy):
      return obstacle == .unreachable ? [] : [Step(.proxy, .match, "\(proxy)", span: place)]
    case .any:
      guard obstacle != .unreachable, !way.listeners.contains(where: { way.isReached($0, from: peer) }) else {
        return []
      }
      return [Step(.proxy, .match, "only through a proxy: \(service.proxyFrom.summary)", span: place)]
    }
  }

  /// The meaning for the client of the service's other lists, besides those of `ip_control`.
  private var listSteps: [Step] {
    Service.rows.flatMap { $0.lists(service, way.section) }.compactMap { list in
      guard let explanation = list.explanation, list.addresses.contains(peer) else { return nil }
      let decides = obstacle == .isProxy && list.path == Service.proxyFrom.path(of: name)
      return Step(
        explanation.stage, decides ? .refused : .match, explanation.text, span: provenance[list.path],
        decisive: decides)
    }
  }

  /// - Parameter isReachable: whether the client reaches the service; if not, no step here decides.
  func accessSteps(_ decision: Decision, isReachable: Bool) -> [Step] {
    [blockStep(decidingReason(decision) == .block)] + ruleSteps(decision)
      + [limitStep(decision, isReachable: isReachable)]
  }

  /// The reason for a decision; nil if something else decides.
  private func decidingReason(_ decision: Decision) -> Decision.Reason? {
    switch (obstacle, decision) {
    case (nil, .allowed(let reason)), (.access, .refused(let reason)): reason
    default: nil
    }
  }

  /// The steps of `ip_control`.
  private func ruleSteps(_ decision: Decision) -> [Step] {
    let reason = decidingReason(decision)
    return [
      listStep(
        .whiteList, service.ipControl.whiteList, policy.rules.white, Control.whiteListPath(in: way.section)
      ) {
        reason == .whiteList($0)
      },
      listStep(
        .blackList, service.ipControl.blackList, policy.rules.black, Control.blackListPath(in: way.section)
      ) {
        reason == .blackList($0)
      },
      defaultActionStep(reason == .defaultAction),
    ]
  }

  private var tokenStep: Step {
    let place = provenance[Plan.Monitor.token.path(in: Plan.Monitor.path)]
    guard let token = plan.monitor.token else {
      return Step(.token, .passed, "none is needed: /metrics and the page, without names and addresses")
    }
    return Step(.token, .match, "/metrics and the page need the token, \(token)", span: place)
  }

  private func blockStep(_ isDecisive: Bool) -> Step {
    let hammering = provenance[Service.antiHammering.path(of: name)]
    if !service.antiHammering { return Step(.block, .skipped, "anti-hammering is off here", span: hammering) }
    if policy.antiHammering.neverBlock.contains(peer) {
      return Step(
        .block, .passed, "never blocked", span: provenance[Plan.Server.AntiHammering.neverBlockPath])
    }
    guard let live else { return Step(.block, .skipped, "not consulted (--live asks the server)") }
    let most = policy.antiHammering.maxFailures
    guard let block = live.block else {
      return Step(.block, .passed, "not blocked, \(live.failures) of \(most) failures")
    }
    return Step(
      .block, .refused, "blocked until \(block.until) after \(block.failures) failures", decisive: isDecisive)
  }

  private func listStep(
    _ stage: Explanation.Stage, _ list: Control.List, _ rules: CompiledRules, _ path: SettingPath,
    isDecisive: (UInt32) -> Bool
  ) -> Step {
    let place = provenance[path]
    guard let rule = rules.table.rule(for: peer) else {
      return Step(
        stage, list.enabled ? .none : .skipped, list.addresses.isEmpty ? "empty" : "no match", span: place)
    }
    let origin = rules.list.origin(of: rule)
    var detail = origin?.words ?? "match"
    if let via = origin?.via { detail += ", through '\(via)'" }
    // Rules of other lengths that also contain the address, least specific last.
    let others = Set(rules.table.allMatches(peer).map(\.rule)).subtracting([rule]).sorted()
      .compactMap { rules.list.origin(of: $0) }
    if !others.isEmpty {
      detail += "; also " + others.prefix(3).map { "\($0.words) (\($0.place))" }.joined(separator: ", ")
      if others.count > 3 { detail += " and \(others.count - 3) more" }
    }
    if stage == .blackList, service.ipControl.whiteList.enabled,
      policy.rules.white.table.rule(for: peer) != nil
    {
      detail += "; overruled by the white list"
    }
    if !list.enabled {
      return Step(stage, .skipped, "switched off; would match \(detail)", span: origin?.place ?? place)
    }
    return Step(stage, .match, detail, span: origin?.place ?? place, decisive: isDecisive(rule))
  }

  private func defaultActionStep(_ isDecisive: Bool) -> Step {
    let defaultAction = service.ipControl.defaultAction
    return Step(
      .defaultAction, defaultAction == .allow ? .passed : .refused, "\(defaultAction.rawValue)",
      span: place(of: .access(.defaultAction)), decisive: isDecisive)
  }

  private func limitStep(_ decision: Decision, isReachable: Bool) -> Step {
    let most = policy.connectionLimit(for: peer)
    let exception = policy.limits.exceptions.contains { $0.from.contains(peer) }
    let refusal: Decision.Reason? =
      switch decision {
      case .refused(let reason) where reason.isLimit: reason
      default: nil
      }
    let limit = refusal ?? .connectionsPerIP
    let place =
      exception && limit == .connectionsPerIP
      ? provenance[Plan.Server.Limits.path(ofException: most)] : place(of: .access(limit))
    func used(_ count: Int?, _ limit: Int) -> String { count.map { "\($0) of \(limit)" } ?? "\(limit)" }
    var parts = [
      "\(used(live?.connections, most)) per address",
      "\(used(live?.serviceConnections, policy.maxConnections)) in all",
      "\(used(live?.preloginConnections, policy.limits.preloginConnections)) before login",
    ]
    if let rate = policy.limits.connectionsPerMinute {
      parts.append(live?.isTooFast == true ? "all of \(rate) a minute used" : "\(rate) a minute")
    }
    return Step(
      .limits, refusal == nil ? .passed : .refused, parts.joined(separator: ", "), span: place,
      decisive: refusal != nil && isReachable)
  }

  /// The steps of a session that is let in.
  func sessionSteps(_ listeners: [Plan.Listener]) -> [Step] {
    var steps: [Step] = []
    if let tls = service.tls, let first = tls.certificates.first {
      let others = tls.certificates.dropFirst()
      let detail = others.isEmpty ? first : "\(first); by name also \(others.joined(separator: ", "))"
      steps.append(
        Step(
          .certificate, .match, detail,
          span: provenance[Service.TLS.certificate.path(in: Service.TLS.path(of: name))]))
    }
    switch obstacle {
    case .oldTLS(let lowest):
      guard case .tlsLogin(let best) = attempt.aim else { return steps }
      let detail = "offers \(lowest) and later, the client knows \(best) at best"
      return steps
        + [Step(.login, .refused, detail, span: place(of: .oldTLS(lowest: lowest)), decisive: true)]
    case .noTLS:
      return steps + [Step(.login, .refused, "no TLS there", span: place(of: .noTLS), decisive: true)]
    default: break
    }
    guard listeners.contains(where: { $0.tls == .none }) else {
      if obstacle == .needsTLS {
        steps.append(Step(.login, .refused, "only over TLS", decisive: true))
      }
      return steps
    }
    let isOpen = service.plaintextLogin.contains(peer)
    let detail =
      if isOpen {
        "a password may be sent in clear text" + service.plaintextMechanisms
      } else if (service.tls?.explicit ?? .off) != .off {
        "only after STLS on the plain ports"
      } else {
        "not on the plain ports: no password in clear text from here, and no STLS"
      }
    steps.append(
      Step(
        .login, isOpen ? .passed : obstacle == .needsTLS ? .refused : .skipped, detail,
        span: place(of: .needsTLS), decisive: obstacle == .needsTLS))
    return steps
  }
}

extension Plan.Service {
  /// The mechanisms of AUTH without TLS, as the end of a sentence about USER and PASS; empty without any.
  fileprivate var plaintextMechanisms: String {
    let names = sasl.filter(\.isWithoutTLS).map { "AUTH \($0.mechanism.rawValue.uppercased())" }
    return names.isEmpty ? "" : ", with \(names.joined(separator: " and ")) too"
  }
}

extension Explanation {
  package func json() throws -> [UInt8] { try CanonicalJSON.line(self) }
}
