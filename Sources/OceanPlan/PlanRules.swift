package import OceanAddresses

/// The rules of a plan's address lists, by the path of the list: `services.pop3.ip_control.black_list`.
///
/// Rules decide: the server looks up an address in them, and not in the set that the plan holds. So the rules
/// of a saved plan are compared with those sets (``flaw(in:)``), which the digest covers.
package struct PlanRules: Sendable, Equatable {
  private var lists: [SettingPath: RuleList] = [:]

  package init() {}

  package subscript(_ path: SettingPath) -> RuleList? {
    get { lists[path] }
    set { lists[path] = newValue }
  }

  /// The lists, in the order of their paths.
  package var sorted: [(path: SettingPath, rules: RuleList)] {
    lists.sorted { $0.key < $1.key }.map { (path: $0.key, rules: $0.value) }
  }

  /// The list files of all lists, by absolute path.
  package var listFiles: [String: ListContents] {
    lists.values.reduce(into: [:]) { $0.merge($1.listFiles) { first, _ in first } }
  }

  /// The bounds of all list files, by absolute path. A file that several lists name keeps those of each.
  package var listBounds: [String: ListBounds] {
    lists.values.reduce(into: [:]) { $0.merge($1.listBounds) { $0.tightened(by: $1) } }
  }

  /// The bounds of all list files, as expectations at the places of the entries that name the files.
  var boundExpectations: [Plan.Expectation] {
    var known: Set<Plan.Expectation.Bound?> = []
    // Several lists may name a file through a named list.
    return sorted.flatMap(\.rules.boundExpectations).filter { known.insert($0.bound).inserted }
  }

  /// The list files that do not keep their bounds, by absolute path, and the first way in which they do not.
  package var brokenBounds: [String: ListBounds.Breach] {
    let contents = listFiles
    return listBounds.reduce(into: [:]) { broken, list in
      broken[list.key] = contents[list.key].flatMap { list.value.breaches(by: $0.rules).first }
    }
  }

  /// Half a sentence: what is wrong with them as the rules of `plan`; nil if each list has exactly the
  /// addresses that the plan says.
  package func flaw(in plan: Plan) -> String? {
    let sets = Dictionary(plan.addressLists.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    for (path, rules) in sorted {
      guard let list = sets[path] else { return "it has rules for '\(path)', which is not one of its lists" }
      guard list.isMade(of: AddressSet(rules.rules)) else {
        return "the rules of '\(path)' are not its addresses"
      }
    }
    guard ends(in: plan) == plan.ends.filter({ self[SettingPath($0.list)] != nil }) else {
      return "its rules end at other times than it says"
    }
    return nil
  }
}

extension PlanRules: Codable {
  package init(from decoder: any Decoder) throws {
    let written = try decoder.singleValueContainer().decode([String: RuleList].self)
    lists = Dictionary(uniqueKeysWithValues: written.map { (SettingPath($0.key), $0.value) })
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Dictionary(uniqueKeysWithValues: lists.map { ($0.key.description, $0.value) }))
  }
}
