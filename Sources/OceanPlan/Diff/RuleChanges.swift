import OceanAddresses
internal import Synchronization

/// Where the deciding rule of each list of one plan changes. Worked out once, for somebody who asks about many sets
/// of addresses.
package final class RuleChanges: Sendable {
  typealias List = [(start: UInt128, rule: UInt32?)]

  private struct Known {
    let list: RuleList
    var changes: [IPFamily: List] = [:]
  }

  private struct State {
    /// Services may have one long list in common.
    var lists: [Known] = []
    var places: [SettingPath: Int] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  func of(_ list: RuleList, at path: SettingPath, _ family: IPFamily) -> List {
    state.withLock { state in
      let place =
        state.places[path] ?? state.lists.firstIndex { $0.list == list } ?? state.lists.count
      if place == state.lists.count { state.lists.append(Known(list: list)) }
      state.places[path] = place
      if let changes = state.lists[place].changes[family] { return changes }
      let changes = list.rules.changes(of: family)
      state.lists[place].changes[family] = changes
      return changes
    }
  }
}
