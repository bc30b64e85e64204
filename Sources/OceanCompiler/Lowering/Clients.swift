import OceanAddresses

/// The clients that can reach listeners of a service. Only the listeners themselves are considered.
struct Clients {
  /// The addresses that rules are about: for clients behind a proxy, those that the proxy names.
  let addresses: AddressSet
  /// The same clients by family alone: a program on this host may connect to loopback from each of its
  /// addresses.
  let families: AddressSet
  /// Whether some of them come from other hosts, and not through a proxy on this one.
  let areOnOtherHosts: Bool

  /// - Parameter proxies: the addresses that forward clients, and are not clients themselves.
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
