package import OceanAddresses

/// The places from which connections can come to a service at all, whatever its rules say: its listeners'
/// addresses decide.
///
/// Loopback addresses are reached from this host only (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). It is not known
/// which other address is routed to whom, so no difference is made between those.
package struct Reach: Sendable, Hashable {
  package let v4: Extent
  package let v6: Extent

  package enum Extent: String, Sendable, Hashable, Comparable {
    /// No listener has that family.
    case nowhere = "none"
    case host
    case network

    package static func < (a: Extent, b: Extent) -> Bool {
      switch (a, b) {
      case (.nowhere, .host), (.nowhere, .network), (.host, .network): true
      default: false
      }
    }
  }

  init(_ service: Plan.Service) {
    func extent(_ family: IPFamily) -> Extent {
      let addresses = service.listeners.map(\.address).filter { $0.family == family }
      if addresses.isEmpty { return .nowhere }
      return addresses.allSatisfy(AddressSet.loopback.contains) ? .host : .network
    }
    v4 = extent(.v4)
    v6 = extent(.v6)
  }

  package subscript(_ family: IPFamily) -> Extent { family == .v4 ? v4 : v6 }

  /// The addresses that connections can come from.
  var addresses: AddressSet {
    AddressSet(
      IPFamily.allCases.flatMap { family in
        switch self[family] {
        case .nowhere: [AddressPattern]()
        case .host: Array(AddressSet.loopback.ranges(of: family))
        case .network: Array(AddressSet.all.ranges(of: family))
        }
      })
  }
}
