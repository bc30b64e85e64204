/// The certificates that a service offers a client, by the name that it asks for.
///
/// Certificates for the same names are one group, one of each kind of key. If other certificates share a
/// name, the first of them has it. A client that asks for no name, or for one that no certificate has, gets
/// the first group.
package struct CertificateNames: Sendable {
  package struct Group: Sendable {
    /// The names, sorted.
    package let names: [String]
    package var certificates: [Plan.Certificate]
  }

  /// The groups, in the order that decides.
  package private(set) var groups: [Group] = []
  private var places: [String: Int] = [:]

  /// - Parameter certificates: those of a service, in the order written.
  package init(_ certificates: [Plan.Certificate]) {
    for certificate in certificates {
      let names = certificate.leaf.names.sorted()
      if let group = groups.firstIndex(where: { $0.names == names }) {
        groups[group].certificates.append(certificate)
      } else {
        for name in names where places[name] == nil { places[name] = groups.count }
        groups.append(Group(names: names, certificates: [certificate]))
      }
    }
  }

  package init(_ tls: Plan.Service.TLS, in plan: Plan) {
    self.init(tls.certificates.compactMap { name in plan.certificates.first { $0.name == name } })
  }

  /// All names, some with `*`.
  package var names: Set<String> { Set(places.keys) }

  /// The certificates for a client that asks for a name; nil means it asks for no name.
  package func certificates(for name: String?) -> [Plan.Certificate] {
    let place = name.flatMap { name in
      places[name] ?? name.firstIndex(of: ".").flatMap { places["*" + name[$0...]] }
    }
    let index = place ?? 0
    return groups.indices.contains(index) ? groups[index].certificates : []
  }

  /// The certificate that a client is shown; nil if it can verify none of those for the name.
  ///
  /// libssl takes the first kind of key that both sides have, in the server's order: `TLSContext` sets that the
  /// server's order decides, and that of libssl has ECDSA first and RSA last.
  ///
  /// - Parameter best: the kind of key that it can verify, with those that everybody knows who knows it.
  package func certificate(for name: String?, verifying best: Plan.LeafFacts.KeyKind) -> Plan.Certificate? {
    let own = certificates(for: name).filter { $0.leaf.keyKind.isKnown(wherever: best) }
    return [.ecdsa, .ed25519, .rsa].lazy.compactMap { (kind: Plan.LeafFacts.KeyKind) in
      own.first { $0.leaf.keyKind == kind }
    }.first
  }

  /// The certificates' names in one fixed order for all orders with the same meaning. If no name is in two
  /// groups, the order of the groups after the first means nothing.
  package var canonicalOrder: [String] {
    guard let first = groups.first else { return [] }
    func order(_ group: Group) -> [String] { group.certificates.map(\.name).sorted() }
    let rest = groups.dropFirst().map(order)
    // The owners of a name stay in their order: each waits for the one before.
    var owners: [String: Int] = [:]
    var waitsFor = [Int](repeating: 0, count: rest.count)
    var followers = [[Int]](repeating: [], count: rest.count)
    for (index, group) in groups.dropFirst().enumerated() {
      for name in group.names {
        if let owner = owners.updateValue(index, forKey: name), owner != index {
          followers[owner].append(index)
          waitsFor[index] += 1
        }
      }
    }
    var result = order(first)
    var free = rest.indices.filter { waitsFor[$0] == 0 }
    while let place = free.indices.min(by: { rest[free[$0]].lexicographicallyPrecedes(rest[free[$1]]) }) {
      let index = free.remove(at: place)
      result += rest[index]
      for follower in followers[index] {
        waitsFor[follower] -= 1
        if waitsFor[follower] == 0 { free.append(follower) }
      }
    }
    return result
  }
}
