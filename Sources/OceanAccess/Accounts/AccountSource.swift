package import OceanAddresses
package import OceanBase

/// A source of accounts, in which login names are looked up. A password file is one, a database another.
///
/// Calls block unless they say otherwise: they run on the threads of a pool, never on an event loop. A source that cannot
/// tell whether it has an account says that it is unavailable, and never that it does not have the account: trouble that
/// passes must not look like a wrong password.
package protocol AccountSource: Sendable {
  /// The name in logs, status and explanations: the path of a file, the place of a database.
  var name: String { get }

  /// Looks up the first name of a question that the source has. Blocks.
  func lookup(_ question: AccountQuestion) -> SourceAnswer

  /// The state of the source after a look at it. Blocks.
  func health() -> SourceHealth

  /// The state of the source at the last look. Never blocks.
  var lastHealth: SourceHealth { get }

  /// The source, if it is asked outside of this process; nil for any other.
  var remote: (any RemoteAccountSource)? { get }
}

extension AccountSource {
  package var remote: (any RemoteAccountSource)? { nil }
}

/// A source that is asked outside of this process, on threads of its own.
///
/// However it hangs, it takes only these threads, and each question is answered in a bounded time.
package protocol RemoteAccountSource: AccountSource {
  /// Looks up the first name of a question that the source has. Never blocks.
  ///
  /// - Parameter done: called once, on any thread, perhaps before this returns.
  func ask(_ question: AccountQuestion, _ done: @escaping @Sendable (SourceAnswer) -> Void)

  /// How many questions wait for a thread.
  var waitingCount: Int { get }

  /// Takes note of how a login ended that the source had the account of: it may remember logins that were let in.
  ///
  /// - Parameter answer: what it answered.
  func loginEnded(_ answer: SourceAnswer, isLetIn: Bool)

  /// The logins that it remembers; nil if it does not remember any.
  var rememberedLogins: RememberedLogins? { get }

  /// Forgets the logins of a user that it remembers, or all. Never blocks.
  ///
  /// - Parameter user: the name as a client gives it, or that of the account; nil for everybody.
  /// - Returns: how many there were.
  func forgetLogins(of user: String?) -> Int
}

extension RemoteAccountSource {
  package var remote: (any RemoteAccountSource)? { self }
}

/// The logins that a source outside of this process let in lately and remembers.
package struct RememberedLogins: Sendable, Hashable {
  /// Those that are remembered now.
  package let count: Int
  /// Logins that were let in because they were remembered, since the source was made.
  package let answered: Int
}

/// What a source is asked about a login.
package struct AccountQuestion: Sendable {
  /// The names that the login may mean, the likelier first; empty for a login that cannot be a name.
  package let names: [AccountName]
  /// The domain of a name without one, folded.
  package let defaultDomain: String?
  package let service: String
  package let client: IPAddress
  /// The password that the client gave, for a source that checks passwords itself; nil if the question is only what the
  /// source has, or whether it answers.
  package let password: SecretBytes?

  package init(
    names: [AccountName], defaultDomain: String?, service: String, client: IPAddress,
    password: SecretBytes? = nil
  ) {
    self.names = names
    self.defaultDomain = defaultDomain
    self.service = service
    self.client = client
    self.password = password
  }

  /// The same question, for a source whose opinion of the password does not count any more.
  var withoutPassword: AccountQuestion {
    AccountQuestion(names: names, defaultDomain: defaultDomain, service: service, client: client)
  }

  /// Whether the password may be sent to a source: it is there, not empty, without NUL and not too long. No other can be
  /// right, and a directory takes an empty one for a login without a name (RFC 4513 §5.1.2).
  package var hasPossiblePassword: Bool { password?.isPossiblePassword == true }
}

/// The answer of a source to a login name.
package struct SourceAnswer: Sendable {
  package enum Finding: Sendable {
    indirect case account(Account)
    /// It does not have the account; or it checks passwords itself, and does not tell that from a wrong password.
    case nobody
    /// It checks passwords itself, was given none, and tells nothing without one.
    case untold
    /// The source may have the account, and cannot tell now.
    case unavailable
  }

  /// A password that costs as much to check as most of the source's passwords.
  package struct Decoy: Sendable {
    let password: StoredPassword
    /// Accounts whose passwords cost that much.
    let count: Int

    init(password: StoredPassword, count: Int) {
      self.password = password
      self.count = count
    }
  }

  package let finding: Finding
  /// Nil if the source has no account that may log in.
  package let decoy: Decoy?
  /// Why the account is refused, or why the source cannot tell, in a sentence for the administrator. Never has
  /// password material.
  package let reason: String?
  /// The login that the answer is about, for a source that remembers logins; nil if it is not to be remembered.
  var ticket: LoginCache.Ticket?

  package init(_ finding: Finding, decoy: Decoy? = nil, reason: String? = nil) {
    self.finding = finding
    self.decoy = decoy
    self.reason = reason
  }
}

/// The state of a source.
package struct SourceHealth: Sendable {
  package struct Counts: Sendable, Hashable {
    package let active: Int
    package let disabled: Int

    package init(active: Int, disabled: Int) {
      self.active = active
      self.disabled = disabled
    }
  }

  /// The source's name.
  package let name: String
  /// Its accounts; nil if none could be read yet, or they cannot be counted.
  package let counts: Counts?
  /// Why its answers are not the newest, or it has none.
  package let problem: SourceProblem?

  package init(name: String, counts: Counts?, problem: SourceProblem?) {
    self.name = name
    self.counts = counts
    self.problem = problem
  }

  /// Whether it cannot answer at all.
  package var isSilent: Bool {
    switch problem {
    case .file: counts == nil
    case .away: true
    case nil: false
    }
  }
}

/// Why a source gives no answers, or old ones.
package enum SourceProblem: Sendable, Hashable {
  case file(AccountFileError)
  /// It is outside of this process, and away; half a sentence says why.
  case away(String)

  /// The problem as half a sentence, for people.
  package var reason: String {
    switch self {
    case .file(let error): error.reason
    case .away(let reason): reason
    }
  }
}
