package import OceanBase

/// A client that gave a login name and whose password is still to be checked.
///
/// It does not show whether an account is behind the name, except to the server's own records. For a name that no
/// account has and for a disabled account, the check does the work of a wrong password and fails. So it does for an
/// account that may not log in here: its passwords are compared as well, because the log says whether one was right.
package struct Candidate: Sendable {
  /// A password with which the client's is compared.
  struct Choice: Sendable {
    let proof: Proof
    /// The label of an app password; nil for the account's own.
    var label: String?
    var use = Use.login

    init(_ proof: Proof, label: String? = nil, use: Use = .login) {
      (self.proof, self.label, self.use) = (proof, label, use)
    }

    init(password: StoredPassword, label: String? = nil, use: Use = .login) {
      self.init(.stored(password), label: label, use: use)
    }

    enum Proof: Sendable {
      /// It is compared here.
      case stored(StoredPassword)
      /// The source has compared it.
      case checked(isRight: Bool)
    }

    enum Use: Sendable {
      /// A client that knows it is let in.
      case login
      /// It may not be used here and now.
      case barred(LoginConditions.Obstacle)
      /// It is for show: the account is somebody else's.
      case decoy
    }
  }

  /// In the order of comparison; empty if no source has an account.
  let choices: [Choice]
  /// The account behind the name; nil if there is none.
  let identity: Identity?
  /// False if a source that may have the account could not tell, or was not given the password that it checks.
  let isRefusalFinal: Bool
  /// Whether there is an account whose line the server does not understand, for example its scheme: such a
  /// failure is not a guess. Clients are not told this, or they could tell names with such accounts from
  /// others.
  package let isUnusable: Bool
  /// Whether a failure counts as a guess. It does where the source has looked at the password first: otherwise the count
  /// would tell the right one.
  package let isFailureCounted: Bool
  /// Why it is unusable, in a sentence for the administrator; nil if its source does not say.
  package let reason: String?

  /// Puts passwords that let in before the others, and quick checks before slow ones.
  init(
    _ choices: [Choice], identity: Identity?, isRefusalFinal: Bool, isUnusable: Bool = false,
    isGuess: Bool = false, reason: String? = nil
  ) {
    self.choices =
      choices.count < 2
      ? choices
      : choices.enumerated().sorted { a, b in
        (a.element.rank, a.offset) < (b.element.rank, b.offset)
      }.map(\.element)
    (self.identity, self.isRefusalFinal) = (identity, isRefusalFinal)
    (self.isUnusable, self.reason) = (isUnusable, reason)
    isFailureCounted = !isUnusable || isGuess
  }

  /// The name of the account behind the login, for what only the administrator sees; nil if there is none.
  package var account: String? { identity?.name }

  /// How many passwords of the account the client's is compared with.
  package var comparedPasswords: Int {
    choices.count { if case .decoy = $0.use { false } else { true } }
  }

  /// Whether the check takes long by design and belongs on threads of its own.
  package var isExpensive: Bool { choices.contains(where: \.isExpensive) }

  /// How a check ended.
  package enum Verdict: Sendable {
    /// - Parameter label: the label of the app password; nil for the account's own password.
    case accepted(Identity, label: String?)
    /// The password is right, and may not be used. A client is told that it is wrong.
    case barred(LoginConditions.Obstacle, label: String?)
    /// It is wrong, or there is no such account.
    case wrong

    /// Nil unless the client is let in.
    package var identity: Identity? { if case .accepted(let identity, _) = self { identity } else { nil } }
  }

  /// Compares the client's password with each choice until one is the same. Blocks for the checks.
  package func verify(_ given: SecretBytes) throws(VerificationError) -> Verdict {
    for choice in choices where try choice.isRight(given) {
      switch choice.use {
      case .login: if let identity { return .accepted(identity, label: choice.label) }
      case .barred(let obstacle) where isRefusalFinal: return .barred(obstacle, label: choice.label)
      case .barred, .decoy: break
      }
    }
    if isRefusalFinal { return .wrong }
    throw .accountsUnavailable
  }
}

extension Candidate.Choice {
  /// The stored password; nil if the source has compared it.
  var stored: StoredPassword? { if case .stored(let password) = proof { password } else { nil } }

  var isExpensive: Bool { stored?.scheme.isExpensive == true }

  fileprivate func isRight(_ given: SecretBytes) throws(VerificationError) -> Bool {
    switch proof {
    case .stored(let password): try password.verify(given)
    case .checked(let isRight): isRight
    }
  }

  fileprivate var rank: Int {
    let isExpensive = isExpensive ? 1 : 0
    if case .login = use { return isExpensive }
    return 2 + isExpensive
  }
}
