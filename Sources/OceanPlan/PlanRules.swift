/// The rules of a plan's address lists, by the path of the list: `services.pop3.ip_control.black_list`.
///
/// Rules decide: the server looks an address up in them, and not in the set that the plan holds. So the rules of a saved
/// plan are compared with those sets (``flaw(in:)``), which the digest covers.
package struct PlanRules: Sendable, Equatable {
  private var lists: [String: RuleList] = [:]

  package init() {}

  package subscript(_ path: String) -> RuleList? {
    get { lists[path] }
    set { lists[path] = newValue }
  }

  /// The lists in the order of their paths.
  package var sorted: [(path: String, rules: RuleList)] {
    lists.sorted { $0.key < $1.key }.map { (path: $0.key, rules: $0.value) }
  }

  /// The list files of all lists, by absolute path.
  package var listFiles: [String: ListContents] {
    lists.values.reduce(into: [:]) { $0.merge($1.listFiles) { first, _ in first } }
  }

  /// What is wrong with them as the rules of `plan`: half a sentence; nil if each list has exactly the addresses that
  /// the plan says.
  package func flaw(in plan: Plan) -> String? {
    let sets = plan.addressLists
    for (path, rules) in sorted {
      guard let list = sets[path] else { return "it has rules for '\(path)', which is not one of its lists" }
      guard list.matches(AddressSet(rules.rules)) else {
        return "the rules of '\(path)' are not its addresses"
      }
    }
    return nil
  }
}

extension PlanRules: Codable {
  package init(from decoder: any Decoder) throws {
    lists = try decoder.singleValueContainer().decode([String: RuleList].self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(lists)
  }
}

/// The addresses of one list of a plan, and what its rules must come to.
private struct PlanList {
  let addresses: AddressSet
  /// Addresses that the plan adds to those of the rules.
  var added = AddressSet()
  /// Whether the rules may name more: addresses that an exception before this one has taken.
  var isRemainder = false

  func matches(_ rules: AddressSet) -> Bool {
    isRemainder ? addresses.isSubset(of: rules) : rules.union(added) == addresses
  }
}

extension Plan {
  fileprivate var addressLists: [String: PlanList] {
    var lists = ["server.anti_hammering.never_block": PlanList(addresses: server.antiHammering.neverBlock)]
    lists["server.anti_hammering.never_block"]?.added = .localhost
    for exception in server.limits.exceptions {
      lists["server.limits.except.\(exception.connectionsPerIP)"] = PlanList(
        addresses: exception.from, isRemainder: true)
    }
    for service in services {
      let path = "services.\(service.name)"
      lists["\(path).ip_control.black_list"] = PlanList(addresses: service.ipControl.blackList.addresses)
      lists["\(path).ip_control.white_list"] = PlanList(addresses: service.ipControl.whiteList.addresses)
      lists["\(path).plaintext_login"] = PlanList(addresses: service.plaintextLogin)
      lists["\(path).proxy_from"] = PlanList(addresses: service.proxyFrom)
    }
    return lists
  }
}
