import OceanAddresses
import OceanBase

/// What one side says about an address. As in ``WayIn``, the first step that refuses decides.
enum AccessVerdict: Hashable {
  case unreachable(IPFamily)
  case isProxy
  case notAProxy
  case needsTLS
  /// The client gets in, and may log in without TLS.
  case plaintext
  /// Every port is for implicit TLS.
  case noPlainPort
  /// No TLS is offered, or none that is old enough.
  case noTLS
  case newerTLS
  case rules(Decision)

  /// Whether a rule of a list decides.
  var isOfRule: Bool {
    switch self {
    case .rules(.allowed(.whiteList)), .rules(.refused(.whiteList)), .rules(.allowed(.blackList)),
      .rules(.refused(.blackList)):
      true
    default: false
    }
  }

  /// The kind of cause, in words.
  var cause: String {
    switch self {
    case .unreachable: "bind"
    case .isProxy, .notAProxy: "proxy_from"
    case .needsTLS, .plaintext: "plaintext_login"
    case .noPlainPort: "ports"
    case .noTLS: "tls.explicit"
    case .newerTLS: "tls.profile"
    case .rules(.allowed(.whiteList)), .rules(.refused(.whiteList)): "white list"
    case .rules(.allowed(.blackList)), .rules(.refused(.blackList)): "black list"
    case .rules: "default"
    }
  }
}

/// The listeners of a service that is enabled, and all that decides there. A class, since each of many pieces
/// asks it.
final class AccessSide: Sendable {
  private let way: WayIn
  private let aim: Attempt.Aim
  let reach: Reach
  /// Nil if the list is switched off.
  let white: RuleList?
  /// Nil if the list is switched off.
  let black: RuleList?
  /// Whether the password is sent in clear text.
  let isPlaintext: Bool
  /// What keeps everybody out that the rules let in, if there is such a thing.
  let closed: AccessVerdict?
  private let defaultAction: Plan.Service.IPControl.DefaultAction
  /// What keeps out everybody whom the proxy names, whoever they are; nil if nothing does.
  private let turnedAway: AccessVerdict?
  /// Whether a proxy names all clients.
  private let isByProxy: Bool
  private let changes: RuleChanges
  private let provenance: Provenance

  init(_ subject: AccessDifference.Subject, _ aim: Attempt.Aim) {
    let way = subject.way
    typealias Control = Plan.Service.IPControl
    func list(_ list: Control.List, _ path: SettingPath) -> RuleList? {
      list.enabled ? subject.rules[path] ?? RuleList(list.addresses) : nil
    }
    let service = way.service
    self.way = way
    self.aim = aim
    defaultAction = service.ipControl.defaultAction
    provenance = subject.provenance
    changes = subject.changes
    isByProxy = subject.proxy != nil
    var listeners = way.listeners
    if let proxy = subject.proxy { listeners.removeAll { !way.isReached($0, from: proxy) } }
    turnedAway = subject.proxy.flatMap { proxy in
      if listeners.isEmpty { return .unreachable(proxy.family) }
      return service.proxyFrom.contains(proxy) ? nil : .notAProxy
    }
    let offering = listeners.filter { service.offersTLS($0) }
    // A login by whatever means there are is one over TLS where that is offered.
    var aim = aim
    if aim == .login { aim = offering.isEmpty ? .plaintextLogin : .tlsLogin(.tls13) }
    if aim == .plaintextLogin, !listeners.contains(where: { $0.tls == .none }) {
      closed = .noPlainPort
    } else if case .tlsLogin(let best) = aim,
      !offering.contains(where: { service.offersTLS($0, upTo: best) })
    {
      closed = offering.isEmpty ? .noTLS : .newerTLS
    } else {
      closed = nil
    }
    reach = way.reach(closed == nil ? aim : .connect)
    isPlaintext = aim == .plaintextLogin
    white = list(service.ipControl.whiteList, Control.whiteListPath(in: way.section))
    black = list(service.ipControl.blackList, Control.blackListPath(in: way.section))
  }

  var service: Plan.Service { way.service }

  /// The clients that get in.
  var clients: AddressSet { way.clients(aim) }

  /// Those of some addresses that do if a proxy names them.
  func named(among addresses: AddressSet) -> AddressSet {
    way.clients(aim, asNamed: true, among: addresses)
  }

  /// A rule, or all the lines of a list file.
  enum Entry: Hashable {
    case white(Int)
    case black(Int)
    case other(AccessVerdict)
    case none
  }

  func entry(of verdict: AccessVerdict?, byLine isByLine: Bool) -> Entry {
    if isByLine, let verdict { return .other(verdict) }
    return switch verdict {
    case .rules(.allowed(.whiteList(let rule))), .rules(.refused(.whiteList(let rule))):
      .white(white?.entryIndex(of: rule) ?? 0)
    case .rules(.allowed(.blackList(let rule))), .rules(.refused(.blackList(let rule))):
      .black(black?.entryIndex(of: rule) ?? 0)
    case .some(let verdict): .other(verdict)
    case nil: .none
    }
  }

  /// The setting that decides, if it is not a rule.
  func place(of verdict: AccessVerdict) -> Provenance.Origin? {
    let obstacle: Obstacle =
      switch verdict {
      case .unreachable, .noPlainPort: .unreachable
      case .isProxy: .isProxy
      case .notAProxy: .notAProxy
      case .needsTLS, .plaintext: .needsTLS
      case .noTLS: .noTLS
      case .newerTLS: .oldTLS(lowest: service.tls?.profile.lowest ?? .tls13)
      case .rules: .access(.defaultAction)
      }
    return provenance.place(of: obstacle, at: way)
  }

  /// Where the lists change that decide, in the order of ``verdict(_:)``.
  func cursors(_ family: IPFamily) -> [RuleCursor] {
    typealias Control = Plan.Service.IPControl
    func rules(_ list: RuleList?, _ path: SettingPath) -> RuleCursor {
      RuleCursor(list.map { changes.of($0, at: path, family) } ?? [])
    }
    func addresses(_ set: AddressSet) -> RuleCursor { RuleCursor(RuleList(set).rules.changes(of: family)) }
    return [
      addresses(reach.clients), addresses(service.proxyFrom),
      rules(white, Control.whiteListPath(in: way.section)),
      rules(black, Control.blackListPath(in: way.section)),
    ] + (isPlaintext ? [addresses(service.plaintextLogin)] : [])
  }

  /// - Parameters:
  ///   - cursors: cursors of both sides.
  ///   - first: the place of the cursor of its first list; those of the others follow.
  ///   - isNamed: whether a proxy names the address, be it a proxy's own.
  func verdict(_ cursors: [RuleCursor], _ first: Int, _ family: IPFamily, isNamed: Bool) -> AccessVerdict {
    if let turnedAway { return turnedAway }
    if !isByProxy {
      if cursors[first].rule == nil { return .unreachable(family) }
      if !isNamed, cursors[first + 1].rule != nil { return .isProxy }
    }
    let decision = Decision(
      white: cursors[first + 2].rule, black: cursors[first + 3].rule,
      defaultAction: defaultAction)
    guard decision.isAllowed else { return .rules(decision) }
    if let closed { return closed }
    guard isPlaintext else { return .rules(decision) }
    return cursors[first + 4].rule == nil ? .needsTLS : .plaintext
  }
}
