import OceanAddresses
import OceanPlan

/// Changes of `server.limits.except`, for people: which addresses get a different number.
struct ExceptionsText {
  /// The most entries by which addresses are named; if there are more, they are summed up.
  private static let maxNames = 12

  let diff: PlanDiff

  /// Lines such as `office (198.51.100.8/29): 200 -> 100`; nil for any other setting, and if all numbers stay
  /// the same.
  func lines(_ before: Plan.Setting.Value?, _ after: Plan.Setting.Value?) -> [String]? {
    func exceptions(_ value: Plan.Setting.Value?) -> [Plan.Server.Limits.Exception]? {
      if case .exceptions(let exceptions)? = value { exceptions } else { nil }
    }
    let (old, new) = (exceptions(before), exceptions(after))
    guard old != nil || new != nil else { return nil }
    typealias Exception = Plan.Server.Limits.Exception
    /// Adds all other addresses, with the number that holds for everybody.
    func complete(_ exceptions: [Exception], _ version: PlanVersion) -> [Exception] {
      let others = exceptions.reduce(AddressSet.all) { $0.subtracting($1.from) }
      return exceptions + [
        Exception(from: others, connectionsPerIP: version.plan.server.limits.connectionsPerIP)
      ]
    }
    let lines: [String] = complete(old ?? [], diff.old ?? diff.new).flatMap { before in
      complete(new ?? [], diff.new).compactMap { after in
        let addresses = before.from.intersection(after.from)
        let (from, to) = (before.connectionsPerIP, after.connectionsPerIP)
        // A change of the number for everybody is a change of its own.
        let isException = old?.contains(before) == true || new?.contains(after) == true
        guard isException, from != to, !addresses.isEmpty else { return nil }
        let names = name(addresses, to, diff.new) ?? diff.old.flatMap { name(addresses, from, $0) }
        return "\(names ?? addresses.summary): \(from) -> \(to)"
      }
    }
    return lines.isEmpty ? nil : lines
  }

  /// The entries that make up the addresses of an exception.
  private func name(_ addresses: AddressSet, _ number: Int, _ version: PlanVersion) -> String? {
    guard let list = version.rules[Plan.Server.Limits.path(ofException: number)],
      AddressSet(list.rules) == addresses
    else { return nil }
    let entries = list.entries.map(\.origin.name)
    return entries.count <= Self.maxNames ? entries.joined(separator: ", ") : nil
  }
}
