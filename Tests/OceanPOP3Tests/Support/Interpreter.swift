import NIOCore
import OceanBase
import OceanPOP3

/// Carries out a session's actions at once, on a mailbox in memory.
///
/// `secret` is everybody's password. Some users have mailboxes that fail: see `failure(of:)`.
struct Interpreter {
  var session: Session
  let drop: FixtureDrop

  /// Octets that were received and not yet taken.
  var input = ByteBuffer()

  /// All octets that were sent.
  var output = ByteBuffer()

  /// The marks that UPDATE got.
  private(set) var update: MessageMarks?
  private(set) var credentials: [Credentials] = []
  /// What the session told of logins that were refused without TLS: the names.
  private(set) var needsOfTLS: [String?] = []
  private(set) var end: CloseReason?
  /// The name that AUTH gave.
  private var name: String?

  /// Messages another process has removed.
  var vanished: Set<Int> = []

  init(policy: SessionPolicy = .plain, drop: FixtureDrop = .three, isTLSActive: Bool = false) {
    session = Session(policy: policy, isTLSActive: isTLSActive)
    self.drop = drop
    session.greet(into: &output)
  }

  /// Gives the session octets as one segment, and runs it until it wants more.
  mutating func receive(_ octets: some Sequence<UInt8>) {
    input.writeBytes(octets)
    run()
  }

  mutating func receive(_ text: String) {
    receive(text.utf8)
  }

  mutating func run() {
    while end == nil {
      let action = session.next(input: &input, output: &output)
      switch action {
      case .read: return
      case .proceed: continue
      case .loginNeedsTLS(let user): needsOfTLS.append(user)
      case .wait: return
      case .login(let attempt): verify(attempt)
      case .authenticate(let mechanism, let response): authenticate(mechanism, response)
      case .open(let index, let lines): send(index, lines: lines)
      case .update(let marks):
        update = marks
        let isIncomplete = marks.deleted.contains(where: vanished.contains)
        session.updateFinished(isIncomplete ? .incomplete : .removed, output: &output)
      case .startTLS: return
      case .close(let reason): end = reason
      }
    }
  }

  /// Everything sent since the last call.
  mutating func takeOutput() -> String {
    String(decoding: output.readBytes(length: output.readableBytes) ?? [], as: UTF8.self)
  }

  /// A mechanism that asks for a name, if it was not sent with the command, and then for the password.
  private mutating func authenticate(_ mechanism: String?, _ response: SecretBytes?) {
    if mechanism != nil { name = nil }
    guard let response else { return session.challenged(SecretBytes(copying: "name?".utf8), output: &output) }
    guard !response.isEmpty else { return session.exchangeFailed(output: &output) }
    guard let name else {
      name = response.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      return session.challenged(SecretBytes(copying: []), output: &output)
    }
    session.exchangeCompleted()
    verify(Credentials(user: name, password: response))
  }

  private mutating func verify(_ attempt: Credentials) {
    credentials.append(attempt)
    if attempt.password != SecretBytes(copying: "secret".utf8) {
      session.loginFailed(.credentials, output: &output)
    } else if let failure = Self.failure(of: attempt.user) {
      session.loginFailed(failure, output: &output)
    } else {
      session.loginSucceeded(drop, output: &output)
    }
  }

  private static func failure(of user: String) -> LoginFailure? {
    switch user {
    case "busy": .inUse
    case "down": .temporary
    case "broken": .permanent
    case "nobody": .credentials
    default: nil
    }
  }

  private mutating func send(_ index: Int, lines: Int?) {
    guard !vanished.contains(index) else {
      session.messageFailed(.vanished, output: &output)
      return
    }
    session.messageOpened(octets: drop.octets(of: index), output: &output)
    var encoder = MessageEncoder(bodyLines: lines)
    drop.messages[index].withUnsafeBytes { encoder.encode($0, into: &output) }
    encoder.finish(into: &output)
    session.messageSent()
  }
}

extension SessionPolicy {
  static let plain = SessionPolicy(
    hostname: "pop.example.org", implementation: "ocean", plaintextLoginAllowed: true, startTLSOffered: false)

  static let startTLS = SessionPolicy(
    hostname: "pop.example.org", plaintextLoginAllowed: false, startTLSOffered: true)

  /// Passwords may be sent without TLS, with AUTH LOGIN too.
  static let plaintextSASL = {
    var policy = SessionPolicy.sasl
    policy.plaintextLoginAllowed = true
    policy.startTLSOffered = false
    policy.plaintextMechanisms = ["LOGIN"]
    return policy
  }()

  /// AUTH LOGIN would work without TLS, but not for this client.
  static let closedSASL = {
    var policy = SessionPolicy.plaintextSASL
    policy.plaintextLoginAllowed = false
    return policy
  }()

  static let sasl = {
    var policy = SessionPolicy.startTLS
    policy.mechanisms = ["PLAIN", "LOGIN"]
    policy.maxBadCommands = 3
    return policy
  }()
}
