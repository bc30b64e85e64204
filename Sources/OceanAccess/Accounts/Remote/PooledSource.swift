internal import Dispatch
internal import OceanBase
internal import OceanPlan
internal import Synchronization

/// Accounts outside of this process, asked over the connections of a pool when somebody logs in.
///
/// What a connection is and how it is asked is the engine's: a database, a directory, a socket.
final class PooledSource<Connection>: RemoteAccountSource {
  let name: String
  private let pool: BackendPool<Connection>
  private let observer: BackendObserver
  private let census: Mutex<PasswordCensus>?
  private let cache: LoginCache?

  /// - Parameters:
  ///   - timeout: how long a login waits for an answer, in seconds.
  ///   - checksItself: whether the source checks passwords itself: then nothing is compared for show here.
  ///   - cache: the logins that it remembers; nil if it remembers none.
  init(
    _ name: String, threads: Int, timeout: Int, checksItself: Bool, cache: LoginCache?,
    observer: BackendObserver,
    connect: @escaping BackendPool<Connection>.Connect, ask: @escaping BackendPool<Connection>.Ask
  ) {
    self.name = name
    self.observer = observer
    self.cache = cache
    census = checksItself ? nil : Mutex(PasswordCensus())
    pool = BackendPool(
      .init(threads: threads, timeout: Int64(timeout) * 1_000_000_000),
      changed: { change in
        switch change {
        case .away(let reason): observer.changed(name, reason)
        case .back: observer.changed(name, nil)
        }
      },
      connect: connect, ask: ask)
  }

  deinit { pool.stop() }

  var waitingCount: Int { pool.waitingCount }

  func ask(_ question: AccountQuestion, _ done: @escaping @Sendable (SourceAnswer) -> Void) {
    guard !question.names.isEmpty else { return done(SourceAnswer(.nobody, decoy: decoy)) }
    let ticket = cache?.ticket(for: question)
    if let known = remembered(ticket, question, isSourceSilent: false) { return done(known) }
    let started = SystemClock.boot.now
    pool.submit(question) { [self] outcome in
      var (answer, result) = answer(outcome)
      observer.answered(name, result, SystemClock.boot.now - started)
      switch answer.finding {
      case .unavailable:
        if let known = remembered(ticket, question, isSourceSilent: true) { return done(known) }
      case .nobody: if let ticket { cache?.forget(ticket) }
      case .account, .untold: answer.ticket = ticket
      }
      done(answer)
    }
  }

  /// The answer to a login that was let in lately. It has no ticket: being let in again adds nothing to its time.
  private func remembered(
    _ ticket: LoginCache.Ticket?, _ question: AccountQuestion, isSourceSilent: Bool
  ) -> SourceAnswer? {
    guard let ticket, let known = cache?.account(for: ticket, question, isSourceSilent: isSourceSilent) else {
      return nil
    }
    return SourceAnswer(.account(known), decoy: decoy)
  }

  func loginEnded(_ answer: SourceAnswer, isLetIn: Bool) {
    guard let cache, let ticket = answer.ticket else { return }
    if isLetIn, case .account(let account) = answer.finding {
      cache.keep(account, for: ticket)
    } else {
      cache.forget(ticket)
    }
  }

  var rememberedLogins: RememberedLogins? {
    cache.map(\.counts).map { RememberedLogins(count: $0.kept, answered: $0.answered) }
  }

  func forgetLogins(of user: String?) -> Int {
    guard let cache else { return 0 }
    guard let user else { return cache.forget(nil) }
    return (try? AccountName(folding: user.utf8)).map { cache.forget($0) } ?? 0
  }

  func lookup(_ question: AccountQuestion) -> SourceAnswer {
    let answered = DispatchSemaphore(value: 0)
    let answer = Mutex<SourceAnswer?>(nil)
    ask(question) { found in
      answer.withLock { $0 = found }
      answered.signal()
    }
    answered.wait()
    return answer.withLock { $0 } ?? SourceAnswer(.unavailable)
  }

  func health() -> SourceHealth { lastHealth }

  var lastHealth: SourceHealth {
    SourceHealth(name: name, counts: nil, problem: pool.trouble.map(SourceProblem.away))
  }

  // MARK: - Answers

  private var decoy: SourceAnswer.Decoy? { census?.withLock { $0.decoy } }

  private func answer(
    _ outcome: Result<SourceAnswer, BackendError>
  ) -> (SourceAnswer, BackendObserver.Result) {
    switch outcome {
    case .success(let answer):
      guard case .account(let account) = answer.finding else {
        return (SourceAnswer(answer.finding, decoy: decoy), .nobody)
      }
      if let password = account.password { census?.withLock { $0.add(password) } }
      return (SourceAnswer(answer.finding, decoy: decoy, reason: answer.reason), .found)
    case .failure(let error):
      let result: BackendObserver.Result =
        switch error {
        case .timedOut: .timeout
        case .refused, .nonsense, .troubled: .error
        default: .unavailable
        }
      // Why it is away is its state, and told once.
      let reason: String? =
        switch error {
        case .missingLibrary, .noPassword, .notAdmitted, .unreachable, .resting: nil
        case .timedOut, .refused, .nonsense, .troubled, .overloaded: error.reason
        }
      return (SourceAnswer(.unavailable, decoy: decoy, reason: reason), result)
    }
  }
}

/// Remembers which passwords are the usual ones in a source, for checks that are only for show.
///
/// Nobody counts a table for it: what has been seen is enough. Before anything was seen, it is SHA-512 with the usual
/// number of rounds.
private struct PasswordCensus {
  private static let maxSchemes = 16
  private var seen: [PasswordScheme: SourceAnswer.Decoy] = [:]

  mutating func add(_ password: StoredPassword) {
    let known = seen[password.scheme]
    guard known != nil || seen.count < Self.maxSchemes else { return }
    seen[password.scheme] = .init(password: known?.password ?? password, count: (known?.count ?? 0) + 1)
  }

  var decoy: SourceAnswer.Decoy? {
    seen.values.max { $0.count < $1.count } ?? Self.first
  }

  private static let first: SourceAnswer.Decoy? = {
    let hash = "$6$oceandecoy$" + String(repeating: ".", count: 86)
    return (try? StoredPassword(parsing: SecretBytes(copying: Array(hash.utf8)))).map {
      SourceAnswer.Decoy(password: $0, count: 0)
    }
  }()
}

extension AccountQuestion {
  /// The values of some parameters for one of the names that a login may mean; nil if they do not tell the name from that
  /// of another domain.
  func values(of parameters: [LoginParameter], for name: AccountName) -> [String]? {
    if !parameters.contains(.address), !parameters.contains(.domain), isForeign(name) { return nil }
    return parameters.map { value(of: $0, for: name) }
  }

  /// Whether a name is of another domain than the default one.
  func isForeign(_ name: AccountName) -> Bool {
    name.domain.map { !$0.utf8.elementsEqual((defaultDomain ?? "").utf8) } ?? false
  }

  /// The value of a parameter for one of the names that a login may mean.
  func value(of parameter: LoginParameter, for name: AccountName) -> String {
    switch parameter {
    case .user: String(name.user)
    case .domain: name.domain.map(String.init) ?? defaultDomain ?? ""
    case .address: name.text
    case .service: service
    case .client: "\(client)"
    }
  }
}
