package import OceanAddresses
package import OceanBase

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
  private let now: @Sendable () -> Int64

  /// - Parameter now: the wall clock, in nanoseconds since 1970.
  package init(
    _ sources: [any AccountSource], defaultDomain: String?, now: @escaping @Sendable () -> Int64
  ) {
    self.now = now
    self.defaultDomain = defaultDomain.flatMap { AccountName.fold($0.utf8) }
    self.sources = sources
    name = sources.map(\.name).joined(separator: ", ")
  }

  /// A search for the account of a login name as it came from the client. What it finds never tells whether such an
  /// account exists.
  ///
  /// - Parameter password: for sources that check passwords themselves; nil if the search is not for a login.
  package func search(
    _ login: String, password: SecretBytes?, service: String, peer: IPAddress
  ) -> AccountSearch {
    let names = (try? AccountName(folding: login.utf8)).map { self.names(for: $0) } ?? []
    return AccountSearch(
      AccountQuestion(
        names: names, defaultDomain: defaultDomain, service: service, client: peer, password: password),
      in: sources,
      time: now() / 1_000_000_000)
  }

  /// The candidate for a login name, all sources asked. Blocks, so not for event loops.
  package func lookup(
    _ login: String, password: SecretBytes? = nil, service: String, peer: IPAddress
  ) -> Candidate {
    candidate(of: search(login, password: password, service: service, peer: peer))
  }

  /// The candidate that a search leads to, once the sources that it left out are asked too. Blocks.
  package func candidate(of search: AccountSearch) -> Candidate {
    var search = search
    search.beThorough()
    while true {
      switch search.step {
      case .ask(let source): search.answered(source.lookup(search.question))
      case .check(let candidate): return candidate
      }
    }
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

  /// What the sources say about a login name.
  package enum Finding: Sendable {
    case entry(Entry)
    case nobody
    /// A source cannot tell: its name, and half a sentence that says why.
    case unavailable(source: String, reason: String)
  }

  /// The account that a login name stands for, whether or not it may log in, and the source it is in.
  ///
  /// For the administrator (`ocean explain`), never for a client. Blocks.
  package func find(_ login: String, service: String, peer: IPAddress) -> Finding {
    var search = search(login, password: nil, service: service, peer: peer)
    guard !search.question.names.isEmpty else { return .nobody }
    while case .ask(let source) = search.step { search.answered(source.lookup(search.question)) }
    return finding(of: search)
  }

  /// What the sources say that a search has asked.
  package func finding(of search: AccountSearch) -> Finding {
    guard let (answer, source) = search.decision else {
      guard let source = search.untold else { return .nobody }
      return .unavailable(
        source: source.name, reason: "it tells nothing about an account without its password")
    }
    guard case .account(let account) = answer.finding else {
      return .unavailable(
        source: source.name, reason: answer.reason ?? source.lastHealth.problem?.reason ?? "it cannot be read"
      )
    }
    return .entry(
      Entry(
        account: account, source: source.name,
        identity: Identity(of: account, defaultDomain: defaultDomain),
        refusal: account.status == .refused ? answer.reason : nil))
  }

  /// Asks the sources for a login name, in order, until one decides, as a login does.
  ///
  /// For the administrator (`ocean accounts test`), never for a client.
  ///
  /// - Parameter body: is called for each source with its name and the question.
  /// - Returns: the search with its answers. Its question has no names if the text cannot be one.
  package func ask(
    _ login: String, password: SecretBytes?, service: String, peer: IPAddress,
    _ body: (_ source: String, () -> SourceAnswer) -> Void
  ) -> AccountSearch {
    var search = search(login, password: password, service: service, peer: peer)
    guard !search.question.names.isEmpty else { return search }
    while case .ask(let source) = search.step {
      body(source.name) {
        let answer = source.lookup(search.question)
        search.answered(answer)
        return answer
      }
    }
    return search
  }

  /// The state of every source after a look at it, in order. Blocks.
  package func health() -> [SourceHealth] { sources.map { $0.health() } }

  /// The state of every source, in order; files that were not read yet begin to be read, which is not waited for.
  /// Blocks.
  package func begin() -> [SourceHealth] { sources.map { ($0 as? PasswdFileSource)?.begin() ?? $0.health() } }

  /// The state of every source at the last look, for when looking takes too long. Never blocks.
  package func healthUnanswered() -> [SourceHealth] {
    sources.map { source in
      let last = source.lastHealth
      guard !(source is any RemoteAccountSource) else { return last }
      return SourceHealth(name: source.name, counts: last.counts, problem: .file(.unanswered))
    }
  }

  /// The problems of sources when they were last looked at. Does not wait for any source.
  package var problems: [(name: String, problem: SourceProblem)] {
    sources.compactMap { source in source.lastHealth.problem.map { (source.name, $0) } }
  }

  /// The problems of its files, as far as they are known.
  package var fileProblems: [(name: String, problem: AccountFileError)] {
    problems.compactMap { if case .file(let error) = $0.problem { ($0.name, error) } else { nil } }
  }

  /// The names that the account of a login may have in logs (``Identity/name``), the likelier first; empty for a
  /// text that cannot be a name. Asks no source.
  package static func identityNames(of login: String, defaultDomain: String?) -> [String] {
    let directory = AccountDirectory([any AccountSource](), defaultDomain: defaultDomain) { 0 }
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
}
