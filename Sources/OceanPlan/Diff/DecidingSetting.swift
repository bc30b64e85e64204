import OceanAddresses

extension Plan.Service.IPControl {
  /// Whether one setting lets in some of the clients whom these rules let in and `old` refused: among the other
  /// settings as they are, as they were, or some of each.
  ///
  /// - Parameters:
  ///   - clients: clients who get in now and did not, be it for other reasons than rules.
  ///   - path: the setting.
  ///   - section: the service, or the monitor.
  func letsIn(
    _ clients: AddressSet, after old: Self, by path: SettingPath, in section: SettingPath
  ) -> Bool {
    // They are not on the old white list.
    let clients = clients.subtracting(old.allowed(among: clients))
    let (black, white) = (Self.blackListPath(in: section), Self.whiteListPath(in: section))
    let mayBeAllowed = defaultAction == .allow || old.defaultAction == .allow
    switch path {
    case white:
      guard whiteList.enabled || old.whiteList.enabled else { return false }
      return !clients.intersection(whiteList.addresses).subtracting(old.whiteList.addresses).isEmpty
    case black:
      guard mayBeAllowed, blackList.enabled || old.blackList.enabled else { return false }
      return !clients.intersection(old.blackList.addresses).subtracting(blackList.addresses).isEmpty
    case List.enabled.path(in: white):
      guard whiteList.enabled, !old.whiteList.enabled else { return false }
      return ![whiteList, old.whiteList].allSatisfy { $0.addresses.isDisjoint(with: clients) }
    case List.enabled.path(in: black):
      guard mayBeAllowed, old.blackList.enabled, !blackList.enabled else { return false }
      return ![blackList, old.blackList].allSatisfy { $0.addresses.isDisjoint(with: clients) }
    default:
      guard defaultAction == .allow, old.defaultAction == .refuse else { return false }
      // Those who are on the black list either way are not let in by it.
      guard blackList.enabled, old.blackList.enabled else { return !clients.isEmpty }
      return !clients.subtracting(
        clients.intersection(blackList.addresses).intersection(old.blackList.addresses)
      ).isEmpty
    }
  }
}
