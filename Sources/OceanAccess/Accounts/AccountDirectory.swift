package import OceanAddresses
package import OceanPlan

/// The accounts of one service: sources in order, and the domain that a bare name stands for.
///
/// The first source that has a login decides. In each source, the full address comes before the bare name:
///
/// | login | default domain | names tried |
/// |---|---|---|
/// | `anna` | none | `anna` |
/// | `anna` | `example.org` | `anna@example.org`, `anna` |
/// | `anna@example.org` | `example.org` | `anna@example.org`, `anna` |
/// | `anna@example.net` | any other | `anna@example.net` |
package final class AccountDirectory: Sendable {
  /// The names of its sources, for people.
  package let name: String
  private let sources: [any AccountSource]
  /// Folded, as the names of accounts are.
  private let defaultDomain: String?

  package init(_ sources: [any AccountSource], defaultDomain: String?) {
    self.defaultDomain = defaultDomain.flatMap { AccountName.fold($0.utf8) }
    self.sources = sources
    name = sources.map(\.name).joined(separator: ", ")
  }

  /// The sources that a plan names. This is the only place that knows their kinds. They are read at the first lookup.
  ///
  /// - Parameter now: the wall clock, in nanoseconds since 1970.
  package convenience init(
    _ sources: [Plan.AccountSource], defaultDomain: String?, now: @escaping @Sendable () -> Int64
  ) {
    self.init(
      sources.map { PasswdFileSource(path: $0.passwdFile, defaultDomain: defaultDomain, now: now) },
      defaultDomain: defaultDomain)
  }

  /// The candidate for a login name as it came from the client. The answer never tells whether such an
  /// account exists.
  ///
  /// Picks up changed files, and blocks while it does, so not for event loops.
  package func lookup(_ login: String, peer: IPAddress) -> Candidate {
    let names = (try? AccountName(folding: login.utf8)).map { self.names(for: $0) } ?? []
    // All sources are asked: without all of them a refusal is not final, and it costs the same for every name.
    let answers = sources.map { $0.lookup(names) }
    let account = Self.first(answers)?.account
    let isComplete = answers.allSatisfy { if case .unavailable = $0.finding { false } else { true } }
    if let account, let password = account.password, account.allows(peer) {
      return Candidate(password: password, identity: identity(of: account), isRefusalFinal: isComplete)
    }
    // No account, or one that may not log in: the check costs as much as for most of the accounts.
    let decoy = answers.compactMap(\.decoy).max { $0.count < $1.count }
    return Candidate(
      password: decoy?.password, identity: nil, isRefusalFinal: isComplete,
      isUnusable: account?.status == .refused, refused: account.map(identity(of:)))
  }

  /// An account as its source has it.
  package struct Entry: Sendable {
    package let account: Account
    /// The name of the source.
    package let source: String
    package let identity: Identity
    /// Why the account is refused, in a sentence; nil if it is not.
    package let refusal: String?
  }

  /// An account that a login name stands for, whether or not it may log in, and the source it is in.
  ///
  /// For the administrator (`ocean explain`), never for a client.
  package func entry(for login: String) -> Entry? {
    guard let name = try? AccountName(folding: login.utf8) else { return nil }
    let names = names(for: name)
    guard let found = Self.first(sources.map { $0.lookup(names) }) else { return nil }
    let source = sources[found.source]
    return Entry(
      account: found.account, source: source.name, identity: identity(of: found.account),
      refusal: found.account.status == .refused ? source.refusal(of: found.account.name) : nil)
  }

  /// The state of every source after a look at it, in order. Blocks.
  package func health() -> [SourceHealth] { sources.map { $0.health() } }

  /// The state of every source at the last look, for when looking takes too long. Never blocks.
  package func healthUnanswered() -> [SourceHealth] {
    sources.map { SourceHealth(name: $0.name, counts: $0.lastHealth.counts, problem: .unanswered) }
  }

  /// The problems of sources when they were last looked at. Does not wait for any source.
  package var problems: [(name: String, problem: AccountFileError)] {
    sources.compactMap { source in source.lastHealth.problem.map { (source.name, $0) } }
  }

  /// The account that decides. The search ends at a source that was unavailable: it may be the one that disables the
  /// account.
  private static func first(_ answers: [SourceAnswer]) -> (account: Account, source: Int)? {
    for (source, answer) in answers.enumerated() {
      switch answer.finding {
      case .account(let account): return (account, source)
      case .nobody: continue
      case .unavailable: return nil
      }
    }
    return nil
  }

  /// The names that the account of a login may have in logs (``Identity/name``), the likelier first; empty for a
  /// text that cannot be a name. Asks no source.
  package static func identityNames(of login: String, defaultDomain: String?) -> [String] {
    let directory = AccountDirectory([], defaultDomain: defaultDomain)
    guard let name = try? AccountName(folding: login.utf8) else { return [] }
    return name.domain == nil ? directory.names(for: name).map(\.text) : [name.text]
  }

  private func names(for login: AccountName) -> [AccountName] {
    guard let defaultDomain else { return [login] }
    guard let domain = login.domain else {
      return [login.qualified(by: defaultDomain), login].compactMap(\.self)
    }
    return domain == defaultDomain ? [login, login.withoutDomain].compactMap(\.self) : [login]
  }

  private func identity(of account: Account) -> Identity {
    Identity(
      user: String(account.name.user), domain: account.name.domain.map(String.init) ?? defaultDomain ?? "",
      home: account.home,
      maildir: account.maildir)
  }
}
