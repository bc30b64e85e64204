package import OceanAddresses
import OceanBase

/// Judges cases and expectations about the services of one plan.
package struct CaseJudge {
  package typealias Accounts = (_ user: String, _ service: Plan.Service) -> AccountAnswer

  private let services: [Plan.Service]
  private let allCertificates: [Plan.Certificate]
  private let provenance: Provenance
  private let rules: PlanRules
  private let accounts: Accounts
  private let changes = RuleChanges()
  private var ways: [ExplanationTarget: WayIn?] = [:]
  private var certificates: [String: CertificateNames] = [:]

  package init(_ plan: Plan, _ provenance: Provenance, _ rules: PlanRules, accounts: @escaping Accounts) {
    self.init(plan.services, plan.certificates, provenance, rules, accounts: accounts)
  }

  package init(
    _ services: [Plan.Service], _ certificates: [Plan.Certificate], _ provenance: Provenance,
    _ rules: PlanRules,
    accounts: @escaping Accounts
  ) {
    self.services = services
    allCertificates = certificates
    self.provenance = provenance
    self.rules = rules
    self.accounts = accounts
  }

  /// What a case wants and is not so; empty if it holds.
  ///
  /// - Parameter mayBeAboutNobody: whether a case holds about clients that cannot come to any listener.
  package mutating func findings(of given: AccessCase, mayBeAboutNobody: Bool = false) -> [CaseFinding] {
    func nothing(_ reason: String) -> [CaseFinding] {
      [CaseFinding(wanted: "a case about somebody", found: "it is about nobody: \(reason)")]
    }
    if given.from.isEmpty { return nothing("no address is in its 'from'") }
    var ways: [WayIn] = []
    for target in given.to ?? services.filter(\.enabled).map({ .service($0.name) }) {
      guard let way = way(to: target) else { return nothing(target.absence(among: services)) }
      guard way.service.enabled else { return nothing("\(way.name) is switched off") }
      ways.append(way)
    }
    if ways.isEmpty { return nothing("no service is enabled") }
    // Of every service, one that they can come to is enough.
    let groups = given.to == nil ? [ways] : ways.map { [$0] }
    for group in mayBeAboutNobody ? [] : groups {
      if let reason = given.unheard(by: group) { return nothing(reason) }
    }
    return ways.flatMap { findings(of: given, at: $0) }
  }

  private mutating func way(to target: ExplanationTarget) -> WayIn? {
    if let known = ways[target] { return known }
    let way = services.way(to: target)
    ways[target] = .some(way)
    return way
  }

  /// What is known of an account.
  package func answer(_ user: String, _ service: Plan.Service) -> AccountAnswer { accounts(user, service) }

  /// Whether it is known that no source of a service has an account.
  package func isMissing(_ user: String, _ service: Plan.Service) -> Bool {
    if case .found(let account) = accounts(user, service) { account.place == nil } else { false }
  }

  /// The finding that rules refuse some clients of a case; nil if there are none.
  package func refusal(of clients: AddressSet, _ given: AccessCase, at way: WayIn) -> CaseFinding? {
    guard !clients.isEmpty else { return nil }
    let asked = Asked(given: given, way: way, account: nil, user: "")
    let violation = Violation(clients, among: given.from, causes: causes(of: clients, .connect, asked))
    return CaseFinding(wanted: "verdict: allow", found: violation.fault(.allow, .connect, at: way), violation)
  }

  // MARK: - At one service

  /// What a case wants and is not so at some listeners.
  package mutating func findings(of given: AccessCase, at way: WayIn) -> [CaseFinding] {
    var account: AccountAnswer.Account?
    if let user = given.user {
      switch accounts(user, way.service) {
      case .found(let found): account = found
      case .unknown(let reason):
        return [CaseFinding(wanted: "user: \(user)", found: "at \(way.name) this cannot be told: \(reason)")]
      }
    }
    let asked = Asked(given: given, way: way, account: account, user: given.user ?? "")
    var findings: [CaseFinding] = []
    if let verdict = given.want.verdict { findings += self.findings(verdict, asked) }
    if let rule = given.want.rule { findings += self.findings(rule: rule, asked) }
    if let isOffered = given.want.isLoginOffered {
      findings += finding(
        isOffered ? .allow : .refuse, given.login, asked,
        wanted: "login: \(isOffered ? "offered" : "refused")")
    }
    if let names = given.want.certificates { findings += self.findings(certificates: names, asked) }
    if let mailbox = given.want.mailbox { findings += self.findings(mailbox, asked) }
    return findings
  }

  /// A case at one of its services.
  private struct Asked {
    let given: AccessCase
    let way: WayIn
    let account: AccountAnswer.Account?
    let user: String

    var from: AddressSet { given.from }

    /// Those who come as far as an aim, and whom the account refuses.
    func refusedByAccount(_ aim: Attempt.Aim) -> AddressSet {
      guard let account else { return AddressSet() }
      return way.clients(aim, through: given.via, among: from).subtracting(account.clients)
    }

    func accountCause(_ account: AccountAnswer.Account) -> AccessDifference.Cause {
      AccessDifference.Cause(what: "account", rule: "\(user): \(account.refusal)", place: account.place)
    }
  }

  private func findings(
    _ verdict: Plan.Service.IPControl.DefaultAction, _ asked: Asked
  ) -> [CaseFinding] {
    let wanted = "verdict: \(verdict.rawValue)"
    guard let account = asked.account else { return finding(verdict, asked.given.aim, asked, wanted: wanted) }
    let aim = asked.given.aim
    switch verdict {
    case .allow:
      let refused = asked.refusedByAccount(aim)
      var findings = finding(.allow, aim, asked, wanted: wanted)
      if !refused.isEmpty {
        let violation = Violation(
          refused, among: asked.from, causes: [(asked.accountCause(account), refused)])
        let found = "at \(asked.way.name) the account is refused for \(violation.those)"
        findings.append(CaseFinding(wanted: wanted, found: found, violation))
      }
      return findings
    case .refuse:
      return finding(.refuse, aim, asked, wanted: wanted, among: asked.from.intersection(account.clients))
    }
  }

  /// - Parameter clients: the clients that are asked about; nil means all of the case.
  private func finding(
    _ verdict: Plan.Service.IPControl.DefaultAction, _ aim: Attempt.Aim, _ asked: Asked, wanted: String,
    among clients: AddressSet? = nil
  ) -> [CaseFinding] {
    let (way, via) = (asked.way, asked.given.via)
    let clients = clients ?? asked.from
    let wrong = way.violators(of: verdict, aim, among: clients, through: via)
    guard !wrong.isEmpty else { return [] }
    // If they do not get as far as to connect, that is the thing to say.
    let isRefused =
      verdict == .allow && wrong == way.violators(of: verdict, .connect, among: clients, through: via)
    let step = isRefused ? .connect : aim
    let blamed: [(cause: AccessDifference.Cause, addresses: AddressSet)]
    if let profile = profileCause(verdict, step, asked) {
      blamed = [(profile, wrong)]
    } else {
      blamed = causes(of: wrong, step, asked)
    }
    let violation = Violation(wrong, among: asked.from, causes: blamed)
    return [CaseFinding(wanted: wanted, found: violation.fault(verdict, step, at: way), violation)]
  }

  /// What lets in clients with an old version of TLS, if nobody at all may come with it: rules are about who comes.
  private func profileCause(
    _ verdict: Plan.Service.IPControl.DefaultAction, _ aim: Attempt.Aim, _ asked: Asked
  ) -> AccessDifference.Cause? {
    guard verdict == .refuse, case .tlsLogin = aim, asked.from == .all,
      let profile = asked.way.service.tls?.profile
    else { return nil }
    return AccessDifference.Cause(
      what: "tls.profile", rule: profile.rawValue,
      place: provenance.place(of: .oldTLS(lowest: profile.lowest), at: asked.way))
  }

  private func causes(
    of clients: AddressSet, _ aim: Attempt.Aim, _ asked: Asked, byLine isByLine: Bool = false
  ) -> [(cause: AccessDifference.Cause, addresses: AddressSet)] {
    let subject = AccessDifference.Subject(
      asked.way, rules, provenance, through: asked.given.via, changes: changes)
    return AccessDifference.causes(of: clients, aim, at: subject, byLine: isByLine)
  }

  // MARK: - Other wishes

  /// The rules that decide about a case's clients at a service.
  mutating func deciding(_ given: AccessCase, at service: String) -> [RuleOrigin] {
    let targets = given.to ?? [.service(service)]
    return targets.compactMap { way(to: $0) }.filter { $0.service.name == service }.flatMap { way in
      causes(of: given.from, given.aim, Asked(given: given, way: way, account: nil, user: ""), byLine: true)
        .compactMap(\.cause.origin)
    }
  }

  private func findings(rule: String, _ asked: Asked) -> [CaseFinding] {
    let aim = asked.given.aim
    let refused = asked.refusedByAccount(aim)
    var causes = causes(of: asked.from.subtracting(refused), aim, asked, byLine: true)
    if let account = asked.account, !refused.isEmpty { causes.append((asked.accountCause(account), refused)) }
    let others = causes.filter { !$0.cause.isNamed(rule) }
    guard !others.isEmpty else { return [] }
    let wrong = others.reduce(AddressSet()) { $0.union($1.addresses) }
    let violation = Violation(wrong, among: asked.from, causes: others)
    return [
      CaseFinding(
        wanted: "rule: \(rule)",
        found: "at \(asked.way.name) something else decides about \(violation.those)", violation)
    ]
  }

  private mutating func findings(certificates names: [String], _ asked: Asked) -> [CaseFinding] {
    let wanted = "certificate: \(names.joined(separator: ", "))"
    let unreached = finding(.allow, asked.given.handshake, asked, wanted: wanted)
    guard unreached.isEmpty, let tls = asked.way.service.tls else { return unreached }
    let known =
      certificates[asked.way.service.name]
      ?? CertificateNames(
        tls.certificates.compactMap { name in allCertificates.first { $0.name == name } })
    certificates[asked.way.service.name] = known
    let presented = known.certificates(for: asked.given.serverName).map(\.name)
    guard Set(presented) != Set(names) else { return [] }
    let asking = asked.given.serverName.map { "who ask for \($0)" } ?? "who ask for no name"
    return [
      CaseFinding(
        wanted: wanted,
        found: "\(asked.way.name) presents \(presented.joined(separator: ", ")) to clients \(asking)",
        Violation(asked.from, among: asked.from, causes: [(certificateCause(asked.way), asked.from)]))
    ]
  }

  private func certificateCause(_ way: WayIn) -> AccessDifference.Cause {
    let path = Plan.Service.TLS.certificate.path(in: Plan.Service.TLS.path(of: way.service.name))
    return AccessDifference.Cause(what: "tls.certificate", rule: nil, place: provenance[path])
  }

  private func findings(_ mailbox: AccessCase.Mailbox, _ asked: Asked) -> [CaseFinding] {
    let wanted: String
    switch mailbox {
    case .path(let path): wanted = "mailbox: \(path)"
    case .missing: wanted = "mailbox: missing"
    }
    let unreached = finding(.allow, asked.given.login, asked, wanted: wanted)
    guard unreached.isEmpty, let account = asked.account else { return unreached }
    let refused = asked.refusedByAccount(asked.given.login)
    guard refused.isEmpty else {
      let violation = Violation(refused, among: asked.from, causes: [(asked.accountCause(account), refused)])
      return [CaseFinding(wanted: wanted, found: "no mailbox is opened for \(violation.those)", violation)]
    }
    func other(_ found: String) -> [CaseFinding] { [CaseFinding(wanted: wanted, found: found)] }
    switch (mailbox, account.mailbox()) {
    case (_, .unknown(let reason)): return other("this cannot be told: \(reason)")
    case (.missing, .missing): return []
    case (.missing, .present(let real)): return other("it is there: \(real)")
    case (.path(let path), .present(let real)): return path == real ? [] : other("it is \(real)")
    case (.path(let path), .missing(let real)):
      return other(path == real ? "it is missing" : "it is \(real), and missing")
    }
  }
}

extension AccessCase {
  /// Half a sentence: why none of some listeners can be connected to from where the clients are; nil if one can.
  fileprivate func unheard(by ways: [WayIn]) -> String? {
    let names = ways.count == 1 ? ways.first?.name ?? "" : "no service"
    let verb = ways.count == 1 ? "has no" : "has an"
    if let via {
      let isHeard = ways.contains { way in
        way.listeners.contains { way.endpoint(of: $0).address.family == via.family }
      }
      return isHeard ? nil : "\(names) \(verb) \(via.family.name) listener, and the proxy \(via) needs one"
    }
    for family in IPFamily.allCases where !from.isDisjoint(with: .all(family)) {
      let isHeard = ways.contains { way in
        let reach = way.reach(.connect)
        return reach[family] != .nowhere || reach.hasProxy
      }
      if !isHeard { return "\(names) \(verb) \(family.name) listener, and no proxy brings such clients" }
    }
    return nil
  }
}

extension ExplanationTarget {
  /// Half a sentence: what is not there.
  fileprivate func absence(among services: [Plan.Service]) -> String {
    switch self {
    case .service(let name):
      "there is no service '\(name)' (services: \(services.map(\.name).joined(separator: ", ")))"
    case .endpoint(let endpoint): "nothing listens on \(endpoint)"
    }
  }
}

extension AccessDifference.Cause {
  /// Whether a text names it: by its place; a rule by its entry or its list, anything else by the setting.
  fileprivate func isNamed(_ text: String) -> Bool {
    if let place = place?.description {
      // The path of the file may be longer in one of them.
      if text == place || place.hasSuffix("/" + text) || text.hasSuffix("/" + place) { return true }
    }
    return origin?.isNamed(text) ?? (text == what || what == "default" && text == "ip_control.default")
  }
}
