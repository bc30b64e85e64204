import NIOCore
import NIOPosix
import OceanAccess
import OceanPlan
import OceanPOP3
import OceanStore
import OceanTLS

/// Carries out what a session's state machine asks for: reads, writes, jobs for the pools, the clock.
///
/// Everything is confined to the channel's event loop. Between commands it holds no buffer, no timer and no
/// descriptor but the socket.
final class SessionHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Commands that may wait behind one that is being executed; then the socket is no longer read.
  private static let inputLimit = 8 * 1024
  private static let flushThreshold = 16 * 1024
  private static let flushesPerTurn = 8
  /// How long a client may take to read the last reply.
  private static let closeTimeout = TimeAmount.seconds(10)

  let id: UInt64
  private let service: Service
  private let environment: Environment
  private let state: LoopState
  private let limits: Plan.Limits
  private var place: Service.Place?
  private let accessLog: AccessLog?
  private var record: AccessLog.Record

  private var context: ChannelHandlerContext?
  private var session: Session
  private var input = ByteBuffer()
  private var mailbox: Mailbox?
  private var transfer: Transfer?
  private var isRunning = false
  private var isInputClosed = false
  private var isReadSuppressed = false
  private var handshake: Handshake
  private var isVerifying = false
  private var isUpdating = false
  private var isClosing = false
  private var isFinished = false

  /// A TLS handshake that is under way; until it is done nothing can be said.
  private enum Handshake {
    case none
    /// The greeting follows.
    case implicit
    /// RFC 2595 §4.
    case explicit
  }

  /// Where it stands among its loop's sessions.
  var position = 0
  /// When the session is to be ended for want of traffic.
  private(set) var deadline: NIODeadline
  private var lastTraffic: NIODeadline

  var isLoggedIn: Bool { mailbox != nil }

  init(
    service: Service, settings: ServiceSettings, place: consuming Service.Place, environment: Environment,
    state: LoopState, local: Endpoint, peer: IPAddress, isTLSImplicit: Bool
  ) {
    id = environment.newSessionID()
    self.service = service
    self.environment = environment
    self.state = state
    self.place = consume place
    accessLog = settings.accessLog
    limits = settings.plan.limits
    handshake = isTLSImplicit ? .implicit : .none
    session = Session(policy: settings.policy(for: peer), isTLSActive: isTLSImplicit)
    let now = state.loop.now
    deadline = now + .seconds(Int64(limits.loginSeconds))
    lastTraffic = now
    record = AccessLog.Record(
      service: service.name, peer: peer, local: local, started: now, plan: settings.digest)
  }
}

// MARK: - Channel events

extension SessionHandler {
  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { start() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    context.fireChannelActive()
    start()
  }

  private func start() {
    state.add(self)
    guard handshake == .none else { return }
    session.greet(into: &state.output)
    run()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    guard !isClosing else { return }
    if input.readableBytes == 0 {
      input = bytes
    } else {
      input.writeBuffer(&bytes)
    }
    extendDeadline()
    run()
  }

  func read(context: ChannelHandlerContext) {
    if isClosing || input.readableBytes > Self.inputLimit {
      isReadSuppressed = true
    } else {
      context.read()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      extendDeadline()
      run()
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client may send everything it has to say and close its side; it still gets its replies.
    if let event = event as? ChannelEvent, event == .inputClosed {
      isInputClosed = true
      run()
    } else if case .handshakeCompleted(let tls) = event as? TLSEvent {
      handshakeCompleted(tls)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? TLSError { finish(error.outcome) }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    context.fireChannelInactive()
    self.context = nil
    // A password check and UPDATE go on without the client, and end the session then.
    if !isVerifying, !isUpdating { leave() }
  }

  /// The client is gone, and nothing is under way for it any more.
  ///
  /// Only now is its place free: clients that leave at once must not fill the queue of password checks without end.
  private func leave() {
    finish("dropped")
    place = nil
    state.remove(self)
  }
}

// MARK: - Deadlines

extension SessionHandler {
  private func extendDeadline() {
    lastTraffic = state.loop.now
    if isLoggedIn { deadline = lastTraffic + .seconds(Int64(limits.idleSeconds)) }
  }

  func deadlinePassed() {
    if isClosing {
      // The last reply does not get through: the client does not read.
      context?.close(promise: nil)
    } else {
      interrupt(isLoggedIn ? .idleTimeout : .loginTimeout)
    }
  }

  /// Ends the session from outside. One that is removing messages, or ends already, is left to finish.
  ///
  /// - Returns: whether it ends for that.
  @discardableResult
  func interrupt(_ interruption: Interruption) -> Bool {
    guard let context, !isUpdating, !isClosing else { return false }
    // The session's marks are gone once it is interrupted.
    releaseMailbox(session.marks)
    session.interrupt(interruption, output: &state.output)
    if context.channel.isWritable, handshake == .none {
      run()
    } else {
      state.output.clear()
      finish(CloseReason.interrupted(interruption).outcome)
      context.close(promise: nil)
    }
    return true
  }
}

// MARK: - Control

extension SessionHandler {
  func snapshot(at now: NIODeadline) -> SessionSnapshot {
    let phase: SessionInfo.State =
      isUpdating ? .update : isClosing ? .closing : isLoggedIn ? .transaction : .authorization
    return SessionSnapshot(
      id: id, state: phase, record: record, age: now - record.started, idle: now - lastTraffic)
  }

  func isPart(of selection: SessionSelection) -> Bool {
    selection.contains(id: id, user: record.user, peer: record.peer)
  }
}

// MARK: - The interpreter

extension SessionHandler {
  /// Executes what is in `input` until something has to be waited for.
  private func run() {
    // Writing may bring events that end up here again; the loop below sees what they changed.
    guard !isRunning, !isClosing, handshake == .none, let context else { return }
    isRunning = true
    defer { isRunning = false }

    var flushes = 0
    loop: while context.channel.isWritable, !isClosing, self.context != nil {
      switch session.next(input: &input, output: &state.output) {
      case .proceed:
        break
      case .read:
        if isInputClosed { close(context) }
        break loop
      case .wait:
        // Only a message that is being sent goes on by itself.
        guard transfer?.isReading == false else { break loop }
        readNextChunk()
      case .login(let credentials):
        login(credentials, context)
      case .open(let message, let lines):
        open(message, lines: lines)
      case .update(let marks):
        update(marks)
      case .startTLS:
        startTLS(context)
        break loop
      case .close(let reason):
        // Before the client can see the end, and before closing would call it dropped.
        finish(reason.outcome)
        close(context)
        break loop
      }
      guard state.output.readableBytes >= Self.flushThreshold else { continue }
      flush(context)
      flushes += 1
      if flushes == Self.flushesPerTurn {
        // A client that reads as fast as we write must not keep the others waiting.
        let bound = NIOLoopBound(self, eventLoop: state.loop)
        state.loop.execute { bound.value.run() }
        break loop
      }
    }
    flush(context)
    if input.readableBytes == 0 { input = ByteBuffer() }
    resumeReading(context)
  }

  private func flush(_ context: ChannelHandlerContext) {
    guard state.output.readableBytes > 0 else { return }
    // Writing may bring events that end up in `run`: they must not find it again.
    var output = ByteBuffer()
    swap(&output, &state.output)
    context.writeAndFlush(wrapOutboundOut(output), promise: nil)
    output.clear()
    if state.output.readableBytes == 0 { state.output = output }
  }

  private func resumeReading(_ context: ChannelHandlerContext) {
    if isReadSuppressed, !isClosing, input.readableBytes <= Self.inputLimit {
      isReadSuppressed = false
      context.read()
    }
  }

  /// Closes once everything written has left.
  private func close(_ context: ChannelHandlerContext) {
    isClosing = true
    deadline = state.loop.now + Self.closeTimeout
    let promise = context.eventLoop.makePromise(of: Void.self)
    let loop = context.eventLoop.assumeIsolated()
    // In a turn of its own: within the flush that completes the promise NIO writes nothing more, and TLS has its
    // close_notify to send.
    promise.futureResult.assumeIsolated().whenComplete { _ in
      loop.execute { self.context?.close(promise: nil) }
    }
    let last = state.output.readableBytes > 0 ? state.output : ByteBuffer()
    context.writeAndFlush(wrapOutboundOut(last), promise: promise)
    state.output.clear()
  }

  // MARK: TLS

  /// RFC 2595 §4. The reply leaves in clear text; whatever arrives from now on is TLS.
  private func startTLS(_ context: ChannelHandlerContext) {
    flush(context)
    let settings = service.settings
    guard let contexts = settings.contexts else {
      // A plan without certificates came into force since the session was accepted.
      return context.close(promise: nil)
    }
    handshake = .explicit
    do {
      try context.pipeline.syncOperations.addHandler(settings.tlsHandler(contexts), position: .before(self))
    } catch {
      context.close(promise: nil)
    }
  }

  private func handshakeCompleted(_ tls: TLSSession) {
    record.tls = tls.version.description
    switch handshake {
    case .none: return
    case .implicit: session.greet(into: &state.output)
    case .explicit: session.tlsEstablished(discarding: &input)
    }
    handshake = .none
    run()
  }

  // MARK: Login

  private func login(_ credentials: Credentials, _ context: ChannelHandlerContext) {
    let settings = service.settings
    let started = state.loop.now
    isVerifying = true
    Login(credentials: credentials, peer: record.peer, settings: settings, environment: environment)
      .run(on: context.eventLoop)
      .assumeIsolated()
      .whenComplete { result in
        self.isVerifying = false
        switch result {
        case .success(.opened(let mailbox, let identity)): self.loginSucceeded(mailbox, identity)
        case .success(.failed(let failure, let name)): self.loginFailed(failure, name, since: started)
        case .failure: self.loginFailed(.temporary, credentials.user, since: started)
        }
        if self.context == nil { self.leave() }
      }
  }

  private func loginSucceeded(_ mailbox: Mailbox, _ identity: Identity) {
    guard context != nil, !isClosing else { return mailbox.close() }
    self.mailbox = mailbox
    record.user = identity.name
    extendDeadline()
    session.loginSucceeded(mailbox, output: &state.output)
    run()
  }

  /// A wrong password is answered late, at a time that tells nothing about the account.
  private func loginFailed(_ failure: LoginFailure, _ name: String, since started: NIODeadline) {
    accessLog?.loginFailed(record, user: name, failure: failure, on: state.loop)
    guard failure == .credentials else { return answer(failure) }
    let time = started + .milliseconds(Int64(limits.failureDelayMilliseconds))
    let bound = NIOLoopBound(self, eventLoop: state.loop)
    state.loop.scheduleTask(deadline: time) { bound.value.answer(failure) }
  }

  private func answer(_ failure: LoginFailure) {
    guard context != nil, !isClosing else { return }
    session.loginFailed(failure, output: &state.output)
    run()
  }

  // MARK: Messages

  /// What the page cache holds is read here and now; anything else in the pool.
  private func open(_ message: Int, lines: Int?) {
    guard let mailbox else { return }
    if let file = mailbox.openMessageIfCached(message), let chunk = Transfer.Chunk(cached: file, at: 0) {
      return opened(file, chunk, lines: lines)
    }
    environment.files.runIfActive(eventLoop: state.loop) {
      try Transfer.Chunk.first(of: message, in: mailbox)
    }
    .assumeIsolated()
    .whenComplete { result in
      guard self.context != nil, !self.isClosing else { return }
      switch result {
      case .success(let (file, chunk)):
        self.opened(file, chunk, lines: lines)
      case .failure(let error):
        let vanished = (error as? StoreError)?.isVanished ?? false
        self.session.messageFailed(vanished ? .vanished : .temporary, output: &self.state.output)
      }
      self.run()
    }
  }

  private func opened(_ file: MessageFile, _ chunk: Transfer.Chunk, lines: Int?) {
    session.messageOpened(output: &state.output)
    transfer = Transfer(file: file, lines: lines)
    send(chunk)
  }

  private func readNextChunk() {
    guard let transfer else { return }
    let file = transfer.file
    let offset = transfer.offset
    if let chunk = Transfer.Chunk(cached: file, at: offset) { return send(chunk) }
    self.transfer?.isReading = true
    environment.files.runIfActive(eventLoop: state.loop) {
      try Transfer.Chunk(of: file, at: offset)
    }
    .assumeIsolated()
    .whenComplete { result in
      guard self.context != nil, !self.isClosing else { return }
      switch result {
      case .success(let chunk):
        self.send(chunk)
      case .failure:
        self.transfer = nil
        self.session.messageFailed(.temporary, output: &self.state.output)
      }
      self.run()
    }
  }

  private func send(_ chunk: Transfer.Chunk) {
    guard transfer?.encode(chunk, into: &state.output) == true else { return }
    if let transfer {
      record.bytes &+= transfer.octets
      if transfer.isWhole { record.retrieved += 1 }
    }
    transfer = nil
    session.messageSent()
  }

  // MARK: End

  /// RFC 1939 §6. Most sessions delete nothing and read nothing new; they need no other thread.
  private func update(_ marks: MessageMarks) {
    guard let mailbox, !(marks.deleted.isEmpty && marks.retrieved.isEmpty) else {
      releaseMailbox(nil)
      return session.updateFinished(.removed, output: &state.output)
    }
    isUpdating = true
    deadline = .distantFuture
    environment.files.runIfActive(eventLoop: state.loop) {
      // The lock is given up before the reply: a client may come back as soon as it has read it.
      defer { mailbox.close() }
      return mailbox.update(deleting: marks.deleted, seen: marks.retrieved)
    }
    .assumeIsolated()
    .whenComplete { result in
      let update = try? result.get()
      let isComplete = update.map { $0.firstError == nil } ?? false
      self.record.deleted = update?.removed ?? 0
      self.isUpdating = false
      self.deadline = self.state.loop.now + Self.closeTimeout
      self.session.updateFinished(isComplete ? .removed : .incomplete, output: &self.state.output)
      if self.context == nil {
        self.state.output.clear()
        self.finish(isComplete ? "quit" : "update_incomplete")
        self.leave()
      } else {
        self.run()
      }
    }
  }

  /// Gives up the mailbox's lock, after what was read has been marked as seen.
  private func releaseMailbox(_ marks: MessageMarks?) {
    guard let mailbox else { return }
    self.mailbox = nil
    guard let seen = marks?.retrieved, !seen.isEmpty else { return mailbox.close() }
    environment.files.submit { _ in
      _ = mailbox.update(deleting: [], seen: seen)
      mailbox.close()
    }
  }

  /// Gives back what the session holds and writes its line to the log, once.
  private func finish(_ outcome: String) {
    guard !isFinished else { return }
    isFinished = true
    releaseMailbox(session.marks)
    accessLog?.session(record, outcome: outcome, on: state.loop)
  }
}

extension TLSError {
  /// For the access log.
  fileprivate var outcome: String {
    switch self {
    case .outOfMemory: "tls_failed: out of memory"
    case .handshakeFailed(let error), .protocolFailed(let error): "tls_failed: \(error.reason)"
    case .handshakeTimedOut: "tls_failed: timeout"
    case .handshakeAborted: "tls_failed: aborted"
    case .notWritable: "tls_failed: closed"
    }
  }
}

extension CloseReason {
  /// For the access log.
  fileprivate var outcome: String {
    switch self {
    case .quit: "quit"
    case .updateIncomplete: "update_incomplete"
    case .loginAttempts: "too_many_login_attempts"
    case .badCommands: "too_many_bad_commands"
    case .messageTruncated: "message_truncated"
    case .interrupted(.idleTimeout): "idle_timeout"
    case .interrupted(.loginTimeout): "login_timeout"
    case .interrupted(.shutdown): "shutdown"
    case .interrupted(.kick): "kicked"
    }
  }
}
