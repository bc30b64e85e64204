import OceanPlan
import OceanSyntax

extension Lowering {
  mutating func lowerServerLimits(_ given: Config.Server) -> Plan.Server.Limits {
    let limits = given.limits?.value ?? Config.ServerLimits()
    let path = "server.limits"
    if let span = given.limits?.span { note(span, path) }
    if let span = limits.except?.span { note(span, "\(path).except") }
    let standard = Defaults.serverLimits
    return Plan.Server.Limits(
      connectionsPerIP: take(limits.connectionsPerIP, "\(path).connections_per_ip")
        ?? standard.connectionsPerIP,
      exceptions: lowerExceptions(limits.except?.value ?? [], "\(path).except"),
      preloginConnections: take(limits.preloginConnections, "\(path).prelogin_connections")
        ?? standard.preloginConnections,
      connectionsPerMinute: take(limits.connectionsPerMinute, "\(path).connections_per_minute")
        ?? standard.connectionsPerMinute,
      ipv6Prefix: take(limits.ipv6Prefix, "\(path).ipv6_prefix") ?? standard.ipv6Prefix)
  }

  /// One a number, without the addresses of those before.
  private mutating func lowerExceptions(
    _ given: [Located<Config.LimitException>], _ path: String
  ) -> [Plan.Server.Limits.Exception] {
    var taken = AddressSet()
    var byNumber: [Int: AddressSet] = [:]
    for exception in given.map(\.value) {
      guard let from = exception.from, let number = exception.connectionsPerIP else { continue }
      let addresses = lowerAddresses(from, "\(path).\(number.value)")
      if !addresses.isEmpty, addresses.isSubset(of: taken) {
        report(
          .repeatedEntry, from.span, "other exceptions before this one hold for all its addresses",
          help: "remove it")
      }
      byNumber[number.value] = (byNumber[number.value] ?? AddressSet()).union(addresses.subtracting(taken))
      taken = taken.union(addresses)
    }
    return byNumber.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
      .map { Plan.Server.Limits.Exception(from: $0.value, connectionsPerIP: $0.key) }
  }

  mutating func lowerAntiHammering(_ given: Config.Server) -> Plan.Server.AntiHammering {
    let hammering = given.antiHammering?.value ?? Config.AntiHammering()
    let path = "server.anti_hammering"
    if let span = given.antiHammering?.span { note(span, path) }
    let standard = Defaults.antiHammering
    return Plan.Server.AntiHammering(
      maxFailures: take(hammering.maxFailures, "\(path).max_failures") ?? standard.maxFailures,
      forgetSeconds: take(hammering.forgetAfter, "\(path).forget_after") ?? standard.forgetSeconds,
      blockSeconds: take(hammering.blockFor, "\(path).block_for") ?? standard.blockSeconds,
      neverBlock: lowerAddresses(hammering.neverBlock, "\(path).never_block").union(.localhost))
  }

  /// - Returns: also whether all of it could be read: if not, nothing can be concluded from what is missing.
  mutating func lowerIPControl(
    _ given: Config.Service, of name: String, _ path: String
  ) -> (control: Plan.Service.IPControl, isKnown: Bool) {
    let control = given.ipControl?.value ?? Config.IPControl()
    let path = "\(path).ip_control"
    if let span = given.ipControl?.span { note(span, path) }
    let white = lowerList(control.whiteList, "\(path).white_list").plan
    let (black, blackEntries) = lowerList(control.blackList, "\(path).black_list")
    let result = Plan.Service.IPControl(
      standard: take(control.standard, "\(path).default") ?? .allow, blackList: black, whiteList: white)
    let lists = [control.whiteList, control.blackList].compactMap(\.self).map(\.value)
    guard !given.isMistaken("ip_control"), control.mistaken.isEmpty, lists.allSatisfy(\.mistaken.isEmpty),
      addressLists.unknown.isDisjoint(with: ["\(path).white_list", "\(path).black_list"])
    else { return (result, false) }
    noteOverruled(blackEntries, by: white, of: name)
    if black.enabled, !result.allowed.isEmpty {
      reportOwnNetworks(control.blackList?.value.entries, of: name, besides: white)
    }
    return (result, true)
  }

  private mutating func lowerList(
    _ given: Located<Config.AddressList>?, _ path: String
  ) -> (plan: Plan.Service.IPControl.List, entries: LoweredAddresses) {
    guard let given else { return (Plan.Service.IPControl.List(), LoweredAddresses()) }
    note(given.span, path)
    let enabled = take(given.value.enabled, "\(path).enabled") ?? true
    let lowered = lowerEntries(given.value.entries, path)
    let addresses = lowered.addresses
    // Without entries a switch means nothing. A list file may have lines tomorrow.
    let isMeant = enabled || !addresses.isEmpty || lowered.rules.isFromFiles
    return (Plan.Service.IPControl.List(enabled: enabled || !isMeant, addresses: addresses), lowered)
  }
}
