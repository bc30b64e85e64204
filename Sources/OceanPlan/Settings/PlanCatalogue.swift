package import OceanAddresses

extension Plan: PlanSection {
  package static let blank = Plan(server: .blank, log: .blank, accounts: [], mail: .blank, services: [])

  package static let rows: [PlanRow<Plan>] = [
    .section("server", \.server), .section("log", \.log), .section("mail", \.mail),
    .sectionUnlessBlank("monitor", \.monitor),
    .named("certificates", \.certificates, by: \.name), .named("accounts", \.accounts, by: \.name),
    .named("services", \.services, by: \.name), PlanRow(endsSetting),
  ]

  /// Sections whose paths have a name that the administrator chose.
  static let namedSections: Set<String> = ["certificates", "accounts", "services"]

  /// Every setting of a plan by its path, with `NAME` for names.
  static let catalogue: [SettingInfo] = rows.flatMap { $0.infos() }

  private static let infoByPattern = Dictionary(
    catalogue.map { ($0.path.description, $0) }, uniquingKeysWith: { first, _ in first })

  static func info(of path: SettingPath) -> SettingInfo? { infoByPattern[path.pattern] }

  /// Every value of the plan, section by section. The listeners of enabled services are not among them.
  package var settings: [Setting] { settings { !$0.enabled } }

  /// The same, with the listeners of all services.
  package var allSettings: [Setting] { settings { _ in true } }

  /// - Parameter listsListeners: whether the listeners of a service are among its values.
  func settings(_ listsListeners: (Service) -> Bool) -> [Setting] {
    let hidden = Set(services.filter { !listsListeners($0) }.map { Service.listeners.path(of: $0.name) })
    return Self.rows.flatMap { $0.settings(self, .root) }.filter { !hidden.contains($0.path) }
  }

  /// A change of every setting that can have another value than here.
  package var edits: [PlanEdit<Plan>] { Self.rows.flatMap { $0.edits(self, .root) } }

  /// Every address list.
  package var addressLists: [PlanList] { Self.rows.flatMap { $0.lists(self, .root) } }

  /// Replaces the addresses of a list.
  package mutating func setAddresses(_ addresses: AddressSet, at path: SettingPath) {
    for row in Self.rows { row.setAddresses(&self, addresses, path, .root) }
  }

  /// Half a sentence: the first setting whose value no config can give.
  var flawedSetting: String? {
    for row in Self.rows {
      if let flaw = row.flaw(self, .root) { return flaw }
    }
    return nil
  }

  /// The text of docs/plan-file.md.
  package static var reference: String {
    var text = """
      # Plan files

      What a plan says, as `ocean plan --format json` prints it and `--out` saves it below `plan`. This page is generated:
      `ocean schema --plan`.

      Keys are those of the config. The path of a value is the same here, in `provenance`, in `rules` and in a diff; in the
      file, sections with names are lists of objects with a `name`:

          ocean plan --format json ocean.yaml | jq '.plan.services[] | select(.name == "pop3") | .idle_timeout'

      Durations are written as in a config. The class of a change is what `--fail-on` names. What weakens protection is
      said where anything does.

      Where several nodes run one policy, what is marked `node` is a node's own: it is left out of `policy`, which
      `ocean plan --format json` has beside `digest`, and which is equal on all nodes exactly if their policy is.

      | path | value | a change is | weaker | it holds | whose |
      |---|---|---|---|---|---|

      """
    for info in catalogue {
      text +=
        "| `\(info.path)` | \(info.summary) | \(info.changeClass.usual.rawValue) | \(info.direction.weaker) | "
        + "\(info.effect?.text ?? "") | \(info.owner.words) |\n"
    }
    return text
  }
}
