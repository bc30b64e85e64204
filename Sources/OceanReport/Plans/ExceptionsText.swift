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
    var limits = (diff.old ?? diff.new).plan.server.limits
    limits.exceptions = old ?? []
    // A change of the number for everybody is a change of its own.
    let lines = limits.numberChanges(to: diff.new.plan.server.limits).filter(\.isOfException).map { change in
      let (addresses, from, to) = (change.addresses, change.before, change.after)
      let names = name(addresses, to, diff.new) ?? diff.old.flatMap { name(addresses, from, $0) }
      return "\(names ?? addresses.words): \(from) -> \(to)"
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
