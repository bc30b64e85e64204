import OceanAddresses
import OceanPlan
import OceanSyntax

extension Lowering {
  /// Reports a black list that refuses the host itself or, by a file, private networks: published lists of
  /// addresses that should never be seen contain those of every office.
  mutating func reportOwnNetworks(
    _ entries: Located<AddressEntries>?, in section: SettingPath, besides white: Plan.Service.IPControl.List
  ) {
    let own = AddressSet(
      facts.localAddresses.map { AddressPattern($0) } + IPFamily.allCases.map { .init(.loopback($0)) }
    )
    .subtracting(white.effective)
    let privateNetworks = AddressSet.privateNetworks.subtracting(white.effective)
    var shutOut = AddressSet()
    var first: Span?
    for entry in entries?.value ?? [] {
      let (addresses, isPublished) = self.addresses(of: entry.value)
      var found = own.intersection(addresses)
      if isPublished { found = found.union(privateNetworks.intersection(addresses)) }
      guard !found.isEmpty else { continue }
      first = first ?? entry.span
      shutOut = shutOut.union(found)
    }
    guard let first else { return }
    let networks = IPFamily.allCases.flatMap { shutOut.prefixes(of: $0).map(\.short) }
    let named = networks.prefix(8).joined(separator: ", ") + (networks.count > 8 ? ", …" : "")
    // The networks as YAML wants them.
    let entries = networks.prefix(8).map { $0.contains(":") ? "\"\($0)\"" : $0 }.joined(separator: ", ")
    report(
      .ownNetworkRefused, first,
      "the black list of \(Self.words(for: section)) keeps out \(own.isDisjoint(with: shutOut) ? "private networks" : "this host")",
      label: named, help: "if they are to connect, put them on the white list: [\(entries)]")
  }

  /// The addresses of an entry, and whether they come from a file.
  private func addresses(of entry: AddressEntry) -> (AddressSet, isPublished: Bool) {
    switch entry {
    case .pattern(let pattern, _, let until):
      (until?.isPast(at: facts.now) == true ? AddressSet() : AddressSet([pattern]), false)
    case .mistaken: (AddressSet(), false)
    case .list(let name):
      (
        addressLists.named[name].map { AddressSet($0.rules.rules) } ?? AddressSet(),
        addressLists.named[name]?.rules.isFromFiles ?? false
      )
    case .file(let file):
      (addressLists.files[file.path].map { AddressSet($0.rules) } ?? AddressSet(), true)
    }
  }
}

extension AddressSet {
  /// The private networks (RFC 1918 §3; RFC 4193 §3).
  fileprivate static let privateNetworks = AddressSet(
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].compactMap {
      try? AddressPattern(parsing: $0)
    })
}
