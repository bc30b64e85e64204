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
  static let inputLimit = 8 * 1024
  static let flushThreshold = 16 * 1024
  static let flushesPerTurn = 8
  /// How long a client may take to read the last reply.
  static let closeTimeout = TimeAmount.seconds(10)
  /// How long a pool may work for a client that has closed its side.
  static let halfClosedTimeout = TimeAmount.seconds(5)

  let id: UInt64
  let service: Service
  let environment: Environment
  let state: LoopState
  let limits: Plan.Limits
  var admission: Admission?
  /// Whether it is one of the service's proxies that speaks for itself: rules are not for it, and logins not for either.
  let isHealthCheck: Bool
  /// Whether failed logins here count against the client's address.
  let isHammeringCounted: Bool
  let accessLog: AccessLog?
  var record: AccessLog.Record

  var context: ChannelHandlerContext?
  var session: Session
  var input = ByteBuffer()
  var mailbox: Mailbox?
  var transfer: Transfer?
  var isRunning = false
  var isInputClosed = false
  var isReadSuppressed = false
  var isYielding = false
  /// Until the others have their turn. Not by the call of `run`: while the socket takes all, NIO calls it again and again
  /// without a look at other sockets.
  var flushesLeft = flushesPerTurn
  var handshake: Handshake
  /// What a pool does for it.
  var job: Job?
  /// Whether a wrong password is still to be answered.
  var isAnswerDue = false
  var isUpdating = false
  var isClosing = false
  var isLastReplySent = false
  var isFinished = false

  /// A pool's work for the session, which waits for it. Confined to the session's loop.
  final class Job {
    let cancellation = Cancellation(givingWay: FilePool.giveWay)
    /// What was put off until it has ended.
    var atEnd: (() -> Void)?
  }

  /// A TLS handshake that is under way; until it is done nothing can be said.
  enum Handshake {
    case none
    /// The greeting follows.
    case implicit
    /// RFC 2595 §4.
    case explicit
  }

  /// Where it stands among its loop's sessions; nil before it starts and after it has left.
  var position: Int?
  /// When the session is to be ended for want of traffic.
  var deadline: NIODeadline
  var lastTraffic: NIODeadline

  var isLoggedIn: Bool { mailbox != nil }

  init(
    service: Service, settings: ServiceSettings, admission: consuming Admission, environment: Environment,
    state: LoopState, record: AccessLog.Record, isHealthCheck: Bool, isTLSImplicit: Bool
  ) {
    id = environment.newSessionID()
    self.service = service
    self.environment = environment
    self.state = state
    self.admission = consume admission
    self.isHealthCheck = isHealthCheck
    isHammeringCounted = settings.access.isHammeringCounted && !isHealthCheck
    accessLog = settings.accessLog
    limits = settings.plan.limits
    handshake = isTLSImplicit ? .implicit : .none
    session = Session(
      policy: settings.policy(for: record.peer, isHealthCheck: isHealthCheck), isTLSActive: isTLSImplicit)
    let now = state.loop.now
    deadline = now + .seconds(Int64(limits.loginSeconds))
    lastTraffic = now
    self.record = record
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

  func start() {
    state.add(self)
    guard handshake == .none else { return }
    session.greet(into: &state.output)
    run()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    guard !isClosing else { return bytes.wipe() }
    if !isLoggedIn {
      input.append(wiping: bytes)
    } else if input.readableBytes == 0 {
      input = bytes
    } else {
      input.writeBuffer(&bytes)
    }
    extendDeadline()
    flushesLeft = Self.flushesPerTurn
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
      if !isYielding { run() }
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client may send everything it has to say and close its side; it still gets its replies.
    if let event = event as? ChannelEvent, event == .inputClosed {
      isInputClosed = true
      run()
      limitWaitingForNobody()
    } else if case .handshakeCompleted(let tls) = event as? TLSEvent {
      handshakeCompleted(tls)
    } else if event is MustGiveWay {
      giveWay()
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
    job?.cancellation.cancel()
    // A pool's work and UPDATE end the session when they do.
    if job == nil, !isUpdating { leave() }
  }

  /// The client is gone, and nothing is under way for it any more.
  ///
  /// Only now is its place free, and after a wrong password not before the answer would have come: who leaves at once must
  /// not get more guesses than others, nor more of the pools' threads.
  func leave() {
    finish("dropped")
    input.wipe()
    environment.noteConnection()
    if !isAnswerDue { admission = nil }
    state.remove(self)
  }
}

// MARK: - Deadlines

extension SessionHandler {
  func extendDeadline() {
    lastTraffic = state.loop.now
    if isLoggedIn { deadline = lastTraffic + .seconds(Int64(limits.idleSeconds)) }
  }

  /// A client that has closed its side and left nothing behind may wait for what a pool does now, or be gone: nobody can
  /// tell, but its mailbox must not be in use for as long as an idle client's.
  func limitWaitingForNobody() {
    guard isInputClosed, job != nil, input.readableBytes == 0 else { return }
    deadline = min(deadline, state.loop.now + Self.halfClosedTimeout)
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

// MARK: - Places

extension SessionHandler {
  /// Others needed its place, which is theirs already.
  func giveWay() {
    guard !isLoggedIn else { return }
    service.refused(at: state.loop.now)
    if !interrupt(.gaveWay) { context?.close(promise: nil) }
  }
}

// MARK: - Unwelcome addresses

extension SessionHandler {
  /// Whether the rules of its service as they are now would let the client in.
  var isStillAllowed: Bool {
    isHealthCheck || service.settings.access.decide(record.peer, isBlocked: false).isAllowed
  }

  /// Ends the session without a word; one that is removing messages is left to finish.
  func cutOff() {
    guard let context, !isUpdating else { return }
    releaseMailbox(session.marks)
    finish("blocked")
    state.output.clear()
    context.close(promise: nil)
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

extension TLSError {
  /// For the access log.
  var outcome: String {
    switch self {
    case .outOfMemory: "tls_failed: out of memory"
    case .handshakeFailed(let error), .protocolFailed(let error): "tls_failed: \(error.reason)"
    case .handshakeTimedOut: "tls_failed: timeout"
    case .helloTooLong: "tls_failed: ClientHello is too long"
    case .handshakeAborted: "tls_failed: aborted"
    case .notWritable: "tls_failed: closed"
    }
  }
}

extension CloseReason {
  /// For the access log.
  var outcome: String {
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
    case .interrupted(.gaveWay): "gave_way"
    }
  }
}
