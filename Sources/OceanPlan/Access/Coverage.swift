import OceanAddresses
import OceanBase

/// Tells which rules and settings of the way in could be lost without anybody noticing: each is removed, and all cases
/// and expectations are judged again. What breaks none of them is unnoticed.
///
/// Only what is switched on is covered: nothing depends on the rest.
package struct Coverage: Sendable {
  /// A rule, all rules of a list file, or a setting.
  package struct Entry: Sendable, Hashable {
    package let service: String
    /// The setting, such as `black_list` or `proxy_from`.
    package let setting: String
    /// The rule's place; for a list file its name in the config, and line 1.
    package let origin: RuleOrigin
    package let isFile: Bool
    /// The number of rules: one, except for a list file.
    package let rules: Int
    /// How many of them would be missed.
    package let noticed: Int
  }

  /// The entries by service, in the order of the settings and as they are written.
  package let entries: [Entry]
  package let expectations: Int
  package let cases: Int

  package var rules: Int { entries.reduce(0) { $0 + $1.rules } }
  package var noticed: Int { entries.reduce(0) { $0 + $1.noticed } }

  /// - Parameters:
  ///   - expectations: those of the plan. One that does not hold notices nothing.
  ///   - cases: cases that hold.
  package init(
    of plan: Plan, _ provenance: Provenance, _ rules: PlanRules, _ expectations: [Plan.Expectation],
    cases: [AccessCase], accounts: @escaping CaseJudge.Accounts
  ) {
    var judge = CaseJudge(plan, provenance, rules, accounts: accounts)
    let expected = expectations.filter { $0.bound == nil }.map { AccessCase($0) }
      .filter { judge.findings(of: $0, mayBeAboutNobody: true).isEmpty }
    let subject = Subject(
      plan: plan, provenance: provenance, rules: rules, claims: cases + expected, accounts: accounts)
    entries = plan.services.filter(\.enabled).flatMap { subject.entries(of: $0, &judge) }
    self.expectations = expectations.count
    self.cases = cases.count
  }
}

/// A plan, and all that is claimed of it.
private struct Subject {
  let plan: Plan
  let provenance: Provenance
  let rules: PlanRules
  let claims: [AccessCase]
  let accounts: CaseJudge.Accounts

  typealias Control = Plan.Service.IPControl

  func entries(of service: Plan.Service, _ judge: inout CaseJudge) -> [Coverage.Entry] {
    let claims = claims.filter { $0.ways(to: service, in: plan).isEmpty == false }
    let section = SettingPath.service(service.name)
    let control = service.ipControl
    var result: [Coverage.Entry] = []
    let exposed = exposed(claims, at: service)
    let named = Set(claims.filter { $0.want.rule != nil }.flatMap { judge.deciding($0, at: service.name) })
    // Without a rule of the white list its addresses are judged by the black list and the default, which may agree.
    if control.whiteList.enabled, let list = rules[Control.whiteListPath(in: section)] {
      let flips =
        control.defaultAction == .allow ? exposed.intersection(control.blackList.effective) : exposed
      result += entries(of: list, service, "white_list", list.noticed(by: flips, named))
    }
    if control.blackList.enabled, let list = rules[Control.blackListPath(in: section)] {
      let flips =
        control.defaultAction == .allow ? exposed.subtracting(control.whiteList.effective) : AddressSet()
      result += entries(of: list, service, "black_list", list.noticed(by: flips, named))
    }
    if control.defaultAction == .refuse, let place = provenance[Control.defaultActionPath(in: section)] {
      var other = service
      other.ipControl.defaultAction = .allow
      result.append(entry("default", "refuse", place, service, isNoticed(other, claims)))
    }
    result += proxyEntries(of: service, claims) + plaintextEntries(of: service, claims)
    return result
  }

  /// The addresses about which the rules of `ip_control` decide, as far as something is claimed of them.
  private func exposed(_ claims: [AccessCase], at service: Plan.Service) -> AddressSet {
    var open = service
    open.ipControl = Control()
    var found = AddressRules()
    for claim in claims {
      for way in claim.ways(to: service, in: plan) {
        let way = way.at(open)
        for (aim, verdict) in claim.questions {
          var from = claim.from
          // The account refuses the others, whatever the rules say.
          if verdict == .refuse, let user = claim.user, case .found(let account) = accounts(user, service) {
            from = from.intersection(account.clients)
          }
          let clients = way.clients(aim, through: claim.via, asNamed: verdict == .refuse, among: from)
          for family in IPFamily.allCases {
            for range in clients.ranges(of: family) { found.append(range, rule: 0) }
          }
        }
      }
    }
    return AddressSet(found)
  }

  // MARK: - Short lists and settings, by mutation

  /// Whether a claim breaks with another service in the place of one.
  private func isNoticed(_ other: Plan.Service, _ claims: [AccessCase]) -> Bool {
    var mutant = plan
    guard let index = mutant.services.firstIndex(where: { $0.name == other.name }) else { return false }
    mutant.services[index] = other
    var judge = CaseJudge(mutant, provenance, rules, accounts: accounts)
    return claims.contains { !judge.findings(of: $0, mayBeAboutNobody: true).isEmpty }
  }

  private func proxyEntries(of service: Plan.Service, _ claims: [AccessCase]) -> [Coverage.Entry] {
    guard let list = rules[Plan.Service.proxyFrom.path(of: service.name)] else { return [] }
    let hadProxy = WayIn(service).reach(.connect).hasProxy
    return entries(
      of: list, service, Plan.Service.proxyFrom.key,
      list.noticed { lost in
        var other = service
        other.proxyFrom = service.proxyFrom.subtracting(lost)
        let isLast = hadProxy && !WayIn(other).reach(.connect).hasProxy
        return isNoticed(
          other,
          claims.filter { claim in
            isLast || claim.via.map(lost.contains) ?? !claim.from.isDisjoint(with: lost)
          })
      })
  }

  private func plaintextEntries(of service: Plan.Service, _ claims: [AccessCase]) -> [Coverage.Entry] {
    let setting = Plan.Service.plaintextLogin
    let path = setting.path(of: service.name)
    if let list = rules[path], !list.rules.isEmpty {
      return entries(
        of: list, service, setting.key,
        list.noticed { lost in
          var other = service
          other.plaintextLogin = service.plaintextLogin.subtracting(lost)
          return isNoticed(other, claims.filter { !$0.from.isDisjoint(with: lost) })
        })
    }
    // A word, or nothing.
    let usual = service.tls?.explicit == .required ? AddressSet() : AddressSet.loopback
    guard let place = provenance[path], service.plaintextLogin != usual else { return [] }
    var other = service
    other.plaintextLogin = usual
    let word = Plan.Service.plaintextLoginWord(service.plaintextLogin) ?? service.plaintextLogin.summary
    return [entry(setting.key, word, place, service, isNoticed(other, claims))]
  }

  // MARK: - Entries

  private func entry(
    _ setting: String, _ text: String, _ place: Provenance.Origin, _ service: Plan.Service, _ isNoticed: Bool
  ) -> Coverage.Entry {
    Coverage.Entry(
      service: service.name, setting: setting, origin: RuleOrigin(text: text, place: place), isFile: false,
      rules: 1,
      noticed: isNoticed ? 1 : 0)
  }

  private func entries(
    of list: RuleList, _ service: Plan.Service, _ setting: String, _ noticed: Set<UInt32>
  ) -> [Coverage.Entry] {
    var number: UInt32 = 0
    // A rule or file that a list has under two names is counted once.
    var counted: Set<RuleOrigin> = []
    return list.entries.compactMap { origin, count in
      var (found, missed, isFile) = (0, 0, false)
      // Lines of a file that are not rules have numbers too.
      while found < count, number < list.nextRule {
        if list.pattern(of: number) != nil {
          found += 1
          isFile = list.isFromFile(number)
          if noticed.contains(number) { missed += 1 }
        }
        number &+= 1
      }
      guard found > 0, counted.insert(RuleOrigin(text: origin.text, place: origin.place)).inserted else {
        return nil
      }
      return Coverage.Entry(
        service: service.name, setting: setting, origin: origin, isFile: isFile, rules: found, noticed: missed
      )
    }
  }
}

extension RuleList {
  /// The rules without which the list loses some of these addresses, and those that are named.
  fileprivate func noticed(by flips: AddressSet, _ named: Set<RuleOrigin>) -> Set<UInt32> {
    var result: Set<UInt32> = []
    if !flips.isEmpty {
      for (pattern, rule) in rules.soleMatches where flips.overlaps(pattern) { result.insert(rule) }
    }
    guard !named.isEmpty else { return result }
    for rule in rules.numbered {
      if let origin = origin(of: rule.rule), named.contains(origin) { result.insert(rule.rule) }
    }
    return result
  }

  /// The rules whose removal is noticed.
  ///
  /// - Parameter isNoticed: is asked about the addresses that the list loses with a rule.
  fileprivate func noticed(_ isNoticed: (AddressSet) -> Bool) -> Set<UInt32> {
    var lost: [UInt32: [AddressPattern]] = [:]
    for (pattern, rule) in rules.soleMatches { lost[rule, default: []].append(pattern) }
    return Set(lost.filter { isNoticed(AddressSet($0.value)) }.keys)
  }
}

extension AccessCase {
  /// The ways to a service that the case is about.
  fileprivate func ways(to service: Plan.Service, in plan: Plan) -> [WayIn] {
    guard let to else { return [WayIn(service)] }
    return to.compactMap { plan.way(to: $0) }.filter { $0.service.name == service.name }
  }

  /// How far the clients must get, or must not get, for all that the case wants.
  fileprivate var questions: [(Attempt.Aim, Plan.Service.IPControl.DefaultAction)] {
    var result: [(Attempt.Aim, Plan.Service.IPControl.DefaultAction)] = []
    if let verdict = want.verdict { result.append((aim, verdict)) }
    if let isOffered = want.isLoginOffered { result.append((login, isOffered ? .allow : .refuse)) }
    if want.certificates != nil { result.append((handshake, .allow)) }
    if want.mailbox != nil { result.append((login, .allow)) }
    return result
  }
}
