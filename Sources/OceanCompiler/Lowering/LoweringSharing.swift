import OceanPlan
import OceanSyntax

/// What several hosts have together.
extension Lowering {
  mutating func checkTicketSecret(_ secret: Located<Plan.SecretSource>) {
    let what = secret.value.description
    guard let found = facts.ticketSecret else {
      return reportNotChecked("the secret of session tickets, \(what) (not among the facts)")
    }
    if found.state == .read, !found.isUsable {
      report(
        .unusableTicketSecret, secret.span, "\(what) has fewer than 32 octets: it can be guessed",
        help: "make one for all hosts: \(Self.making(secret.value))")
    }
    reportUnread(
      what, secret.span, found.state, as: .unusableTicketSecret,
      help: "make one for all hosts: \(Self.making(secret.value))")
    reportExposed(
      secret, as: .ticketSecretExposed, "secret of session tickets", advice: "make a new one for all hosts")
  }

  /// The engine that servers ask; blank if it is not known which.
  mutating func lowerSharedState(_ located: Located<Config.SharedState>) -> Plan.SharedState {
    let given = located.value
    let path = Plan.SharedState.path
    var shared = Plan.SharedState.blank
    shared.url = take(given.url, Plan.SharedState.url.path(in: path))
    if let sentinel = given.sentinel { shared.sentinel = lowerSentinel(sentinel.value) }
    shared.password = take(given.password, Plan.SharedState.password.path(in: path))
    shared.prefix = take(given.prefix, Plan.SharedState.prefix.path(in: path)) ?? shared.prefix
    shared.tls =
      take(given.tls, Plan.SharedState.tls.path(in: path)) ?? (shared.url?.isLocal == true ? .off : .verify)
    shared.ca = take(given.ca, Plan.SharedState.ca.path(in: path))
    shared.user = checkUser(
      given.user, given.password, isMistaken: given.isMistaken("password"),
      Plan.SharedState.user.path(in: path),
      "valkey.password")
    if let password = given.password {
      checkSharedStatePassword(password, facts.sharedStatePassword, of: "shared state")
    }
    checkPlace(given, at: located.span)
    checkTransport(given, shared)
    return (shared.url == nil) == (shared.sentinel == .blank) ? .blank : shared
  }

  /// The Sentinels that servers ask; blank if it is not known which, or for what.
  private mutating func lowerSentinel(_ given: Config.Sentinel) -> Plan.SharedState.Sentinel {
    let path = Plan.SharedState.Sentinel.path
    var sentinel = Plan.SharedState.Sentinel.blank
    sentinel.master = take(given.master, Plan.SharedState.Sentinel.master.path(in: path)) ?? ""
    for place in take(given.at, Plan.SharedState.Sentinel.at.path(in: path)) ?? [] {
      if sentinel.at.contains(place.value) {
        report(.uncertainSharedState, place.span, "\(place.value) is named twice", help: "name it once")
        continue
      }
      if place.value.port == SharedStateURL.defaultPort {
        report(
          .uncertainSharedState, place.span,
          "\(SharedStateURL.defaultPort) is the usual port of an engine, and not of a Sentinel",
          help: "the Sentinel's is \(EnginePlace.sentinelPort), unless its sentinel.conf says otherwise")
      }
      sentinel.at.append(place.value)
    }
    if let at = given.at, sentinel.at.count > Plan.SharedState.Sentinel.maxCount {
      report(
        .badSharedState, at.span, "more than \(Plan.SharedState.Sentinel.maxCount) Sentinels",
        help: "a few are enough: they agree among themselves")
      sentinel.at = []
    }
    // A name may have several addresses.
    if let at = given.at, sentinel.at.count == 1, !given.isMistaken("at"), sentinel.at.allSatisfy(\.isAddress)
    {
      report(
        .loneSentinel, at.span, "while this one Sentinel is away, the master is not found",
        help: "name all Sentinels of the master, three at least")
    }
    sentinel.user = checkUser(
      given.user, given.password, isMistaken: given.isMistaken("password"),
      Plan.SharedState.Sentinel.user.path(in: path), "sentinel.password")
    sentinel.password = take(given.password, Plan.SharedState.Sentinel.password.path(in: path))
    if let password = given.password {
      checkSharedStatePassword(password, facts.sentinelPassword, of: "Sentinel")
    }
    return sentinel.master.isEmpty || sentinel.at.isEmpty ? .blank : sentinel
  }

  /// - Parameter file: what its password's file may be called.
  /// - Returns: the user, if it has a password.
  private mutating func checkUser(
    _ user: Located<String>?, _ password: Located<Plan.SecretSource>?, isMistaken: Bool, _ path: SettingPath,
    _ file: String
  ) -> String? {
    guard let user, password == nil else { return take(user, path) }
    if !isMistaken {
      report(
        .sharedStatePassword, user.span, "'user' has no password",
        help: "say where it is: password: { file: \(file) }")
    }
    return nil
  }

  /// One of two settings says where the engine is.
  private mutating func checkPlace(_ given: Config.SharedState, at span: Span) {
    let example =
      "url: valkey://10.0.0.5:6379, or sentinel: { master: mymaster, at: [10.0.0.5, 10.0.0.6, 10.0.0.7] }"
    if let url = given.url, given.sentinel != nil {
      report(
        .badSharedState, url.key ?? url.span, "'url' and 'sentinel' both say where the engine is",
        help: "with Sentinels, remove 'url': the master may be elsewhere tomorrow")
    } else if given.url == nil, given.sentinel == nil, !given.isMistaken("url"), !given.isMistaken("sentinel")
    {
      report(.missingSetting, span, "the shared_state section needs 'url' or 'sentinel'", help: example)
    }
    if let url = given.url, url.value.port == EnginePlace.sentinelPort, given.sentinel == nil {
      report(
        .uncertainSharedState, url.span, "\(EnginePlace.sentinelPort) is the usual port of a Sentinel",
        help: "to ask Sentinels, write sentinel: { master: mymaster, at: [\(url.value.host)] } in place of it"
      )
    }
  }

  private mutating func checkTransport(_ given: Config.SharedState, _ shared: Plan.SharedState) {
    let isLocal = shared.url?.isLocal ?? shared.sentinel.at.allSatisfy(\.isLocal)
    if let tls = given.tls, tls.value == .off, !isLocal {
      let place = shared.url?.host ?? "the master"
      let hasPassword = given.password != nil || given.sentinel?.value.password != nil
      report(
        .uncertainSharedState, tls.span,
        "addresses of clients\(hasPassword ? ", and the password," : "") go to \(place) in the clear",
        help: "write tls: verify")
    }
    guard let ca = given.ca else { return }
    if shared.tls != .verify {
      report(
        .uncertainSharedState, ca.span, "without 'tls: verify' no certificate is checked: this has no effect",
        help: "write tls: verify, or remove it")
    }
  }

  private mutating func checkSharedStatePassword(
    _ password: Located<Plan.SecretSource>, _ found: Facts.Secret?, of owner: String
  ) {
    guard let found else {
      return reportNotChecked("the password of the \(owner), \(password.value) (not among the facts)")
    }
    checkPassword(password, found.state, as: .sharedStatePassword, of: owner)
  }

  /// The command that makes a secret which others cannot read.
  private static func making(_ source: Plan.SecretSource) -> String {
    let command = "head -c 32 /dev/urandom | base64"
    guard case .file(let path) = source else { return command }
    return "(umask 077; \(command) > \(shellWord(path)))"
  }
}
