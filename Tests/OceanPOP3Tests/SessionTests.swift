import NIOCore
import OceanBase
import OceanPOP3
import Testing

/// Cases that a transcript cannot show: events from outside, TLS, bounds.
@Suite struct SessionTests {
  // MARK: STLS

  @Test func `STLS is announced where it works`() {
    var plain = Interpreter(policy: .startTLS)
    _ = plain.takeOutput()
    plain.receive("CAPA\r\n")
    #expect(capabilities(plain.takeOutput()).isSuperset(of: ["STLS"]))
    #expect(capabilities(plain.takeOutput()).isDisjoint(with: ["USER"]))

    var tls = Interpreter(policy: .startTLS, isTLSActive: true)
    _ = tls.takeOutput()
    tls.receive("CAPA\r\n")
    let offered = capabilities(tls.takeOutput())
    #expect(offered.contains("USER") && !offered.contains("STLS"))
    tls.receive("STLS\r\n")
    #expect(tls.takeOutput() == "-ERR TLS is active already\r\n")
  }

  @Test func `STLS is refused where it is not offered`() {
    var interpreter = Interpreter(policy: .plain)
    _ = interpreter.takeOutput()
    interpreter.receive("STLS\r\nQUIT\r\n")
    #expect(interpreter.takeOutput() == "-ERR TLS is not offered here\r\n+OK bye\r\n")
  }

  @Test func `passwords are not taken without TLS`() {
    var interpreter = Interpreter(policy: .startTLS)
    _ = interpreter.takeOutput()
    interpreter.receive("USER alice\r\nPASS secret\r\n")
    #expect(interpreter.takeOutput() == "-ERR login needs TLS here\r\n-ERR login needs TLS here\r\n")
    #expect(interpreter.credentials.isEmpty)
    #expect(interpreter.needsOfTLS == ["alice"])
  }

  @Test(
    arguments: [
      ("USER alice\r\nUSER berta\r\nAUTH PLAIN\r\n", ["alice"]), ("PASS secret\r\nUSER alice\r\n", [nil]),
      ("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", [nil]), ("AUTH\r\nCAPA\r\nSTLS\r\n", []),
    ] as [(String, [String?])])
  func `a login that needs TLS is told once`(_ input: String, _ told: [String?]) {
    var interpreter = Interpreter(policy: .startTLS)
    interpreter.receive(input)
    #expect(interpreter.needsOfTLS == told)
  }

  @Test func `nothing is told where a login is not offered, or goes on without TLS`() {
    var policy = SessionPolicy.startTLS
    policy.loginOffered = false
    for policy in [policy, .plain] {
      var interpreter = Interpreter(policy: policy)
      interpreter.receive("AUTH PLAIN\r\nUSER alice\r\nPASS secret\r\n")
      #expect(interpreter.needsOfTLS == [])
    }
  }

  /// Input behind STLS in its segment, in the next one, or just before the handshake is done is never
  /// executed.
  @Test func `trap 10 nothing behind STLS is executed`() {
    var interpreter = Interpreter(policy: .startTLS)
    _ = interpreter.takeOutput()
    interpreter.receive("STLS\r\nUSER mallory\r\nPASS secret\r\nQUI")
    #expect(interpreter.takeOutput() == "+OK begin TLS\r\n")
    interpreter.receive("T\r\nQUIT\r\n")
    #expect(interpreter.takeOutput() == "")

    interpreter.session.tlsEstablished(discarding: &interpreter.input)
    interpreter.run()
    #expect(interpreter.takeOutput() == "")
    interpreter.receive("USER alice\r\nPASS secret\r\n")
    #expect(interpreter.takeOutput() == "+OK send the password\r\n+OK 3 messages (83 octets)\r\n")
    #expect(interpreter.credentials.map(\.user) == ["alice"])
  }

  @Test func `trap 10 state before STLS is forgotten`() {
    var policy = SessionPolicy.startTLS
    policy.plaintextLoginAllowed = true
    var interpreter = Interpreter(policy: policy)
    _ = interpreter.takeOutput()
    interpreter.receive("USER alice\r\nSTLS\r\n")
    interpreter.session.tlsEstablished(discarding: &interpreter.input)
    interpreter.receive("PASS secret\r\n")
    #expect(interpreter.takeOutput() == "+OK send the password\r\n+OK begin TLS\r\n-ERR send USER first\r\n")
  }

  // MARK: Logins

  @Test func `where no login is offered there is none over TLS either`() {
    for isTLSActive in [false, true] {
      var policy = SessionPolicy.plain
      policy.loginOffered = false
      var session = Session(policy: policy, isTLSActive: isTLSActive)
      var input = ByteBuffer(string: "USER alice\r\nPASS secret\r\nCAPA\r\nQUIT\r\n")
      var output = ByteBuffer()
      while session.next(input: &input, output: &output) == .proceed {}
      let text = String(buffer: output)
      let refusal = "-ERR login is not offered on this connection\r\n"
      #expect(text.hasPrefix(refusal + refusal + "+OK") && text.hasSuffix("\r\n.\r\n+OK bye\r\n"))
      #expect(!text.contains("USER"))
    }
  }

  @Test func `what is behind a login waits`() {
    var session = Session(policy: .plain)
    var input = ByteBuffer(string: "USER alice\r\nPASS secret\r\nSTAT\r\n")
    var output = ByteBuffer()
    #expect(session.next(input: &input, output: &output) == .proceed)
    let credentials = Credentials(user: "alice", password: SecretBytes(copying: "secret".utf8))
    #expect(session.next(input: &input, output: &output) == .login(credentials))
    output.clear()
    #expect(session.next(input: &input, output: &output) == .wait)
    #expect(input == ByteBuffer(string: "STAT\r\n"))
    #expect(output.readableBytes == 0)
    session.loginSucceeded(FixtureDrop.three, output: &output)
    #expect(session.next(input: &input, output: &output) == .proceed)
    #expect(session.next(input: &input, output: &output) == .read)
    #expect(output == ByteBuffer(string: "+OK 3 messages (83 octets)\r\n+OK 3 83\r\n"))
  }

  @Test func `passwords leave no trace`() {
    var session = Session(policy: .plain)
    var input = ByteBuffer(string: "USER alice\r\nPASS hunter2\r\n")
    // The network's pool of receive buffers holds a copy, too.
    let pooled = input
    var output = ByteBuffer()
    _ = session.next(input: &input, output: &output)
    let action = session.next(input: &input, output: &output)
    input.moveReaderIndex(to: 0)
    let received = String(buffer: input)
    #expect(received.utf8.allSatisfy { $0 == 0 })
    #expect(pooled.readableBytesView.allSatisfy { $0 == 0 })

    var dumped = ""
    dump(action, to: &dumped)
    for shown in [dumped, "\(action)", String(reflecting: action)] {
      #expect(shown.contains("alice"))
      #expect(!shown.contains("hunter2"))
    }
    guard case .login(let credentials) = action else {
      Issue.record("no login: \(action)")
      return
    }
    #expect(Mirror(reflecting: credentials.password).children.isEmpty)
    #expect(credentials.password.withUnsafeBytes { Array($0) } == Array("hunter2".utf8))
  }

  // MARK: Messages

  /// Trap 8: one -ERR, and the session lives.
  @Test func `trap 8 a message that vanished`() {
    var interpreter = Interpreter()
    interpreter.vanished = [1]
    interpreter.receive("USER alice\r\nPASS secret\r\n")
    _ = interpreter.takeOutput()
    interpreter.receive("RETR 2\r\nTOP 2 0\r\nSTAT\r\n")
    #expect(
      interpreter.takeOutput() == """
        -ERR message was removed by another program\r
        -ERR message was removed by another program\r
        +OK 3 83\r

        """)
    interpreter.receive("DELE 2\r\nQUIT\r\n")
    #expect(
      interpreter.takeOutput()
        == "+OK message is deleted\r\n-ERR [SYS/TEMP] some deleted messages not removed\r\n")
    #expect(interpreter.end == .updateIncomplete)
    #expect(interpreter.update?.retrieved.isEmpty == true)
  }

  @Test func `a message that breaks off ends the session`() {
    var (session, output) = opening(lines: nil)
    var input = ByteBuffer()
    session.messageOpened(octets: 1, output: &output)
    output.clear()
    session.messageFailed(.temporary, output: &output)
    #expect(output.readableBytes == 0)
    #expect(session.next(input: &input, output: &output) == .close(.messageTruncated))
  }

  @Test func `a message that cannot be opened`() {
    var (session, output) = opening(lines: 3)
    var input = ByteBuffer()
    session.messageFailed(.temporary, output: &output)
    #expect(output == ByteBuffer(string: "-ERR [SYS/TEMP] message cannot be read\r\n"))
    #expect(session.next(input: &input, output: &output) == .read)
  }

  // MARK: Ends from outside

  @Test(arguments: [
    (Interruption.idleTimeout, "-ERR closed after being idle for too long\r\n"),
    (.loginTimeout, "-ERR closed because nobody logged in\r\n"),
    (.shutdown, "-ERR [SYS/TEMP] server is shutting down\r\n"),
  ])
  func `trap 17 an interrupted session removes nothing`(_ interruption: Interruption, reply: String) {
    var interpreter = Interpreter()
    interpreter.receive("USER alice\r\nPASS secret\r\nDELE 1\r\n")
    _ = interpreter.takeOutput()
    interpreter.session.interrupt(interruption, output: &interpreter.output)
    interpreter.receive("QUIT\r\n")
    #expect(interpreter.takeOutput() == reply)
    #expect(interpreter.end == .interrupted(interruption))
    #expect(interpreter.update == nil)
  }

  @Test func `an interruption says nothing inside a message`() {
    var (session, output) = opening(lines: nil)
    session.messageOpened(octets: 1, output: &output)
    expectSilence(&session)
  }

  @Test func `an interruption says nothing inside a listing`() {
    var session = Session(policy: .plain)
    var input = ByteBuffer(string: "USER a\r\nPASS b\r\nLIST\r\n")
    var output = ByteBuffer()
    _ = session.next(input: &input, output: &output)
    _ = session.next(input: &input, output: &output)
    session.loginSucceeded(VastDrop(count: 100_000), output: &output)
    _ = session.next(input: &input, output: &output)
    _ = session.next(input: &input, output: &output)
    expectSilence(&session)
  }

  @Test func `an interruption says nothing inside a handshake`() {
    var session = Session(policy: .startTLS)
    var input = ByteBuffer(string: "STLS\r\n")
    var output = ByteBuffer()
    #expect(session.next(input: &input, output: &output) == .startTLS)
    expectSilence(&session)
  }

  @Test func `an update is not interrupted`() {
    var session = loggedIn("QUIT\r\n")
    var input = ByteBuffer()
    var output = ByteBuffer()
    session.interrupt(.shutdown, output: &output)
    #expect(session.next(input: &input, output: &output) == .wait)
    session.updateFinished(.removed, output: &output)
    #expect(output == ByteBuffer(string: "+OK bye\r\n"))
    #expect(session.next(input: &input, output: &output) == .close(.quit))
  }

  @Test func `events that come too late are ignored`() {
    var session = Session(policy: .plain)
    var input = ByteBuffer(string: "USER alice\r\nPASS secret\r\n")
    var output = ByteBuffer()
    _ = session.next(input: &input, output: &output)
    _ = session.next(input: &input, output: &output)
    session.interrupt(.loginTimeout, output: &output)
    output.clear()
    session.loginSucceeded(FixtureDrop.three, output: &output)
    session.loginFailed(.credentials, output: &output)
    session.messageOpened(octets: 1, output: &output)
    session.messageSent()
    session.messageFailed(.vanished, output: &output)
    session.updateFinished(.removed, output: &output)
    session.tlsEstablished(discarding: &input)
    session.interrupt(.shutdown, output: &output)
    #expect(output.readableBytes == 0)
    #expect(session.next(input: &input, output: &output) == .close(.interrupted(.loginTimeout)))
  }

  // MARK: Support

  private func capabilities(_ reply: String) -> Set<Substring> { Set(reply.split(separator: "\r\n")) }

  /// Alice's session after these commands.
  private func loggedIn(_ commands: String) -> Session {
    var session = Session(policy: .plain)
    var input = ByteBuffer(string: "USER alice\r\nPASS secret\r\n" + commands)
    var output = ByteBuffer()
    loop: while true {
      switch session.next(input: &input, output: &output) {
      case .login: session.loginSucceeded(FixtureDrop.three, output: &output)
      case .proceed: continue
      default: break loop
      }
    }
    return session
  }

  private func opening(lines: Int?) -> (Session, ByteBuffer) {
    (loggedIn(lines.map { "TOP 1 \($0)\r\n" } ?? "RETR 1\r\n"), ByteBuffer())
  }

  private func expectSilence(_ session: inout Session) {
    var input = ByteBuffer()
    var output = ByteBuffer()
    session.interrupt(.shutdown, output: &output)
    #expect(output.readableBytes == 0)
    #expect(session.next(input: &input, output: &output) == .close(.interrupted(.shutdown)))
  }
}
