package import OceanAddresses

/// The lists of an `ip_control`, compiled for asking: of a service, as a part of its ``AccessPolicy``, or of the
/// monitor.
package final class AccessRules: Sendable {
  package let control: Plan.Service.IPControl
  package let white: CompiledRules
  package let black: CompiledRules

  /// - Parameters:
  ///   - section: the service, or the monitor.
  ///   - rules: the rules of each list, by path; of a list that is missing here only the addresses are known.
  ///   - others: lists whose tables may be used again if they are the same.
  package init(
    _ control: Plan.Service.IPControl, in section: SettingPath, rules: PlanRules,
    reusing others: [AccessRules] = []
  ) {
    self.control = control
    let known = others.flatMap { [$0.white, $0.black] }
    func compiled(_ list: Plan.Service.IPControl.List, _ path: SettingPath) -> CompiledRules {
      let rules = rules[path] ?? RuleList(list.addresses)
      return known.first { $0.list == rules } ?? CompiledRules(rules)
    }
    white = compiled(control.whiteList, Plan.Service.IPControl.whiteListPath(in: section))
    black = compiled(control.blackList, Plan.Service.IPControl.blackListPath(in: section))
  }

  package func decide(_ peer: IPAddress) -> Decision {
    Decision(
      white: control.whiteList.enabled ? white.table.rule(for: peer) : nil,
      black: control.blackList.enabled ? black.table.rule(for: peer) : nil,
      defaultAction: control.defaultAction)
  }

  /// The rule that decided; nil if no rule did, or its place is not known.
  package func origin(of reason: Decision.Reason) -> RuleOrigin? {
    switch reason {
    case .whiteList(let rule): white.list.origin(of: rule)
    case .blackList(let rule): black.list.origin(of: rule)
    default: nil
    }
  }
}

/// The rules of a list and the table they are looked up in.
package final class CompiledRules: Sendable {
  package let list: RuleList
  package let table: RuleTable

  init(_ list: RuleList) {
    self.list = list
    table = RuleTable(list.rules)
  }
}
