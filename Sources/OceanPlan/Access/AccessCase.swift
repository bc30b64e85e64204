package import OceanAddresses
import OceanBase

/// What a test file says about some clients: how they come, and what must become of each of them.
package struct AccessCase: Sendable {
  package var from: AddressSet
  /// The listeners they come to; nil means every enabled service.
  package var to: [ExplanationTarget]?
  /// The proxy that names them; nil means that they come as they can.
  package var via: IPAddress?
  /// The account they would log in with.
  package var user: String?
  /// The means by which they would log in.
  package var login = Attempt.Aim.login
  /// Whether somebody named the means.
  package var hasMeans = false
  /// The host that they ask for (SNI).
  package var serverName: String?
  package var want = Want()

  package init(from: AddressSet, to: [ExplanationTarget]?) {
    self.from = from
    self.to = to
  }

  /// An expectation about clients, as a case.
  package init(_ expectation: Plan.Expectation) {
    self.init(from: expectation.from, to: expectation.to?.map { ExplanationTarget($0) })
    via = expectation.via
    user = expectation.user
    serverName = expectation.serverName
    want.verdict = expectation.verdict
    want.certificates = expectation.certificates
    guard expectation.aim != .connect else { return }
    login = expectation.aim
    hasMeans = true
  }

  /// What must become of the clients. Nil is not asked.
  package struct Want: Sendable {
    package var verdict: Plan.Service.IPControl.DefaultAction?
    /// The text or the place of what decides.
    package var rule: String?
    /// The names of the certificates that are presented, one for each kind of key.
    package var certificates: [String]?
    /// Whether a login is offered.
    package var isLoginOffered: Bool?
    package var mailbox: Mailbox?

    package init() {}
  }

  package enum Mailbox: Sendable, Hashable {
    case path(String)
    case missing
  }

  /// The case in words: `from 203.0.113.9 to pop3 as anna`.
  package var text: String {
    let to = to.map { $0.map(\.description).joined(separator: ", ") } ?? "every service"
    return "from \(from.summary)" + (via.map { " via \($0)" } ?? "") + " to \(to)"
      + (user.map { " as \($0)" } ?? "")
  }

  /// The login in whose handshake a certificate is presented.
  var handshake: Attempt.Aim { login == .login ? .tlsLogin(.tls13) : login }

  /// How far the verdict is about: to a login if its means or the account are given, unless `login` asks about that.
  package var aim: Attempt.Aim {
    user != nil || hasMeans && want.isLoginOffered == nil ? login : .connect
  }
}

/// What is known of an account that somebody would log in with.
package enum AccountAnswer: Sendable {
  case found(Account)
  /// It cannot be told now, for a reason in half a sentence.
  case unknown(String)

  package struct Account: Sendable {
    /// Those who may log in with it; nobody, if it is missing or switched off.
    package let clients: AddressSet
    /// Why others may not: `not from this address (allow_nets)`.
    package let refusal: String
    /// Its line; nil if it is missing.
    package let place: Provenance.Origin?
    /// Asks for its mailbox.
    package let mailbox: @Sendable () -> Mailbox

    package init(
      clients: AddressSet, refusal: String, place: Provenance.Origin?,
      mailbox: @escaping @Sendable () -> Mailbox
    ) {
      self.clients = clients
      self.refusal = refusal
      self.place = place
      self.mailbox = mailbox
    }
  }

  package enum Mailbox: Sendable {
    case present(String)
    case missing(String)
    /// Whether it is there, or where it would be, cannot be told, for a reason.
    case unknown(String)
  }
}

/// Something that a case wants and that is not so.
package struct CaseFinding: Sendable {
  /// In the words of the test file: `verdict: allow`.
  package let wanted: String
  /// What is so instead.
  package let found: String
  /// The clients that it is so for, and what decides; nil if it has nothing to do with rules.
  package let violation: Violation?

  package init(wanted: String, found: String, _ violation: Violation? = nil) {
    self.wanted = wanted
    self.found = found
    self.violation = violation
  }
}
