extension Plan {
  /// The engine with which several servers count failures and blocks together: Valkey or Redis.
  package struct SharedState: Sendable, Hashable {
    /// Where the engine is; nil if Sentinels say so, or the server counts alone.
    package var url: SharedStateURL?
    package var sentinel = Sentinel()
    /// The user of the engine's access control list; nil for the one without a name.
    package var user: String?
    /// The place of its password; nil if none is needed.
    package var password: SecretSource?
    package var tls = SourceTLS.off
    /// The file of the CAs that certificates are checked with; nil for those of the system.
    package var ca: String?
    /// What the engine's keys begin with.
    package var prefix = "ocean:"

    package init() {}

    /// Whether the server counts together with others.
    package var isUsed: Bool { url != nil || sentinel != .blank }

    /// The name that Sentinels have for the engine; nil without Sentinels.
    package var master: String? { sentinel == .blank ? nil : sentinel.master }
  }
}

extension Plan.SharedState {
  /// The Sentinels that say which of several engines is the master.
  package struct Sentinel: Sendable, Hashable {
    /// The name that they have for it; empty without Sentinels.
    package var master = ""
    package var at: [EnginePlace] = []
    /// The user of their access control lists; nil for the one without a name.
    package var user: String?
    /// The place of their password; nil if none is needed.
    package var password: Plan.SecretSource?

    package init() {}
  }
}

extension Plan.SharedState: PlanSection {
  package static let blank = Self()

  fileprivate static let effect = SettingEffect.other("the engine is asked again; what is known stays")

  package static let url = PlanSetting<Self, SharedStateURL?>(
    "url", \.url,
    .optional("the place of Valkey or Redis") {
      .text($0.description)
    } other: {
      $0 == nil ? try? SharedStateURL(parsing: "valkey://192.0.2.1") : .some(nil)
    }, .antiHammering, .other("another place: asked at once; whether there is a place: with a restart"),
    owner: .policy, direction: .neither)
  package static let user = PlanSetting<Self, String?>(
    "user", \.user, .optionalText, .antiHammering, effect, owner: .policy, direction: .neither)
  package static let password = PlanSetting<Self, Plan.SecretSource?>(
    "password", \.password, .secret, .antiHammering, effect, owner: .place, direction: .neither)
  package static let tls = PlanSetting<Self, Plan.SourceTLS>(
    "tls", \.tls, .word, .antiHammering, effect, owner: .policy,
    direction: .strongestFirst([.verify, .require, .off]))
  package static let ca = PlanSetting<Self, String?>(
    "ca", \.ca, .optionalPath, .antiHammering, effect, owner: .place, direction: .neither)
  package static let prefix = PlanSetting<Self, String>(
    "prefix", \.prefix, .text, .antiHammering, effect, owner: .policy, direction: .neither)

  package static let rows: [PlanRow<Self>] = [
    PlanRow(url), .sectionUnlessBlank("sentinel", \.sentinel), PlanRow(user), PlanRow(password), PlanRow(tls),
    PlanRow(ca), PlanRow(prefix),
  ]

  package static let path = SettingPath.root.appending("server").appending("shared_state")
}

extension Plan.SharedState.Sentinel: PlanSection {
  package static let blank = Self()

  /// The most Sentinels: each is asked at the same time.
  package static let maxCount = 16

  package static let master = PlanSetting<Self, String>(
    "master", \.master, .text, .antiHammering, Plan.SharedState.effect, owner: .policy, direction: .neither)
  package static let at = PlanSetting<Self, [EnginePlace]>(
    "at", \.at,
    PlanValue(
      "a list of hosts with a port", isValid: { $0.count <= maxCount && Set($0).count == $0.count },
      other: { $0.isEmpty ? EnginePlace(host: "192.0.2.1", port: 1).map { [$0] } : Array($0.dropLast()) },
      shown: { .text($0.map(\.description).joined(separator: ", ")) }),
    .antiHammering, Plan.SharedState.effect, owner: .policy, direction: .neither)
  package static let user = PlanSetting<Self, String?>(
    "user", \.user, .optionalText, .antiHammering, Plan.SharedState.effect, owner: .policy,
    direction: .neither)
  package static let password = PlanSetting<Self, Plan.SecretSource?>(
    "password", \.password, .secret, .antiHammering, Plan.SharedState.effect, owner: .place,
    direction: .neither)

  package static let rows: [PlanRow<Self>] = [
    PlanRow(master), PlanRow(at), PlanRow(user), PlanRow(password),
  ]

  package static let path = Plan.SharedState.path.appending("sentinel")
}

extension Plan.SharedState {
  /// Half a sentence: why no config compiles to it; nil if one does.
  var flaw: String? {
    guard self != .blank else { return nil }
    if (url == nil) == (sentinel == .blank) { return "server.shared_state has not one of url and sentinel" }
    if sentinel != .blank, sentinel.master.isEmpty || sentinel.at.isEmpty {
      return "server.shared_state.sentinel lacks its master or its places"
    }
    if user != nil, password == nil { return "server.shared_state has a user without a password" }
    if sentinel.user != nil, sentinel.password == nil {
      return "server.shared_state.sentinel has a user without a password"
    }
    return prefix.isEmpty ? "server.shared_state has an empty prefix" : nil
  }
}
