package import OceanAddresses

extension Plan {
  /// Addresses that leave a list at a time, because rules have an end.
  package struct End: Sendable, Hashable, Codable, Comparable {
    package var at: RuleEnd
    /// The path of the list.
    package var list: String
    /// The addresses that are on the list until then, and not any more from then on.
    package var leaving: AddressSet

    package init(at: RuleEnd, list: SettingPath, leaving: AddressSet) {
      self.at = at
      self.list = list.description
      self.leaving = leaving
    }

    package static func < (a: End, b: End) -> Bool { a.at == b.at ? a.list < b.list : a.at < b.at }

    /// - Parameter words: the addresses in words.
    func text(_ words: (AddressSet) -> String) -> String { "\(at): \(words(leaving)) of \(list)" }

    /// `2027-01-31: 203.0.113.9 of services.pop3.ip_control.white_list`.
    package var text: String { text { $0.summary } }
  }

  package static let endsSetting = PlanSetting<Plan, [End]>(
    "ends", \.ends, .ends, .always(.ruleEnds),
    .other("connections from then on are decided without the rule"),
    owner: .policy, direction: .neither)

  /// The lists of a new plan that lack nothing but rules whose end this plan knew and which has come.
  ///
  /// - Parameter time: seconds since 1970.
  func endedLists(in new: Plan, by time: Int64) -> Set<SettingPath> {
    let left = Set(new.ends)
    let lists = Dictionary(grouping: ends, by: \.list)
    let newLists = Dictionary(grouping: new.ends, by: \.list)
    let (old, now) = (addressLists, new.addressLists)
    return lists.reduce(into: []) { ended, list in
      let path = SettingPath(list.key)
      let gone = list.value.filter { !left.contains($0) }
      let rest = newLists[list.key] ?? []
      guard let last = gone.map(\.at).max(), last.isPast(at: time),
        rest.allSatisfy({ $0.at > last && list.value.contains($0) }),
        let before = old.first(where: { $0.path == path })?.addresses,
        let after = now.first(where: { $0.path == path })?.addresses,
        gone.reduce(before, { $0.subtracting($1.leaving) }) == after
      else { return }
      ended.insert(path)
    }
  }
}

extension PlanValue<[Plan.End]> {
  /// Absent if there are none.
  fileprivate static let ends = PlanValue(
    summary: "when rules with an end leave which list: `at`, `list`, `leaving`; absent if no rule has an end",
    shown: { $0.isEmpty ? nil : .ends($0) },
    read: { try $0.decodeIfPresent([Plan.End].self, forKey: $1) ?? [] },
    write: { if !$0.isEmpty { try $1.encode($0, forKey: $2) } },
    isValid: { ends in
      zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 } && ends.allSatisfy { !$0.leaving.isEmpty }
    },
    other: { ends in
      ends.isEmpty
        ? [.init(at: RuleEnd(seconds: 0), list: Plan.Server.AntiHammering.neverBlockPath, leaving: .all)] : []
    })
}

extension PlanRules {
  /// When rules with an end leave the lists of a plan.
  package func ends(in plan: Plan) -> [Plan.End] {
    let timed = sorted.filter { $0.rules.hasEnds }
    guard !timed.isEmpty else { return [] }
    let always = Dictionary(plan.addressLists.map { ($0.path, $0.always) }, uniquingKeysWith: { $1 })
    return timed.flatMap { path, rules in
      rules.ends.compactMap { at, leaving in
        let leaving = leaving.subtracting(always[path] ?? AddressSet())
        return leaving.isEmpty ? nil : Plan.End(at: at, list: path, leaving: leaving)
      }
    }.sorted()
  }
}

extension PlanFile {
  /// The same plan, and the same expectations, without the rules whose end has come.
  ///
  /// - Parameter time: seconds since 1970.
  package func ended(by time: Int64) throws -> PlanFile {
    var file = self
    file.expectations = expectations?.map { $0.ended(by: time) }
    for (path, rules) in rules.sorted {
      let left = rules.ended(by: time)
      guard left != rules else { continue }
      file.rules[path] = left
      file.plan.setAddresses(AddressSet(left.rules), at: path)
    }
    guard file.rules != rules else { return file }
    file.plan.ends = file.rules.ends(in: file.plan)
    file.digest = try file.plan.digest
    return file
  }
}
