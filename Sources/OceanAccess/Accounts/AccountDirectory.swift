package import OceanAddresses

/// The accounts of one service: password files in order, and the domain that a bare name stands for.
///
/// A login is looked up in one file after the other; the first file that has it decides. In each file, the
/// full address comes before the bare name:
///
/// | login | default domain | names tried |
/// |---|---|---|
/// | `anna` | none | `anna` |
/// | `anna` | `example.org` | `anna@example.org`, `anna` |
/// | `anna@example.org` | `example.org` | `anna@example.org`, `anna` |
/// | `anna@example.net` | any other | `anna@example.net` |
package final class AccountDirectory: Sendable {
  /// The paths of its files, for people.
  package let name: String
  private let sources: [AccountSource]
  private let defaultDomain: String?

  /// - Parameters:
  ///   - files: paths of password files. They are read at the first lookup.
  ///   - now: the wall clock, in nanoseconds since 1970.
  package init(files: [String], defaultDomain: String?, now: @escaping @Sendable () -> Int64) {
    let domain = defaultDomain.flatMap { AccountName.fold($0.utf8) }
    self.defaultDomain = domain
    name = files.joined(separator: ", ")
    sources = files.map { AccountSource(path: $0, defaultDomain: domain, now: now) }
  }

  /// The candidate for a login name as it came from the client. The answer never tells whether such an
  /// account exists.
  ///
  /// Picks up changed files, and blocks while it does, so not for event loops.
  package func lookup(_ login: String, peer: IPAddress) -> Candidate {
    let states = sources.map { $0.refreshed() }
    let account = (try? AccountName(folding: login.utf8)).flatMap { find($0, in: states)?.account }
    // Without all the files a refusal is not final.
    let isComplete = states.allSatisfy { $0.file != nil }
    if let account, let password = account.password, account.allows(peer) {
      return Candidate(password: password, identity: identity(of: account), isRefusalFinal: isComplete)
    }
    // No account, or one that may not log in: the check costs as much as for most of the accounts.
    let decoy = states.compactMap(\.file?.decoy).max { $0.count < $1.count }
    return Candidate(
      password: decoy?.password, identity: nil, isRefusalFinal: isComplete,
      isUnusable: account?.status == .refused)
  }

  /// An account that a login name stands for, whether or not it may log in, and the file it is in.
  ///
  /// For the administrator (`ocean explain`), never for a client.
  package func entry(for login: String) -> (
    account: Account, path: String, identity: Identity
  )? {
    guard let name = try? AccountName(folding: login.utf8),
      let found = find(name, in: sources.map { $0.refreshed() })
    else { return nil }
    return (found.account, sources[found.source].path, identity(of: found.account))
  }

  /// One file as it is now.
  package struct SourceHealth: Sendable {
    package let path: String
    /// The version in force; nil if no version could be read yet.
    package let file: PasswdFile?
    /// Why the file in force is not the newest version.
    package let problem: AccountFileError?
  }

  /// The state of every file after a look at it, in order. Blocks.
  package func health() -> [SourceHealth] {
    sources.map { source in
      let state = source.refreshed()
      return SourceHealth(path: source.path, file: state.file, problem: state.problem)
    }
  }

  /// The state of every file as it was last read, for when looking at them takes too long. Never blocks.
  package func healthUnanswered() -> [SourceHealth] {
    sources.map { SourceHealth(path: $0.path, file: $0.known.file, problem: .unanswered) }
  }

  /// The problems of files when they were last looked at. Does not wait for any file.
  package var problems: [(path: String, problem: AccountFileError)] {
    sources.compactMap { source in source.known.problem.map { (source.path, $0) } }
  }

  /// Finds an account. The search ends at a file that was never read: it may be the one that disables the
  /// account.
  private func find(_ login: AccountName, in states: [AccountSource.State]) -> (
    account: Account, source: Int
  )? {
    let names = names(for: login)
    for (source, state) in states.enumerated() {
      guard let file = state.file else { return nil }
      for name in names {
        if let account = file.account(named: name) { return (account, source) }
      }
    }
    return nil
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
