package import OceanBase
package import OceanPlan
internal import Synchronization

/// The sources of a plan, each made once, whichever services ask it.
///
/// This is the only place that knows their kinds. Sources of the plan before that differ in nothing but their names go on
/// as they are, with their connections and their state.
package struct AccountSources: Sendable {
  /// Secrets by where they are kept.
  package typealias Secrets = [Plan.SecretSource: SecretBytes]

  /// By settings, without names.
  private var sources: [Plan.AccountSource: any AccountSource] = [:]
  private let defaultDomain: String?
  private let secrets: Secrets
  private let observer: BackendObserver
  private let now: @Sendable () -> Int64

  /// - Parameters:
  ///   - secrets: what could be read now.
  ///   - previous: the sources of the plan before; their secrets stand in for those that cannot be read now.
  ///   - now: the wall clock, in nanoseconds since 1970.
  package init(
    defaultDomain: String?, secrets: Secrets = [:], after previous: AccountSources? = nil,
    observer: BackendObserver = .nobody, now: @escaping @Sendable () -> Int64
  ) {
    self.defaultDomain = defaultDomain
    self.secrets = (previous?.secrets ?? [:]).merging(secrets) { $1 }
    self.observer = observer
    self.now = now
    let isSame = previous?.defaultDomain == defaultDomain
    sources = (previous?.sources ?? [:]).filter { settings, _ in
      // A file's index depends on the domain. A new password is used by a new source.
      guard let password = settings.password else { return isSame || settings.passwdFile == nil }
      return previous?.secrets[password] == self.secrets[password]
    }
  }

  /// The source with these settings.
  package mutating func source(_ settings: Plan.AccountSource) -> any AccountSource {
    let settings = settings.unnamed
    if let known = sources[settings] { return known }
    let cache = settings.cacheSeconds
    let source: any AccountSource =
      if let file = settings.passwdFile {
        PasswdFileSource(path: file, defaultDomain: defaultDomain, now: now)
      } else if settings.ldap != .blank {
        LDAPSource(
          settings.ldap, password: settings.password.map { secrets[$0] }, cacheSeconds: cache,
          observer: observer)
      } else if settings.saslauthd != .blank {
        SaslauthdSource(settings.saslauthd, cacheSeconds: cache, observer: observer)
      } else if settings.dovecot != .blank {
        DovecotSource(settings.dovecot, cacheSeconds: cache, observer: observer)
      } else {
        SQLSource(
          settings.sql, password: settings.password.map { secrets[$0] }, cacheSeconds: cache,
          observer: observer)
      }
    sources[settings] = source
    return source
  }

  /// The directory of some sources, in order.
  package mutating func directory(_ settings: [Plan.AccountSource]) -> AccountDirectory {
    AccountDirectory(settings.map { source($0) }, defaultDomain: defaultDomain, now: now)
  }

  /// Forgets sources that a plan does not have.
  package mutating func keep(_ settings: [Plan.AccountSource]) {
    let kept = Set(settings.map(\.unnamed))
    sources = sources.filter { kept.contains($0.key) }
  }

  /// The sources outside of this process, by the names that a plan gives them.
  package func remotes(_ settings: [Plan.AccountSource]) -> [(name: String, source: any RemoteAccountSource)]
  {
    settings.compactMap { named in
      sources[named.unnamed]?.remote.map { (named.name, $0) }
    }
  }
}

extension AccountDirectory {
  /// The directory of sources that nothing else asks.
  ///
  /// - Parameter now: the wall clock, in nanoseconds since 1970.
  package convenience init(
    _ sources: [Plan.AccountSource], defaultDomain: String?, secrets: AccountSources.Secrets = [:],
    now: @escaping @Sendable () -> Int64
  ) {
    var made = AccountSources(defaultDomain: defaultDomain, secrets: secrets, now: now)
    self.init(sources.map { made.source($0) }, defaultDomain: defaultDomain, now: now)
  }
}
