internal import OceanAddresses

/// A login on its way through the sources of a service, one question at a time.
///
/// It knows neither threads nor files: whoever carries it out asks the source it names and tells it the answer. The first
/// source that has the account decides. The sources behind it are only asked if the password is wrong: it is only called
/// wrong if none of them is away, because otherwise the answer would tell which names the first source has.
package struct AccountSearch: Sendable {
  package enum Step: Sendable {
    /// The source is to be asked, and its answer told with `answered`.
    case ask(any AccountSource)
    /// The password is to be checked.
    indirect case check(Candidate)
  }

  private let login: AccountQuestion
  private let sources: [any AccountSource]
  /// When it was begun, in seconds since 1970.
  private let time: Int64
  private var answers: [SourceAnswer] = []
  /// The number of the answer that decides: the first that is not "nobody". A source that was unavailable decides too: it
  /// may be the one that disables the account.
  private var deciding: Int?
  /// Whether every source is asked.
  private var isThorough = false

  init(_ question: AccountQuestion, in sources: [any AccountSource], time: Int64) {
    login = question
    self.sources = sources
    self.time = time
  }

  /// The step to take now. It stays the same until an answer is told.
  package var step: Step {
    guard answers.count < sources.count, isThorough || deciding == nil else { return .check(candidate) }
    return .ask(sources[answers.count])
  }

  /// What the source is to be asked.
  ///
  /// Once a source has decided, the others are not given the password: a directory would count it as a failure of an
  /// account of its own.
  package var question: AccountQuestion { deciding == nil ? login : login.withoutPassword }

  package mutating func answered(_ answer: SourceAnswer) {
    if deciding == nil, answer.decides { deciding = answers.count }
    answers.append(answer)
  }

  /// Tells the source that has the account how the login ended.
  package func ended(_ verdict: Candidate.Verdict) {
    guard let deciding, let remote = sources[deciding].remote else { return }
    var isLetIn = false
    if case .accepted(_, label: nil) = verdict { isLetIn = true }
    remote.loginEnded(answers[deciding], isLetIn: isLetIn)
  }

  /// Asks the sources that were left out: the password was wrong.
  package mutating func beThorough() { isThorough = true }

  /// Whether all sources could tell. Before the search is thorough: all that were asked.
  package var isComplete: Bool {
    answers.allSatisfy { if case .unavailable = $0.finding { false } else { true } }
  }

  /// What sources that could not tell gave as a reason.
  package var troubles: [(source: String, reason: String)] {
    zip(sources, answers).compactMap { source, answer in
      guard case .unavailable = answer.finding else { return nil }
      return answer.reason.map { (source.name, $0) }
    }
  }

  /// The answer that decides.
  var decision: (answer: SourceAnswer, source: any AccountSource)? {
    deciding.map { (answers[$0], sources[$0]) }
  }

  /// The first source that tells nothing about an account without its password.
  var untold: (any AccountSource)? {
    zip(answers, sources).first { if case .untold = $0.0.finding { true } else { false } }?.1
  }

  private var candidate: Candidate {
    var account: Account?
    if let deciding, case .account(let found) = answers[deciding].finding { account = found }
    var choices = account?.choices(at: login.service, from: login.client, time: time) ?? []
    let isLoginPossible = choices.contains { if case .login = $0.use { true } else { false } }
    // No account, or one that may not log in: the check costs as much as for most of the accounts.
    if !isLoginPossible, let decoy = answers.compactMap(\.decoy).max(by: { $0.count < $1.count })?.password {
      let isExpensive = choices.contains(where: \.isExpensive)
      if choices.isEmpty || decoy.scheme.isExpensive && !isExpensive {
        choices.append(Candidate.Choice(password: decoy, use: .decoy))
      }
    }
    let isUnusable = account?.status == .refused
    return Candidate(
      choices, identity: account.map { Identity(of: $0, defaultDomain: login.defaultDomain) },
      isRefusalFinal: isComplete && account?.sourceCheck != .notAsked, isUnusable: isUnusable,
      isGuess: account?.sourceCheck != nil,
      reason: isUnusable ? decision?.answer.reason : nil)
  }
}

extension SourceAnswer {
  fileprivate var decides: Bool {
    switch finding {
    case .account, .unavailable: true
    case .nobody, .untold: false
    }
  }
}

extension Account {
  /// The passwords with which a client's is compared, each with whether it may be used.
  ///
  /// - Parameter time: in seconds since 1970.
  fileprivate func choices(at service: String, from peer: IPAddress, time: Int64) -> [Candidate.Choice] {
    let obstacle = conditions.obstacle(at: service, from: peer, time: time)
    func choice(_ proof: Candidate.Choice.Proof, label: String?, _ own: LoginConditions.Obstacle?)
      -> Candidate.Choice
    {
      Candidate.Choice(proof, label: label, use: (obstacle ?? own).map { .barred($0) } ?? .login)
    }
    return [mainProof.map { choice($0, label: nil, nil) }].compactMap(\.self)
      + appPasswords.map {
        choice(
          .stored($0.password), label: $0.label,
          $0.conditions.obstacle(at: service, from: peer, time: time))
      }
  }

  private var mainProof: Candidate.Choice.Proof? {
    // Whatever the source found out about the password of an account that nobody may use.
    guard status == .active else { return nil }
    return switch sourceCheck {
    case .right: .checked(isRight: true)
    case .wrong: .checked(isRight: false)
    case .notAsked: nil
    case nil: password.map { .stored($0) }
    }
  }
}

extension Identity {
  init(of account: Account, defaultDomain: String?) {
    self.init(
      user: String(account.name.user), domain: account.name.domain.map(String.init) ?? defaultDomain ?? "",
      home: account.home, maildir: account.maildir)
  }
}
