internal import OceanAddresses
internal import OceanBase
internal import OceanPlan

/// The accounts that a Dovecot knows, which checks their passwords too.
typealias DovecotSource = PooledSource<DovecotClient>

extension PooledSource where Connection == DovecotClient {
  /// - Parameter cacheSeconds: how long logins are remembered; nil if they are not.
  convenience init(_ settings: Plan.Dovecot, cacheSeconds: Int? = nil, observer: BackendObserver) {
    self.init(
      settings.place, threads: settings.connections, timeout: settings.timeoutSeconds, checksItself: true,
      cache: cacheSeconds.map { LoginCache(of: settings.place, seconds: $0, dependsOnClient: true) },
      observer: observer,
      connect: { deadline throws(BackendError) in try DovecotClient(settings, until: deadline) },
      ask: { client, question, deadline throws(BackendError) in
        try client.answer(question, until: deadline)
      })
  }
}

/// A client of a Dovecot: a connection to its socket auth-client, and one to auth-userdb once it is needed. One thread at a
/// time uses it.
final class DovecotClient {
  private let auth: DovecotAuth
  private var users: DovecotUsers?
  /// The path of auth-userdb; nil if Dovecot is only asked about passwords.
  private let usersPath: String?

  init(_ settings: Plan.Dovecot, until deadline: Int64) throws(BackendError) {
    auth = try DovecotAuth(settings.auth ?? "", until: deadline)
    usersPath = settings.users
    guard auth.mechanisms.contains("PLAIN") else {
      throw .nonsense("Dovecot does not offer PLAIN (auth_mechanisms)")
    }
  }

  /// Asks about one name only, even if the login may mean two: Dovecot would count, and delay, two failures.
  func answer(_ question: AccountQuestion, until deadline: Int64) throws(BackendError) -> SourceAnswer {
    guard let password = question.password else {
      guard usersPath != nil else { return SourceAnswer(.untold) }
      return try known(question, until: deadline).map { answer($0.name, at: $0.entry, .notAsked, question) }
        ?? SourceAnswer(.nobody)
    }
    guard let (name, known, verdict) = try asked(question, password, until: deadline) else {
      return SourceAnswer(.nobody)
    }
    let wrong = known.map { answer($0.name, at: $0.entry, .wrong, question) } ?? SourceAnswer(.nobody)
    switch verdict {
    case nil, .refused: return wrong
    case .barred(let reason):
      return SourceAnswer(
        .account(Account(name: name, status: .refused, line: 0, password: nil, sourceCheck: .right)),
        reason: "Dovecot lets nobody in with it: \(reason)")
    case .accepted(let user, let original):
      return try right(name, isKnown: known, as: user, original, question, until: deadline)
    }
  }

  private typealias Known = (name: AccountName, entry: DovecotUser.Entry)

  /// What Dovecot says about the user and the password. The verdict is nil if the password cannot be sent.
  ///
  /// A name that Dovecot does not know is asked about all the same: the answer takes as long.
  private func asked(
    _ question: AccountQuestion, _ password: SecretBytes, until deadline: Int64
  ) throws(BackendError) -> (AccountName, Known?, DovecotVerdict?)? {
    guard let first = question.names.first else { return nil }
    guard question.names.count == 1, let users = try users(until: deadline) else {
      let known = try known(question, until: deadline)
      let name = known?.name ?? first
      let isAsked = try auth.ask(name.text, password, from: question.client, until: deadline)
      return (name, known, isAsked ? try auth.verdict(until: deadline) : nil)
    }
    // With one name, neither question depends on the answer to the other.
    try users.ask(first.text, from: question.client, until: deadline)
    let isAsked = try auth.ask(first.text, password, from: question.client, until: deadline)
    // Both answers are read, so that none is left over in a connection that is kept. If one is not, that error counts.
    let entry = Result { () throws(BackendError) in try users.entry(of: first.text, until: deadline) }
    let verdict = Result { () throws(BackendError) in isAsked ? try auth.verdict(until: deadline) : nil }
    if case .failure(let error) = verdict, !error.keepsConnection { throw error }
    return (first, try entry.get().map { (first, $0) }, try verdict.get())
  }

  /// The first of the names that Dovecot has, with what it says about it; nil if it has none of them, or is not asked.
  private func known(
    _ question: AccountQuestion, until deadline: Int64
  ) throws(BackendError) -> Known? {
    // With one name, what is right is asked behind the password.
    guard usersPath != nil else { return nil }
    for name in question.names {
      if let entry = try user(name.text, question, until: deadline) { return (name, entry) }
    }
    return nil
  }

  /// The account of a login that Dovecot accepts, under the name that Dovecot gives it.
  private func right(
    _ asked: AccountName, isKnown known: Known?, as user: String,
    _ original: String?, _ question: AccountQuestion, until deadline: Int64
  ) throws(BackendError) -> SourceAnswer {
    guard let name = try? AccountName(folding: user.utf8) else {
      return SourceAnswer(
        .account(Account(name: asked, status: .refused, line: 0, password: nil, sourceCheck: .right)),
        reason: "Dovecot gives the account a name that ocean does not take; the account cannot log in")
    }
    // Dovecot may change a name, and says then which one was asked.
    guard name == asked || original.flatMap({ try? AccountName(folding: $0.utf8) }) == asked else {
      throw .nonsense("Dovecot answers for another user than the one it was asked about")
    }
    guard usersPath != nil else { return answer(name, at: nil, .right, question) }
    if let known, known.name == name { return answer(name, at: known.entry, .right, question) }
    guard let entry = try self.user(name.text, question, until: deadline) else {
      throw .troubled("Dovecot accepts the password of \(name), and its userdb does not have that user")
    }
    return answer(name, at: entry, .right, question)
  }

  private func user(
    _ name: String, _ question: AccountQuestion, until deadline: Int64
  ) throws(BackendError) -> DovecotUser.Entry? {
    guard let users = try users(until: deadline) else { return nil }
    try users.ask(name, from: question.client, until: deadline)
    return try users.entry(of: name, until: deadline)
  }

  /// The connection to auth-userdb; nil if Dovecot is only asked about passwords.
  private func users(until deadline: Int64) throws(BackendError) -> DovecotUsers? {
    guard let usersPath else { return nil }
    if let users { return users }
    let opened = try DovecotUsers(usersPath, until: deadline)
    users = opened
    return opened
  }

  private func answer(
    _ name: AccountName, at entry: DovecotUser.Entry?, _ check: Account.SourceCheck,
    _ question: AccountQuestion
  ) -> SourceAnswer {
    var account = RemoteAccount(named: name, meantBy: question)
    if let entry { account.take(entry) }
    return account.answer(check: check)
  }
}

extension RemoteAccount {
  mutating func take(_ entry: DovecotUser.Entry) {
    func value(_ text: String?) -> RemoteValue {
      text.map { .bytes(SecretBytes(copying: Array($0.utf8))) } ?? .null
    }
    take(value(entry.home), of: "home", at: "the field home")
    take(value(entry.path ?? entry.mail), of: "mail", at: "the field mail")
    if let driver = entry.driver, driver != "maildir", entry.path != nil || entry.mail == nil {
      refuse("the field mail_driver is not maildir")
    }
  }
}

/// A connection to Dovecot's socket auth-client.
final class DovecotAuth {
  /// The mechanisms that it offers.
  let mechanisms: [String]
  private let connection: UnixConnection
  private var requests: UInt32 = 0

  init(_ path: String, until deadline: Int64) throws(BackendError) {
    connection = try UnixConnection(to: path, of: "Dovecot", until: deadline)
    // Numbers of processes are smaller, so that no other client of Dovecot's has it.
    try connection.send(
      DovecotRequest.greeting(.random(in: 1 << 30..<1 << 31)), until: deadline)
    var mechanisms: [String] = []
    try Dovecot.checkVersion(connection, until: deadline)
    for _ in 0..<Self.maxGreeting {
      let line = try DovecotLine(try connection.line(until: deadline))
      switch line.command {
      case "MECH": mechanisms += line.words.dropFirst().prefix(1)
      case "DONE":
        self.mechanisms = mechanisms
        return
      default: continue
      }
    }
    throw .nonsense("Dovecot's greeting does not end")
  }

  /// Lines of the longest greeting.
  private static let maxGreeting = 100

  /// Asks whether the password is right, which ``verdict(until:)`` tells. Returns false if the password cannot be sent.
  func ask(
    _ user: String, _ password: SecretBytes, from client: IPAddress, until deadline: Int64
  ) throws(BackendError) -> Bool {
    requests = requests &+ 1
    guard let request = DovecotRequest.auth(requests, user: user, password: password, client: client) else {
      return false
    }
    try connection.send(request, until: deadline)
    return true
  }

  func verdict(until deadline: Int64) throws(BackendError) -> DovecotVerdict {
    try DovecotVerdict(try DovecotLine(try connection.line(until: deadline)), to: requests)
  }
}

/// A connection to Dovecot's socket auth-userdb.
final class DovecotUsers {
  private let connection: UnixConnection
  private var requests: UInt32 = 0

  init(_ path: String, until deadline: Int64) throws(BackendError) {
    connection = try UnixConnection(to: path, of: "Dovecot", until: deadline)
    try connection.send(DovecotRequest.usersGreeting, until: deadline)
    try Dovecot.checkVersion(connection, until: deadline)
    let line = try DovecotLine(try connection.line(until: deadline))
    guard line.command == "SPID" else { throw .nonsense("\(path) is not Dovecot's socket auth-userdb") }
  }

  /// Asks for a user, whom ``entry(of:until:)`` tells.
  func ask(_ user: String, from client: IPAddress, until deadline: Int64) throws(BackendError) {
    requests = requests &+ 1
    try connection.send(DovecotRequest.user(requests, user, client: client), until: deadline)
  }

  /// What was asked for; nil if Dovecot's userdb does not have the user.
  func entry(of user: String, until deadline: Int64) throws(BackendError) -> DovecotUser.Entry? {
    switch try DovecotUser(try DovecotLine(try connection.line(until: deadline)), to: requests) {
    case .nobody: return nil
    case .found(let entry):
      guard Self.isSame(entry.name, user) else {
        throw .nonsense("Dovecot answers for another user than the one it was asked about")
      }
      return entry
    }
  }

  /// Whether the names are those of one account: Dovecot may change the case, leave out the domain or add its own.
  private static func isSame(_ found: String, _ asked: String) -> Bool {
    guard let found = try? AccountName(folding: found.utf8), let asked = try? AccountName(folding: asked.utf8)
    else { return false }
    return found == asked
      || found.user.utf8.elementsEqual(asked.user.utf8) && (found.domain == nil || asked.domain == nil)
  }
}

private enum Dovecot {
  /// Reads the line with the version that a greeting begins with.
  static func checkVersion(_ connection: UnixConnection, until deadline: Int64) throws(BackendError) {
    let line = try DovecotLine(try connection.line(until: deadline))
    guard line.command == "VERSION", line.words.count > 2 else {
      throw .nonsense("it does not greet as Dovecot does")
    }
    guard line.words[1] == "1" else {
      throw .nonsense("Dovecot speaks version \(line.words[1]) of its protocol, and ocean speaks 1")
    }
  }
}
