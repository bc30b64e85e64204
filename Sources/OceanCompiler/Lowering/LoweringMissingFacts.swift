import OceanPlan

extension Lowering {
  /// Reports which questions of the config the facts leave open. If the facts were gathered for it, none is
  /// open; but they may be those of another host, for an earlier config.
  ///
  /// - Returns: whether a plan can be made all the same. Questions that only checks ask can be left open;
  ///   without a name's addresses, a certificate or a list, it would be a different plan.
  mutating func reportMissingFacts() -> Bool {
    let certificates = request.certificates.filter { facts.certificates[$0.key] == nil }
    let needed =
      request.hosts.filter { facts.hosts[$0] == nil }
      .union(request.listFiles.filter { facts.listFiles[$0] == nil })
      .union(certificates.map { "the certificate '\($0.key)' of \($0.value.chain) and \($0.value.key)" })
    let profiles = request.profiles.map(\.rawValue).filter { facts.protocols[$0] == nil }
    let checked =
      request.accountFiles.filter { facts.accountFiles[$0] == nil }
      .union(request.directories.filter { facts.directories[$0] == nil })
      .union(request.users.filter { facts.users[$0] == nil }.map { "the user \($0)" })
      .union(profiles.map { "the TLS versions of the profile \($0)" })
    let user = config.server?.value.user?.value
    if let user, facts.users[user] == .exists, facts.permissions?[user] == nil {
      reportNotChecked("what the user '\(user)' may read and write (only root or that user can tell)")
    }
    if request.wantsNamesakes, facts.namesakes == nil {
      reportNotChecked("whether accounts share a mailbox (not among the facts)")
    }
    for what in needed.sorted() + checked.sorted() { reportNotChecked("\(what) (not among the facts)") }
    return needed.isEmpty
  }
}
