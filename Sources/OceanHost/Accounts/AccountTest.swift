import OceanAccess
package import OceanAddresses
package import OceanBase
package import OceanPlan
import OceanStore
import OceanSyntax

/// A login that is tried as the server would try it, without a server: each step, and the time that it took.
package struct AccountTest: Sendable, Encodable {
  package enum Stage: String, Sendable, Encodable {
    case name
    case source
    case account
    case password
    case mailbox
  }

  package enum Outcome: String, Sendable, Encodable {
    case passed
    case refused
    /// It could not be found out.
    case unknown
    /// It changes nothing.
    case skipped
  }

  package struct Step: Sendable, Encodable {
    package let stage: Stage
    package let outcome: Outcome
    package let detail: String
    package let place: Provenance.Origin?
    /// Nil for what takes no time.
    package let milliseconds: Double?
  }

  package let formatVersion = 1
  package let login: String
  package let service: String
  package let peer: IPAddress
  /// Whether the login would succeed.
  package private(set) var succeeds = false
  package private(set) var steps: [Step] = []

  /// - Parameter password: the password that the client gives.
  package init(
    _ login: String, password: SecretBytes, peer: IPAddress, service: Plan.Service, of plan: Plan
  ) {
    (self.login, self.service, self.peer) = (login, service.name, peer)
    let directory = AccountDirectory(of: service, in: plan)
    guard let search = askSources(directory, password) else { return }
    let account = FoundAccount(
      login, directory.finding(of: search), at: service.name, time: SystemClock.wall.seconds)
    let isAllowed = account.clients.contains(peer)
    add(
      .account, isAllowed ? .passed : account.unread.isEmpty ? .refused : .unknown,
      isAllowed ? account.name : "\(account.name): \(account.refusal)", at: account.place)
    let candidate = directory.candidate(of: search)
    guard isRight(password, candidate, isKnown: account.place != nil || account.source != nil) else { return }
    if let memory = account.source.flatMap({ plan.loginMemory(of: $0, at: service) }) {
      add(.password, .skipped, "the server remembers for \(memory) that it let this login in (cache)")
    }
    openMailbox(account, plan)
  }

  /// The address that a client comes from, as somebody wrote it.
  package static func client(_ text: String) throws(Failure) -> IPAddress {
    guard let address = try? IPAddress(parsing: text) else {
      throw Failure("'\(text.escapedForDisplay)' is not an IP address")
    }
    return address
  }

  /// The service that a login is tried at.
  ///
  /// - Parameter name: nil for the only one.
  package static func service(_ name: String?, of plan: Plan) throws(Failure) -> Plan.Service {
    let names = plan.services.map(\.name).joined(separator: ", ")
    if let name {
      guard let found = plan.services.first(where: { $0.name == name }) else {
        throw Failure("there is no service '\(name.escapedForDisplay)' (services: \(names))")
      }
      return found
    }
    let enabled = plan.services.filter(\.enabled)
    guard enabled.count == 1, let only = enabled.first else {
      throw Failure("which service? Write --service with one of: \(names)")
    }
    return only
  }

  /// - Returns: nil if the login cannot be the name of an account.
  private mutating func askSources(_ directory: AccountDirectory, _ password: SecretBytes) -> AccountSearch? {
    var steps: [Step] = []
    let search = directory.ask(login, password: password, service: service, peer: peer) { source, question in
      let (answer, milliseconds) = Self.timed(question)
      switch answer.finding {
      case .account(let account):
        let place = account.line > 0 ? Provenance.Origin(file: source, line: account.line, column: 1) : nil
        steps.append(
          Step(
            stage: .source, outcome: .passed, detail: "\(source) has \(account.name)", place: place,
            milliseconds: milliseconds))
      case .nobody, .untold:
        steps.append(
          Step(
            stage: .source, outcome: .skipped, detail: "\(source) does not have it", place: nil,
            milliseconds: milliseconds))
      case .unavailable:
        let problem = directory.problems.first { $0.name == source }?.problem
        let reason = (answer.reason ?? problem?.reason).map { ": \($0)" } ?? ""
        steps.append(
          Step(
            stage: .source, outcome: .unknown, detail: "\(source) cannot be asked\(reason)", place: nil,
            milliseconds: milliseconds))
      }
    }
    guard !search.question.names.isEmpty else {
      add(.name, .refused, "this cannot be the name of an account")
      return nil
    }
    add(.name, .passed, search.question.names.map(\.text).joined(separator: ", then "))
    self.steps += steps
    return search
  }

  /// Compares the password, and returns whether it lets the client in.
  private mutating func isRight(_ password: SecretBytes, _ candidate: Candidate, isKnown: Bool) -> Bool {
    let (result, milliseconds) = Self.timed {
      Result { () throws(VerificationError) in try candidate.verify(password) }
    }
    func which(_ label: String?) -> String {
      label.map { "app password \($0)" } ?? "the account's own password"
    }
    switch result {
    case .success(.accepted(_, let label)):
      add(.password, .passed, "right: \(which(label))", milliseconds: milliseconds)
      return true
    case .success(.barred(let obstacle, let label)):
      add(
        .password, .refused, "right, but may not be used: \(which(label)), \(obstacle)",
        milliseconds: milliseconds)
    case .success(.wrong) where candidate.isUnusable:
      add(
        .password, .unknown, "not compared: the account is refused, and the failure would not be counted",
        milliseconds: milliseconds)
    case .success(.wrong):
      let others = candidate.comparedPasswords
      add(
        .password, isKnown ? .refused : .skipped,
        !isKnown || others == 0
          ? "compared for show, as for every name that may not log in"
          : others == 1 ? "wrong" : "wrong: it is none of the account's \(others) passwords",
        milliseconds: milliseconds)
    case .failure(.accountsUnavailable):
      add(
        .password, .unknown, "not final: a source cannot be asked, and the client is told to try later",
        milliseconds: milliseconds)
    case .failure(.hashingFailed):
      add(
        .password, .unknown, "cannot be compared: the system's libcrypt or libcrypto fails, or has no memory",
        milliseconds: milliseconds)
    }
    return false
  }

  private mutating func openMailbox(_ account: FoundAccount, _ plan: Plan) {
    let (mailbox, milliseconds) = Self.timed { account.mailbox(in: plan.mail.maildir) }
    switch mailbox {
    case .success((let path, let state)):
      add(.mailbox, .passed, path + (state.note.map { " (\($0))" } ?? ""), milliseconds: milliseconds)
      succeeds = true
    case .failure(let error):
      add(.mailbox, .refused, "the account has no mailbox: \(error)", milliseconds: milliseconds)
    }
  }

  private mutating func add(
    _ stage: Stage, _ outcome: Outcome, _ detail: String, at place: Provenance.Origin? = nil,
    milliseconds: Double? = nil
  ) {
    steps.append(
      Step(stage: stage, outcome: outcome, detail: detail, place: place, milliseconds: milliseconds))
  }

  private static func timed<Value>(_ body: () -> Value) -> (Value, milliseconds: Double) {
    let start = ContinuousClock.now
    let value = body()
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    // To a microsecond: more is noise.
    return (value, (Double(seconds) * 1e6 + Double(attoseconds) / 1e12).rounded() / 1000)
  }
}
