import OceanPlan

/// Who can come to listeners of a service, as far as the listeners themselves decide.
struct Clients {
  /// By the addresses that rules are about: of those behind a proxy, the ones that it names.
  let addresses: AddressSet
  /// The same by family alone: a program of this host may connect to loopback from each of its addresses.
  let families: AddressSet
  /// Whether some of them come from other hosts, and not through a proxy on this one.
  let areOnOtherHosts: Bool

  /// - Parameter proxies: who forwards clients, and is none itself.
  init(of listeners: [IPAddress], by proxies: AddressSet) {
    var reached = AddressSet()
    var families = AddressSet()
    for family in IPFamily.allCases {
      let own = listeners.filter { $0.family == family }
      guard !own.isEmpty else { continue }
      let all = AddressSet.all(family)
      families = families.union(all)
      reached = reached.union(own.allSatisfy(\.isLoopback) ? all.intersection(.loopback) : all)
    }
    // A proxy may take clients of another family.
    let hasProxy = !reached.isDisjoint(with: proxies)
    addresses = hasProxy ? .all : reached
    self.families = hasProxy ? .all : families
    areOnOtherHosts = listeners.contains { !$0.isLoopback }
  }
}
