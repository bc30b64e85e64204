import OceanAddresses
package import OceanPlan

/// Tells which rules of `ip_control` the expectations exercise. A rule is exercised if an expectation for its
/// service names an address that it matches. A rule that no expectation exercises can be lost without anybody
/// noticing.
///
/// Only lists and services that are switched on are covered; nothing can be expected of the others.
package struct Coverage: Sendable {
  /// A rule, or all rules of a list file.
  package struct Entry: Sendable, Hashable {
    package let service: String
    /// `white_list` or `black_list`.
    package let list: String
    /// The rule's place; for a list file its name in the config, and line 1.
    package let origin: RuleOrigin
    package let isFile: Bool
    /// The number of rules: one, except for a list file.
    package let rules: Int
    package let exercised: Int
  }

  /// The entries by service, the white list first, in the order written.
  package let entries: [Entry]

  package var rules: Int { entries.reduce(0) { $0 + $1.rules } }
  package var exercised: Int { entries.reduce(0) { $0 + $1.exercised } }
}

extension Compilation {
  /// The coverage; nil without a plan. O(n log n) in the rules.
  package var coverage: Coverage? {
    guard let plan else { return nil }
    return Coverage(
      entries: plan.services.filter(\.enabled).flatMap { service in
        let expected = ExpectedAddresses(
          expectations.filter { $0.to?.contains(service.name) ?? true }
            .reduce(AddressSet()) { $0.union($1.from) })
        let lists = [
          (Plan.Service.IPControl.whiteListPath(of: service.name), service.ipControl.whiteList),
          (Plan.Service.IPControl.blackListPath(of: service.name), service.ipControl.blackList),
        ]
        return lists.filter(\.1.enabled).flatMap { path, _ in
          rules[path].map { $0.coverage(by: expected, service.name, path.key) } ?? []
        }
      })
  }
}

extension RuleList {
  fileprivate func coverage(
    by expected: ExpectedAddresses, _ service: String, _ name: String
  ) -> [Coverage.Entry] {
    var number: UInt32 = 0
    // A rule or file that a list has under two names is counted once.
    var counted: Set<RuleOrigin> = []
    return entries.compactMap { origin, count in
      var found = 0
      var exercised = 0
      var isFile = false
      // Lines of a file that are not rules have numbers too.
      while found < count, number < nextRule {
        if let pattern = pattern(of: number) {
          found += 1
          isFile = isFromFile(number)
          if expected.overlap(pattern) { exercised += 1 }
        }
        number &+= 1
      }
      guard found > 0, counted.insert(RuleOrigin(text: origin.text, place: origin.place)).inserted else {
        return nil
      }
      return Coverage.Entry(
        service: service, list: name, origin: origin, isFile: isFile, rules: found, exercised: exercised)
    }
  }
}

/// A set of addresses that is asked about many patterns.
private struct ExpectedAddresses {
  /// The ranges, ascending.
  private let v4: [AddressPattern]
  private let v6: [AddressPattern]

  init(_ addresses: AddressSet) {
    v4 = Array(addresses.ranges(of: .v4))
    v6 = Array(addresses.ranges(of: .v6))
  }

  func overlap(_ pattern: AddressPattern) -> Bool {
    let ranges = pattern.family == .v4 ? v4 : v6
    // The first range that ends late enough.
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].last < pattern.first { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].first <= pattern.last
  }
}
