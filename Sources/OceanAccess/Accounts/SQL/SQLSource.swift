internal import OceanBase
internal import OceanPlan

/// The accounts in a database, each found by a query when somebody logs in.
typealias SQLSource = PooledSource<any DatabaseConnection>

extension PooledSource where Connection == any DatabaseConnection {
  /// - Parameters:
  ///   - password: nil if none is needed; nothing in it if it cannot be read.
  ///   - cacheSeconds: how long logins are remembered; nil if they are not.
  convenience init(
    _ settings: Plan.SQL, password: SecretBytes??, cacheSeconds: Int? = nil, observer: BackendObserver
  ) {
    let query = settings.query
    let place = settings.url?.description ?? ""
    self.init(
      place, threads: settings.connections, timeout: settings.timeoutSeconds, checksItself: false,
      cache: cacheSeconds.map {
        LoginCache(of: place, seconds: $0, dependsOnClient: query.parameters.contains(.client))
      }, observer: observer,
      connect: { deadline throws(BackendError) in
        if case .some(.none) = password { throw .noPassword }
        return try Database.connect(settings, password: password ?? nil, until: deadline)
      },
      ask: { connection, question, deadline throws(BackendError) in
        try query.answer(question, by: connection, until: deadline)
      })
  }
}

extension SQLQuery {
  fileprivate func answer(
    _ question: AccountQuestion, by connection: any DatabaseConnection, until deadline: Int64
  ) throws(BackendError) -> SourceAnswer {
    var asked: Set<[String]> = []
    for name in question.names {
      // Two names may mean the same to the query, `anna` and `anna@example.org` by user and domain.
      guard let values = question.values(of: parameters, for: name), asked.insert(values).inserted else {
        continue
      }
      let found = try connection.rows(values, until: deadline)
      guard let row = found.rows.first else { continue }
      guard found.rows.count == 1 else { throw .nonsense("its query gives several rows for \(name)") }
      return try SQLAccount(
        row, of: found.columns, named: name, meantBy: question, isByUserAlone: mayFindByUserAlone
      ).answer
    }
    return SourceAnswer(.nobody)
  }
}
