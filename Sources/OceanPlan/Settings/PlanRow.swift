package import OceanAddresses

/// A row of a section without the type of its value: a setting, or a section below with all its rows.
package struct PlanRow<Root: Sendable>: Sendable {
  let read: @Sendable (KeyedDecodingContainer<SettingKey>, inout Root) throws -> Void
  let write: @Sendable (Root, inout KeyedEncodingContainer<SettingKey>) throws -> Void
  /// The values of a section at a path.
  var settings: @Sendable (Root, SettingPath) -> [Plan.Setting] = { _, _ in [] }
  /// The facts about the settings, with their paths below the section.
  var infos: @Sendable () -> [SettingInfo] = { [] }
  /// Half a sentence: a value that no config compiles to.
  var flaw: @Sendable (Root, SettingPath) -> String? = { _, _ in nil }
  /// A change of each setting that can have another value.
  var edits: @Sendable (Root, SettingPath) -> [PlanEdit<Root>] = { _, _ in [] }
  /// Leaves out what is a node's own, where several nodes have one policy.
  var leaveOutOwn: @Sendable (inout Root) -> Void = { _ in }
  /// The settings that differ between two sections at a path.
  var differences: @Sendable (_ before: Root, _ after: Root, SettingPath) -> [SettingDifference] = {
    _, _, _ in []
  }
  /// The address lists of a section at a path.
  var lists: @Sendable (Root, SettingPath) -> [PlanList] = { _, _ in [] }
  /// Replaces the addresses of the list at a path; the second path is that of the section.
  var setAddresses: @Sendable (inout Root, AddressSet, _ list: SettingPath, SettingPath) -> Void = {
    _, _, _, _ in
  }
}

/// A setting's row of the catalogue, for documents and for changes of the setting.
struct SettingInfo: Sendable {
  var path: SettingPath
  let summary: String
  let changeClass: ClassRule
  let effect: SettingEffect?
  let isOfWayIn: Bool
  let owner: SettingOwnerKind
  var direction: DirectionWords
  /// For a list of addresses: what more addresses do.
  var more: Direction?
}

/// A change of one setting.
package struct PlanEdit<Root>: Sendable {
  package let path: SettingPath
  package let apply: @Sendable (inout Root) -> Void
}

/// An address list of a plan, and the addresses that its rules must have.
package struct PlanList: Sendable {
  package let path: SettingPath
  package let addresses: AddressSet
  /// Addresses that the plan has in addition to those of the rules.
  var always = AddressSet()
  /// Whether the rules may name more: addresses that another list has taken.
  var isRemainder = false
  var explanation: ListExplanation?

  /// Whether rules with these addresses make up the list.
  func isMade(of rules: AddressSet) -> Bool {
    isRemainder ? addresses.isSubset(of: rules) : rules.union(always) == addresses
  }
}

extension PlanRow where Root: PlanSection {
  init<Value: Equatable>(_ setting: PlanSetting<Root, Value>, writtenAs key: String? = nil) {
    let (path, type) = (setting.makePath, setting.type)
    let key = SettingKey(key ?? setting.key)
    read = { container, root in root[keyPath: path()] = try type.read(container, key) }
    write = { root, container in try type.write(root[keyPath: path()], &container, key) }
    settings = { root, section in
      [Plan.Setting(setting.path(in: section), type.shown(root[keyPath: path()]))]
    }
    infos = {
      [
        SettingInfo(
          path: setting.path(in: .root), summary: type.summary, changeClass: setting.changeClass,
          effect: setting.effect, isOfWayIn: setting.isOfWayIn, owner: setting.owner.kind,
          direction: setting.direction.words, more: setting.direction.more)
      ]
    }
    if setting.owner.kind != .policy {
      leaveOutOwn = { root in
        let path = path()
        root[keyPath: path] = setting.owner.policyPart(of: root[keyPath: path], blank: setting.defaultValue)
      }
    }
    differences = { before, after, section in
      let (old, new) = (before[keyPath: path()], after[keyPath: path()])
      guard old != new else { return [] }
      return [
        SettingDifference(
          path: setting.path(in: section), changeClass: setting.changeClass.usual,
          direction: setting.direction.direction((before, old), (after, new)))
      ]
    }
    flaw = { root, section in
      type.isValid(root[keyPath: path()]) ? nil : "\(setting.path(in: section)) is out of range"
    }
    edits = { root, section in
      guard let other = type.other(root[keyPath: path()]) else { return [] }
      return [PlanEdit(path: setting.path(in: section)) { $0[keyPath: path()] = other }]
    }
  }

  /// A setting that is an address list.
  init(addresses setting: PlanSetting<Root, AddressSet>, writtenAs key: String? = nil) {
    self.init(setting, writtenAs: key)
    let (path, always) = (setting.makePath, setting.type.always)
    lists = { root, section in
      [
        PlanList(
          path: setting.path(in: section), addresses: root[keyPath: path()], always: always,
          explanation: setting.explanation)
      ]
    }
    setAddresses = { root, addresses, list, section in
      guard list == setting.path(in: section) else { return }
      root[keyPath: path()] = addresses.union(always)
    }
  }

  /// A value of the plan file that is not a setting: a name.
  static func name(
    _ path: @autoclosure @escaping @Sendable () -> any WritableKeyPath<Root, String> & Sendable
  ) -> PlanRow {
    let key = SettingKey("name")
    return PlanRow(
      read: { $1[keyPath: path()] = try $0.decode(String.self, forKey: key) },
      write: { try $1.encode($0[keyPath: path()], forKey: key) })
  }

  /// A section below.
  ///
  /// - Parameter isReversed: whether changes go the other way than the section's rows say.
  static func section<Section: PlanSection>(
    _ key: String,
    _ path: @autoclosure @escaping @Sendable () -> any WritableKeyPath<Root, Section> & Sendable,
    isReversed: Bool = false
  ) -> PlanRow {
    var row = PlanRow(
      read: { $1[keyPath: path()] = try $0.decode(Section.self, forKey: SettingKey(key)) },
      write: { try $1.encode($0[keyPath: path()], forKey: SettingKey(key)) })
    row.infos = { Section.rows.flatMap { $0.infos() }.map { $0.below(key, isReversed: isReversed) } }
    row.settings = { root, section in
      Section.rows.flatMap { $0.settings(root[keyPath: path()], section.appending(key)) }
    }
    row.leaveOutOwn = { root in
      let path = path()
      for row in Section.rows { row.leaveOutOwn(&root[keyPath: path]) }
    }
    row.differences = { before, after, section in
      let (old, new) = (before[keyPath: path()], after[keyPath: path()])
      guard old != new else { return [] }
      let found = Section.rows.flatMap { $0.differences(old, new, section.appending(key)) }
      return isReversed ? found.map(\.reversed) : found
    }
    row.flaw = { root, section in
      for row in Section.rows {
        if let flaw = row.flaw(root[keyPath: path()], section.appending(key)) { return flaw }
      }
      return nil
    }
    row.edits = { root, section in
      Section.rows.flatMap { $0.edits(root[keyPath: path()], section.appending(key)) }.map { edit in
        PlanEdit(path: edit.path) { edit.apply(&$0[keyPath: path()]) }
      }
    }
    row.lists = { root, section in
      Section.rows.flatMap { $0.lists(root[keyPath: path()], section.appending(key)) }
    }
    row.setAddresses = { root, addresses, list, section in
      for row in Section.rows {
        row.setAddresses(&root[keyPath: path()], addresses, list, section.appending(key))
      }
    }
    return row
  }

  /// A section below that a plan file leaves out if nothing in it is set.
  ///
  /// - Parameter isListed: whether its values are among those of the plan all the same.
  static func sectionUnlessBlank<Section: PlanSection>(
    _ key: String,
    _ path: @autoclosure @escaping @Sendable () -> any WritableKeyPath<Root, Section> & Sendable,
    isListed: Bool = false
  ) -> PlanRow {
    let whole = section(key, path())
    var row = PlanRow(
      read: {
        let found = try $0.decodeIfPresent(Section.self, forKey: SettingKey(key))
        $1[keyPath: path()] = found ?? .blank
      },
      write: { if $0[keyPath: path()] != .blank { try whole.write($0, &$1) } })
    row.infos = whole.infos
    row.settings = { $0[keyPath: path()] == .blank && !isListed ? [] : whole.settings($0, $1) }
    row.leaveOutOwn = { if $0[keyPath: path()] != .blank { whole.leaveOutOwn(&$0) } }
    row.differences = whole.differences
    row.flaw = whole.flaw
    row.edits = whole.edits
    row.lists = whole.lists
    row.setAddresses = whole.setAddresses
    return row
  }

  /// Sections under names that the administrator chose, sorted by name. Differences are those of sections that
  /// are on both sides.
  static func named<Section: PlanSection>(
    _ key: String,
    _ path: @autoclosure @escaping @Sendable () -> any WritableKeyPath<Root, [Section]> & Sendable,
    by name: @autoclosure @escaping @Sendable () -> any KeyPath<Section, String> & Sendable
  ) -> PlanRow {
    @Sendable func place(_ section: Section, _ path: SettingPath) -> SettingPath {
      path.appending(key).appending(section[keyPath: name()])
    }
    var row = PlanRow(
      read: { $1[keyPath: path()] = try $0.decode([Section].self, forKey: SettingKey(key)) },
      write: { try $1.encode($0[keyPath: path()], forKey: SettingKey(key)) })
    row.infos = { Section.rows.flatMap { $0.infos() }.map { $0.below("\(key).NAME") } }
    row.settings = { root, above in
      root[keyPath: path()].flatMap { section in
        Section.rows.flatMap { $0.settings(section, place(section, above)) }
      }
    }
    row.leaveOutOwn = { root in
      let path = path()
      for index in root[keyPath: path].indices {
        for row in Section.rows { row.leaveOutOwn(&root[keyPath: path][index]) }
      }
    }
    row.differences = { before, after, above in
      let old = Dictionary(
        before[keyPath: path()].map { ($0[keyPath: name()], $0) }, uniquingKeysWith: { first, _ in first })
      return after[keyPath: path()].flatMap { new -> [SettingDifference] in
        guard let old = old[new[keyPath: name()]], old != new else { return [] }
        return Section.rows.flatMap { $0.differences(old, new, place(new, above)) }
      }
    }
    row.flaw = { root, above in
      for section in root[keyPath: path()] {
        for row in Section.rows {
          if let flaw = row.flaw(section, place(section, above)) { return flaw }
        }
      }
      return nil
    }
    row.edits = { root, above in
      root[keyPath: path()].enumerated().flatMap { index, section in
        Section.rows.flatMap { $0.edits(section, place(section, above)) }.map { edit in
          PlanEdit(path: edit.path) { edit.apply(&$0[keyPath: path()][index]) }
        }
      }
    }
    row.lists = { root, above in
      root[keyPath: path()].flatMap { section in
        Section.rows.flatMap { $0.lists(section, place(section, above)) }
      }
    }
    row.setAddresses = { root, addresses, list, above in
      for index in root[keyPath: path()].indices {
        let place = place(root[keyPath: path()][index], above)
        guard list.description.hasPrefix("\(place).") else { continue }
        for row in Section.rows { row.setAddresses(&root[keyPath: path()][index], addresses, list, place) }
      }
    }
    return row
  }
}

extension SettingInfo {
  fileprivate func below(_ key: String, isReversed: Bool = false) -> SettingInfo {
    var info = self
    if isReversed { (info.direction, info.more) = (direction.reversed, more?.reversed) }
    info.path = path.description.isEmpty ? SettingPath(key) : SettingPath("\(key).\(path)")
    return info
  }
}
