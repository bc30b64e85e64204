package import NIOCore
package import OceanBase

/// One POP3 session as a state machine without IO (RFC 1939 §3).
///
/// The interpreter appends received bytes to `input` and calls `next` until an action tells it to do
/// something else. One call executes at most one command, or writes one piece of a long reply. Commands
/// behind it wait in `input`, so pipelining (RFC 2449 §6.6) needs no memory here. Events that end an action
/// write their replies; `next` then tells how it goes on. An event that comes too late, because the session
/// was interrupted meanwhile, is ignored.
package struct Session {
  private enum State {
    /// RFC 1939 §4, with the name that USER gave. It is a secret because users have typed passwords
    /// there.
    case authorization(user: SecretBytes?)
    /// The client is to answer a challenge of AUTH (RFC 5034 §4).
    case authenticating
    /// A response is with AUTH's mechanism.
    case exchanging
    case verifying
    case startingTLS
    case transaction
    /// RFC 1939 §6.
    case updating
    case closed(CloseReason)
  }

  private let policy: SessionPolicy
  private var isTLSActive: Bool
  private var state = State.authorization(user: nil)
  /// Set in the TRANSACTION state. Kept apart from `state`, so that it is changed in place.
  private var transaction: Transaction?
  private var lines = LineReader()
  private var failedLogins = 0
  private var badCommands = 0
  /// Whether an action told that a login was refused because it needs TLS.
  private var isTLSNeedTold = false
  /// The command that the latest call of `next` executed; nil if it executed none.
  package private(set) var executed: CommandName?

  /// - Parameter isTLSActive: whether the connection began with TLS (RFC 8314 §3.2).
  package init(policy: SessionPolicy, isTLSActive: Bool = false) {
    self.policy = policy
    self.isTLSActive = isTLSActive
  }

  /// What the session has done to its mailbox so far; nil outside the TRANSACTION state.
  package var marks: MessageMarks? {
    transaction?.marks
  }

  /// Writes the greeting (RFC 1939 §4). It has no timestamp, so that no client tries APOP.
  package func greet(into output: inout ByteBuffer) {
    output.writeStaticString("+OK ")
    output.writeString(policy.hostname)
    output.writeStaticString(" POP3 server ready\r\n")
  }

  /// Takes the next step: consumes at most one line of `input` and appends at most about 16 KiB to `output`.
  ///
  /// Octets that are consumed before the login are overwritten where they lie.
  package mutating func next(input: inout ByteBuffer, output: inout ByteBuffer) -> Action {
    executed = nil
    guard transaction == nil else { return step(input: &input, output: &output) }
    let start = input.readerIndex
    defer { input.wipe(start..<input.readerIndex) }
    return step(input: &input, output: &output)
  }

  private mutating func step(input: inout ByteBuffer, output: inout ByteBuffer) -> Action {
    switch state {
    case .closed(let reason):
      return .close(reason)
    case .exchanging, .verifying, .startingTLS, .updating:
      return .wait
    case .authenticating:
      return readResponse(input: &input, output: &output)
    case .transaction:
      if let action = transaction?.resume(output: &output) ?? nil { return action }
    case .authorization:
      break
    }
    switch lines.next(in: &input, limit: policy.maxLineLength) {
    case .incomplete:
      return .read
    case .tooLong:
      executed = .unknown
      return refuse("line is too long", output: &output)
    case .line(let length, let total):
      return executeLine(length: length, total: total, input: &input, output: &output)
    }
  }

  /// Ends the session from outside, with a reply where one can be understood. The rest of an action in flight
  /// is not sent. Nothing is removed (RFC 1939 §3). A session in UPDATE is not interrupted: `updateFinished`
  /// ends it.
  package mutating func interrupt(_ interruption: Interruption, output: inout ByteBuffer) {
    switch state {
    case .updating, .closed:
      return
    case .startingTLS:
      break  // it would become part of the handshake
    case .transaction where transaction?.isMidReply == true:
      break  // it would become part of a message or list
    case .authorization, .authenticating, .exchanging, .verifying, .transaction:
      switch interruption {
      case .idleTimeout: output.writeError("closed after being idle for too long")
      case .loginTimeout: output.writeError("closed because nobody logged in")
      case .shutdown: output.writeError(.systemTemporary, "server is shutting down")
      case .kick: output.writeError(.systemTemporary, "session was ended by the administrator")
      case .gaveWay: output.writeError(.systemTemporary, "too many connections, try again later")
      }
    }
    end(.interrupted(interruption))
  }

  private mutating func end(_ reason: CloseReason) {
    state = .closed(reason)
    transaction = nil
  }
}

// MARK: - Events

extension Session {
  /// Ends `authenticate`: the client is to answer the challenge (RFC 5034 §4).
  package mutating func challenged(_ challenge: SecretBytes, output: inout ByteBuffer) {
    guard case .exchanging = state else { return }
    output.writeStaticString("+ ")
    challenge.withUnsafeBytes(Base64.encode).withUnsafeBytes { _ = output.writeBytes($0) }
    output.writeStaticString("\r\n")
    state = .authenticating
  }

  /// Ends `authenticate`: there is a name and a password, and `loginSucceeded` or `loginFailed` follows.
  package mutating func exchangeCompleted() {
    guard case .exchanging = state else { return }
    state = .verifying
  }

  /// Ends `authenticate`: the response is not one of the mechanism.
  package mutating func exchangeFailed(output: inout ByteBuffer) {
    guard case .exchanging = state else { return }
    state = .authorization(user: nil)
    _ = refuse("invalid response", output: &output)
  }

  /// Ends `login`: the session enters the TRANSACTION state (RFC 1939 §4).
  package mutating func loginSucceeded(_ drop: any Maildrop, output: inout ByteBuffer) {
    guard case .verifying = state else { return }
    let transaction = Transaction(drop, implementation: policy.implementation)
    transaction.writeSummary(into: &output)
    self.transaction = transaction
    state = .transaction
  }

  /// Ends `login`. Delaying this call delays everything the client has pipelined behind its attempt.
  package mutating func loginFailed(_ failure: LoginFailure, output: inout ByteBuffer) {
    guard case .verifying = state else { return }
    switch failure {
    case .credentials: output.writeError(.auth, "wrong user name or password")
    case .inUse: output.writeError(.inUse, "mailbox is in use by another session")
    case .temporary: output.writeError(.systemTemporary, "login is not possible now")
    case .permanent: output.writeError(.systemPermanent, "mailbox cannot be opened")
    }
    failedLogins += 1
    state = failedLogins < policy.maxLoginAttempts ? .authorization(user: nil) : .closed(.loginAttempts)
  }

  /// Follows `open`: the message can be read, and its octets come next.
  ///
  /// - Parameter octets: the octets it takes (RFC 1939 §11), which may differ from LIST: see `Maildrop`.
  package mutating func messageOpened(octets: UInt64, output: inout ByteBuffer) {
    transaction?.messageOpened(octets: octets, output: &output)
  }

  /// Ends `open`: everything up to the terminator is in `output` or sent.
  package mutating func messageSent() {
    transaction?.messageSent()
  }

  /// Ends `open`. Before `messageOpened` there is an error reply; after it the session ends, with the message
  /// cut short.
  package mutating func messageFailed(_ failure: MessageFailure, output: inout ByteBuffer) {
    if transaction?.messageFailed(failure, output: &output) == false { end(.messageTruncated) }
  }

  /// Ends `update` and with it the session.
  package mutating func updateFinished(_ result: UpdateResult, output: inout ByteBuffer) {
    guard case .updating = state else { return }
    switch result {
    case .removed:
      output.writeOK("bye")
      state = .closed(.quit)
    case .incomplete:
      output.writeError(.systemTemporary, "some deleted messages not removed")
      state = .closed(.updateIncomplete)
    case .forbidden:
      output.writeError(.systemPermanent, "some deleted messages not removed")
      state = .closed(.updateIncomplete)
    }
  }

  /// Ends `startTLS`. Everything the client sent before is forgotten (RFC 2595 §4), including commands that
  /// it put behind STLS.
  package mutating func tlsEstablished(discarding input: inout ByteBuffer) {
    guard case .startingTLS = state else { return }
    input.wipe()
    isTLSActive = true
    state = .authorization(user: nil)
  }
}

// MARK: - Commands

extension Session {
  /// Executes the line at the front of `input` and consumes it.
  private mutating func executeLine(
    length: Int, total: Int, input: inout ByteBuffer, output: inout ByteBuffer
  ) -> Action {
    let parsed = input.withUnsafeReadableBytes { bytes in
      Result { () throws(CommandError) in
        try Command(line: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
      }
    }
    input.moveReaderIndex(forwardBy: total)

    switch parsed {
    case .success(let command):
      badCommands = 0
      executed = command.name
      return execute(command, input: &input, output: &output)
    case .failure(.arguments):
      badCommands = 0
      executed = .unknown
      output.writeError("wrong arguments")
      return .proceed
    case .failure(.octets):
      executed = .unknown
      return refuse("invalid character", output: &output)
    case .failure(.unknown):
      executed = .unknown
      return refuse("unknown command", output: &output)
    }
  }

  private mutating func execute(
    _ command: Command, input: inout ByteBuffer, output: inout ByteBuffer
  ) -> Action {
    if case .authorization(let user) = state {
      return authorize(command, user: user, input: &input, output: &output)
    }
    let action = transaction?.execute(command, output: &output) ?? .proceed
    if case .update = action {
      state = .updating
      transaction = nil
    }
    return action
  }

  /// Executes a command in the AUTHORIZATION state (RFC 1939 §4).
  private mutating func authorize(
    _ command: Command, user: SecretBytes?, input: inout ByteBuffer, output: inout ByteBuffer
  ) -> Action {
    switch command {
    case .capa:
      Capabilities(
        user: isLoginAllowed, mechanisms: mechanisms, startTLS: isStartTLSOffered,
        implementation: policy.implementation
      ).write(into: &output)
    case .user where !policy.loginOffered, .pass where !policy.loginOffered, .auth where !policy.loginOffered:
      output.writeError("login is not offered on this connection")
    // RFC 8314 §4: never ask for a password that others could read.
    case .user(let name) where !isLoginAllowed:
      output.writeError("login needs TLS here")
      return refusedWithoutTLS(user: name)
    case .pass where !isLoginAllowed:
      output.writeError("login needs TLS here")
      return refusedWithoutTLS(user: nil)
    case .auth(let mechanism, _) where !isTLSActive && mechanisms.isEmpty:
      output.writeError("AUTH needs TLS here")
      // Without a mechanism it is not a login. Where USER is allowed, clients go on with that.
      if mechanism != nil, !isLoginAllowed { return refusedWithoutTLS(user: nil) }
    case .auth(nil, _):
      output.writeOK("mechanisms follow")
      for mechanism in mechanisms {
        output.writeString(mechanism)
        output.writeStaticString("\r\n")
      }
      output.writeStaticString(".\r\n")
    case .auth(let name?, let response):
      let mechanism = mechanisms.first { mechanism in
        name.withUnsafeBytes { $0.elementsEqual(mechanism.utf8) { $0 & 0xDF == $1 & 0xDF } }
      }
      guard let mechanism else {
        output.writeError("mechanism is not offered")
        return .proceed
      }
      state = .exchanging
      return .authenticate(mechanism: mechanism, response: response)
    case .user(let name):
      // The reply is the same whether or not the user exists.
      state = .authorization(user: name)
      output.writeOK("send the password")
    case .pass(let password):
      guard let user else {
        output.writeError("send USER first")
        return .proceed
      }
      state = .verifying
      return .login(Credentials(user: Self.text(of: user), password: password))
    case .stls:
      return startTLS(discarding: &input, output: &output)
    case .quit:
      output.writeOK("bye")
      state = .closed(.quit)
    case .dele, .list, .noop, .retr, .rset, .stat, .top, .uidl:
      output.writeError("log in first")
    }
    return .proceed
  }

  private static func text(of user: SecretBytes) -> String {
    user.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Tells once that logins are refused here: clients try several ways, one after another.
  private mutating func refusedWithoutTLS(user: SecretBytes?) -> Action {
    guard !isTLSNeedTold else { return .proceed }
    isTLSNeedTold = true
    return .loginNeedsTLS(user: user.map(Self.text))
  }

  private var isLoginAllowed: Bool {
    policy.loginOffered && (isTLSActive || policy.plaintextLoginAllowed)
  }

  private var mechanisms: [String] {
    guard isLoginAllowed else { return [] }
    return isTLSActive ? policy.mechanisms : policy.plaintextMechanisms
  }

  /// The longest response in octets, its line end included: a name of 255 octets twice and the longest password,
  /// in base 64, and some room.
  private static let maxResponseLength = 1200

  /// Reads the answer to a challenge (RFC 5034 §4).
  private mutating func readResponse(input: inout ByteBuffer, output: inout ByteBuffer) -> Action {
    switch lines.next(in: &input, limit: max(policy.maxLineLength, Self.maxResponseLength)) {
    case .incomplete:
      return .read
    case .tooLong:
      executed = .auth
      state = .authorization(user: nil)
      return refuse("line is too long", output: &output)
    case .line(let length, let total):
      let (isCancelled, response) = input.withUnsafeReadableBytes { bytes in
        let line = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        return (line.count == 1 && line.first == UInt8(ascii: "*"), Base64.decode(line))
      }
      input.moveReaderIndex(forwardBy: total)
      guard let response else {
        executed = .auth
        state = .authorization(user: nil)
        guard !isCancelled else {
          output.writeError("authentication cancelled")
          return .proceed
        }
        return refuse("invalid response", output: &output)
      }
      state = .exchanging
      return .authenticate(mechanism: nil, response: response)
    }
  }

  private var isStartTLSOffered: Bool { policy.startTLSOffered && !isTLSActive }

  /// Executes STLS (RFC 2595 §4).
  private mutating func startTLS(discarding input: inout ByteBuffer, output: inout ByteBuffer) -> Action {
    guard isStartTLSOffered else {
      output.writeError(isTLSActive ? "TLS is active already" : "TLS is not offered here")
      return .proceed
    }
    input.moveReaderIndex(to: input.writerIndex)
    output.writeOK("begin TLS")
    state = .startingTLS
    return .startTLS
  }

  /// Refuses a line that no client of this protocol sends; too many in a row end the session.
  private mutating func refuse(_ text: StaticString, output: inout ByteBuffer) -> Action {
    badCommands += 1
    if badCommands >= policy.maxBadCommands {
      output.writeError("too many bad commands")
      end(.badCommands)
    } else {
      output.writeError(text)
    }
    return .proceed
  }
}
