internal import Dispatch
internal import OceanBase
internal import OceanPlan
internal import Synchronization

/// The accounts in a database, each found by a query when somebody logs in.
final class SQLSource: RemoteAccountSource {
  let name: String
  private let pool: BackendPool<any DatabaseConnection>
  private let observer: BackendObserver
  private let census = Mutex(Census())

  /// - Parameter password: nil if none is needed; nothing in it if it cannot be read.
  init(_ settings: Plan.SQL, password: SecretBytes??, observer: BackendObserver) {
    let name = settings.url?.description ?? ""
    self.name = name
    self.observer = observer
    let query = settings.query
    pool = BackendPool(
      .init(threads: settings.connections, timeout: Int64(settings.timeoutSeconds) * 1_000_000_000),
      changed: { change in
        switch change {
        case .away(let reason): observer.changed(name, reason)
        case .back: observer.changed(name, nil)
        }
      },
      connect: { deadline throws(BackendError) in
        if case .some(.none) = password { throw .noPassword }
        return try Database.connect(settings, password: password ?? nil, until: deadline)
      },
      ask: { connection, question, deadline throws(BackendError) in
        try Self.answer(question, by: connection, query, until: deadline)
      })
  }

  deinit { pool.stop() }

  var waitingCount: Int { pool.waitingCount }

  func ask(_ question: AccountQuestion, _ done: @escaping @Sendable (SourceAnswer) -> Void) {
    guard !question.names.isEmpty else { return done(SourceAnswer(.nobody, decoy: decoy)) }
    let started = SystemClock.boot.now
    pool.submit(question) { [self] outcome in
      let (answer, result) = answer(outcome)
      observer.answered(name, result, SystemClock.boot.now - started)
      done(answer)
    }
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

  private var decoy: SourceAnswer.Decoy? { census.withLock { $0.decoy } }

  private func answer(
    _ outcome: Result<SourceAnswer, BackendError>
  ) -> (SourceAnswer, BackendObserver.Result) {
    switch outcome {
    case .success(let answer):
      guard case .account(let account) = answer.finding else {
        return (SourceAnswer(.nobody, decoy: decoy), .nobody)
      }
      if let password = account.password { census.withLock { $0.add(password) } }
      return (SourceAnswer(answer.finding, decoy: decoy, reason: answer.reason), .found)
    case .failure(let error):
      let result: BackendObserver.Result =
        switch error {
        case .timedOut: .timeout
        case .refused, .nonsense: .error
        default: .unavailable
        }
      // Why it is away is its state, and told once.
      let reason: String? =
        switch error {
        case .missingLibrary, .noPassword, .unreachable, .resting: nil
        case .timedOut, .refused, .nonsense, .overloaded: error.reason
        }
      return (SourceAnswer(.unavailable, decoy: decoy, reason: reason), result)
    }
  }

  private static func answer(
    _ question: AccountQuestion, by connection: any DatabaseConnection, _ query: SQLQuery,
    until deadline: Int64
  ) throws(BackendError) -> SourceAnswer {
    var asked: Set<[String]> = []
    for name in question.names {
      // Two names may mean the same to the query, `anna` and `anna@example.org` by user and domain.
      guard let values = query.values(for: name, question), asked.insert(values).inserted else { continue }
      let found = try connection.rows(values, until: deadline)
      guard let row = found.rows.first else { continue }
      guard found.rows.count == 1 else { throw .nonsense("its query gives several rows for \(name)") }
      return try SQLAccount(row, of: found.columns, named: name, meantBy: question).answer
    }
    return SourceAnswer(.nobody)
  }

  /// Remembers which passwords are the usual ones, for checks that are only for show.
  ///
  /// Nobody counts a table for it: what has been seen is enough. Before anything was seen, it is SHA-512 with the usual
  /// number of rounds.
  private struct Census {
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
}

extension SQLQuery {
  /// The values of the parameters for one of the names that a login may mean; nil if the query cannot tell the name from
  /// that of another domain.
  fileprivate func values(for name: AccountName, _ question: AccountQuestion) -> [String]? {
    let domain = name.domain.map(String.init) ?? question.defaultDomain ?? ""
    let parameters = parameters
    if !parameters.contains(.address), !parameters.contains(.domain), domain != question.defaultDomain ?? "" {
      return nil
    }
    return parameters.map { parameter in
      switch parameter {
      case .user: String(name.user)
      case .domain: domain
      case .address: name.text
      case .service: question.service
      case .client: "\(question.client)"
      }
    }
  }
}
