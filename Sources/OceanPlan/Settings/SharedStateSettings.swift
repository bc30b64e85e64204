extension Plan {
  /// The engine with which several servers count failures and blocks together: Valkey or Redis.
  package struct SharedState: Sendable, Hashable {
    /// Nil if the server counts alone.
    package var url: SharedStateURL?
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
  }
}

extension Plan.SharedState: PlanSection {
  package static let blank = Self()

  private static let effect = SettingEffect.other("the engine is asked anew; what is known stays")

  package static let url = PlanSetting<Self, SharedStateURL?>(
    "url", \.url,
    .optional("the place of Valkey or Redis") {
      .text($0.description)
    } other: {
      $0 == nil ? try? SharedStateURL(parsing: "valkey://192.0.2.1") : .some(nil)
    }, .antiHammering, .other("another place: asked at once; whether there is one: with a restart"),
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
    PlanRow(url), PlanRow(user), PlanRow(password), PlanRow(tls), PlanRow(ca), PlanRow(prefix),
  ]

  package static let path = SettingPath.root.appending("server").appending("shared_state")
}

extension Plan.SharedState {
  /// Half a sentence: why no config compiles to it; nil if one does.
  var flaw: String? {
    guard self != .blank else { return nil }
    if url == nil { return "server.shared_state lacks its url" }
    if user != nil, password == nil { return "server.shared_state has a user without a password" }
    return prefix.isEmpty ? "server.shared_state has an empty prefix" : nil
  }
}
