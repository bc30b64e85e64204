/// A source of accounts, in which login names are looked up. A password file is one.
///
/// Calls block unless they say otherwise: they run on the threads of a pool, never on an event loop. A source that cannot
/// tell whether it has an account says that it is unavailable, and never that it does not have the account: trouble that
/// passes must not look like a wrong password.
package protocol AccountSource: Sendable {
  /// The name in logs, status and explanations: the path of a file.
  var name: String { get }

  /// Looks up the first of some names that the source has. Blocks.
  func lookup(_ names: [AccountName]) -> SourceAnswer

  /// The reason why the account of that name is refused, in a sentence, for the administrator. Blocks.
  func refusal(of name: AccountName) -> String?

  /// The state of the source after a look at it. Blocks.
  func health() -> SourceHealth

  /// The state of the source at the last look. Never blocks.
  var lastHealth: SourceHealth { get }
}

/// The answer of a source to a login name.
package struct SourceAnswer: Sendable {
  package enum Finding: Sendable {
    case account(Account)
    case nobody
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

  package init(_ finding: Finding, decoy: Decoy? = nil) {
    self.finding = finding
    self.decoy = decoy
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
  /// Its accounts; nil if none could be read yet.
  package let counts: Counts?
  /// Why its answers are not the newest, or it has none.
  package let problem: AccountFileError?

  package init(name: String, counts: Counts?, problem: AccountFileError?) {
    self.name = name
    self.counts = counts
    self.problem = problem
  }
}
