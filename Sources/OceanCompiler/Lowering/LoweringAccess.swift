import OceanAddresses
import OceanPlan
import OceanSyntax

extension Lowering {
  mutating func lowerServerLimits(_ given: Config.Server) -> Plan.Server.Limits {
    let limits = given.limits?.value ?? Config.ServerLimits()
    let path = Plan.Server.Limits.path
    if let span = given.limits?.span { note(span, path) }
    if let span = limits.except?.span { note(span, Plan.Server.Limits.except.path(in: path)) }
    var result = Plan.Server.Limits()
    Settings.serverLimits.lower(limits, into: &result, at: path, &self)
    result.exceptions = lowerExceptions(limits.except?.value ?? [])
    return result
  }

  /// One exception for each number, without the addresses of the exceptions before it.
  private mutating func lowerExceptions(
    _ given: [Located<Config.LimitException>]
  ) -> [Plan.Server.Limits.Exception] {
    var taken = AddressSet()
    var byNumber: [Int: AddressSet] = [:]
    for exception in given.map(\.value) {
      guard let from = exception.from, let number = exception.connectionsPerIP else { continue }
      let lowered = lowerEntries(from, Plan.Server.Limits.path(ofException: number.value))
      let addresses = lowered.addresses
      requireNoEnds(lowered, at: from.span)
      if !addresses.isEmpty, addresses.isSubset(of: taken) {
        report(
          .repeatedEntry, from.span, "earlier exceptions cover all its addresses",
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
    let path = Plan.Server.AntiHammering.path
    if let span = given.antiHammering?.span { note(span, path) }
    var result = Plan.Server.AntiHammering()
    Settings.antiHammering.lower(hammering, into: &result, at: path, &self)
    return result
  }

  /// - Parameters:
  ///   - section: the service, or the monitor.
  ///   - isMistaken: whether there is one that could not be read.
  /// - Returns: also whether all of it could be read: if not, nothing can be concluded from what is missing.
  mutating func lowerIPControl(
    _ given: Located<Config.IPControl>?, in section: SettingPath, isMistaken: Bool
  ) -> (control: Plan.Service.IPControl, isKnown: Bool) {
    let control = given?.value ?? Config.IPControl()
    let (whitePath, blackPath) = (
      Plan.Service.IPControl.whiteListPath(in: section), Plan.Service.IPControl.blackListPath(in: section)
    )
    if let span = given?.span { note(span, Plan.Service.IPControl.path(in: section)) }
    let (white, whiteEntries) = lowerList(control.whiteList, whitePath)
    let (black, blackEntries) = lowerList(control.blackList, blackPath)
    let result = Plan.Service.IPControl(
      defaultAction: take(control.defaultAction, Plan.Service.IPControl.defaultActionPath(in: section))
        ?? Plan.Service.IPControl.defaultAction.defaultValue, blackList: black, whiteList: white)
    let lists = [control.whiteList, control.blackList].compactMap(\.self).map(\.value)
    guard !isMistaken, control.mistaken.isEmpty, lists.allSatisfy(\.mistaken.isEmpty),
      addressLists.unknown.isDisjoint(with: [whitePath, blackPath])
    else { return (result, false) }
    noteOverruled(
      blackEntries, by: white.enabled ? whiteEntries.rules.lasting : AddressSet(), of: section.key)
    if black.enabled, !result.allowed.isEmpty {
      reportOwnNetworks(control.blackList?.value.entries, in: section, besides: white)
    }
    return (result, true)
  }

  private mutating func lowerList(
    _ given: Located<Config.AddressList>?, _ path: SettingPath
  ) -> (plan: Plan.Service.IPControl.List, entries: LoweredAddresses) {
    guard let given else { return (Plan.Service.IPControl.List(), LoweredAddresses()) }
    note(given.span, path)
    let enabled = take(given.value.enabled, Plan.Service.IPControl.List.enabled.path(in: path)) ?? true
    let lowered = lowerEntries(given.value.entries, path)
    let addresses = lowered.addresses
    // A switch means nothing without entries. A list file may have lines tomorrow.
    let isMeant =
      enabled || !addresses.isEmpty || lowered.rules.isFromFiles || lowered.rules.hasEnds
    return (Plan.Service.IPControl.List(enabled: enabled || !isMeant, addresses: addresses), lowered)
  }
}
