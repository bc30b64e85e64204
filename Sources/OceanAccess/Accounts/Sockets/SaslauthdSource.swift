internal import OceanBase
internal import OceanPlan

/// The accounts that saslauthd knows: those of PAM, for example.
///
/// saslauthd says whether a password is right, and nothing else. So nobody can tell a wrong password from a name that it
/// does not know, and a login that it refuses is left to the sources behind.
typealias SaslauthdSource = PooledSource<SaslauthdClient>

extension PooledSource where Connection == SaslauthdClient {
  /// - Parameter cacheSeconds: how long logins are remembered; nil if they are not.
  convenience init(_ settings: Plan.Saslauthd, cacheSeconds: Int? = nil, observer: BackendObserver) {
    self.init(
      settings.place, threads: settings.connections, timeout: settings.timeoutSeconds, checksItself: true,
      cache: cacheSeconds.map { LoginCache(of: settings.place, seconds: $0, dependsOnClient: false) },
      observer: observer,
      connect: { _ in SaslauthdClient(settings: settings) },
      ask: { client, question, deadline throws(BackendError) in
        try client.answer(question, until: deadline)
      })
  }
}

/// Asks saslauthd. Each question has a connection of its own: saslauthd closes it behind its answer.
struct SaslauthdClient: Sendable {
  let settings: Plan.Saslauthd

  func answer(_ question: AccountQuestion, until deadline: Int64) throws(BackendError) -> SourceAnswer {
    guard let name = question.names.first, let realm = settings.realm(of: name, question) else {
      return SourceAnswer(.nobody)
    }
    guard let password = question.password else {
      // Nothing is asked, but it may be away.
      _ = try connection(until: deadline)
      return SourceAnswer(.untold)
    }
    guard
      let request = SaslauthdRequest.encode(
        login: String(name.user), password: password, service: settings.service, realm: realm)
    else { return SourceAnswer(.nobody) }
    switch try reply(to: request, until: deadline) {
    case .accepted:
      return SourceAnswer(
        .account(Account(name: name, status: .active, line: 0, password: nil, sourceCheck: .right)))
    case .refused: return SourceAnswer(.nobody)
    case .barred(let text):
      return SourceAnswer(
        .account(Account(name: name, status: .refused, line: 0, password: nil, sourceCheck: .right)),
        reason: "saslauthd says '\(text)': the account may not log in")
    case .trouble(let text): throw .troubled("saslauthd says '\(text)'")
    }
  }

  func connection(until deadline: Int64) throws(BackendError) -> UnixConnection {
    try UnixConnection(to: settings.socket ?? "", of: "saslauthd", until: deadline)
  }

  private func reply(to request: SecretBytes, until deadline: Int64) throws(BackendError) -> SaslauthdReply {
    let connection = try connection(until: deadline)
    try connection.send(request, until: deadline)
    let length = try connection.octets(2, until: deadline).reduce(0) { $0 << 8 | Int($1) }
    guard (2...SaslauthdReply.maxLength).contains(length) else {
      throw .nonsense("saslauthd sends an answer of \(length) octets")
    }
    return try SaslauthdReply(try connection.octets(length, until: deadline))
  }
}

extension Plan.Saslauthd {
  /// The realm that is sent for a name; nil if its domain would get lost: then the name is somebody else's.
  fileprivate func realm(of name: AccountName, _ question: AccountQuestion) -> String? {
    let domain = name.domain.map(String.init) ?? question.defaultDomain
    if realm == Self.domain { return domain ?? "" }
    return domain == question.defaultDomain ? realm ?? "" : nil
  }
}
