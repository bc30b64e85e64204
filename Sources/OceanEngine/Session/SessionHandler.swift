import NIOCore
import NIOPosix
import OceanAccess
import OceanAddresses
import OceanBase
import OceanControlAPI
import OceanPlan
import OceanPOP3
import OceanStore
import OceanTLS

/// Carries out what a session's state machine asks for: reads, writes, jobs for the pools, the clock.
///
/// Everything is confined to the channel's event loop. The phase says where the session stands; input,
/// output, logins, messages, times and the log have a value each. Between commands it holds no buffer, no
/// timer and no descriptor but the socket.
final class SessionHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let id: UInt64
  let environment: Environment
  private let service: Service
  private let state: LoopState
  /// Whether the client is a proxy of the service that speaks for itself: neither rules nor logins are for
  /// it.
  private let isHealthCheck: Bool
  /// Its index among its loop's sessions, which the loop sets; nil before it starts and after it has left.
  var position: Int?

  private var context: ChannelHandlerContext?
  private var phase: SessionPhase
  private var session: Session
  private var input = SessionInput()
  private var turn = WritingTurn()
  private var isRunning = false
  private var login: SessionLogin
  private var mail = SessionMail()
  private var clock: SessionClock
  private var log: SessionLog
  private var counts: SessionCounts

  init(
    service: Service, settings: ServiceSettings, admission: consuming Admission, environment: Environment,
    state: LoopState, record: AccessLog.Record, isHealthCheck: Bool, isTLSImplicit: Bool
  ) {
    let limits = settings.plan.limits
    id = environment.newSessionID()
    self.service = service
    self.environment = environment
    self.state = state
    self.isHealthCheck = isHealthCheck
    phase = SessionPhase(isTLSImplicit: isTLSImplicit)
    session = Session(
      policy: settings.policy(for: record.peer, isHealthCheck: isHealthCheck), isTLSActive: isTLSImplicit)
    login = SessionLogin(
      admission, peer: record.peer, isHammeringCounted: settings.access.isHammeringCounted && !isHealthCheck,
      limits)
    clock = SessionClock(limits, at: state.loop.now)
    log = SessionLog(record, settings.log, environment.troubles)
    counts = SessionCounts(service: record.service)
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
    guard !phase.isHandshaking else { return }
    session.greet(into: &state.output)
    run()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    guard !phase.isClosing else { return bytes.wipe() }
    input.append(bytes, isSecret: !mail.isOpen)
    noteTraffic()
    turn.began()
    run()
  }

  func read(context: ChannelHandlerContext) {
    if input.mayRead(isClosing: phase.isClosing) { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      noteTraffic()
      if !turn.isYielding { run() }
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed {
      input.end()
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
    if let error = error as? TLSError {
      if phase.isHandshaking { state.counters.handshakeFailed() }
      finish(error.outcome)
    }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    context.fireChannelInactive()
    self.context = nil
    switch phase.disconnected() {
    case .leave: leave()
    case .cancel(let job): job.cancellation.cancel()
    case .stay: break
    }
  }
}

// MARK: - Running

extension SessionHandler {
  /// Executes what the client has sent until something has to be waited for.
  private func run() {
    // Writing may cause events that end up here again; the loop below sees what they changed.
    guard !isRunning, phase.isRunnable, let context else { return }
    isRunning = true
    defer { isRunning = false }

    loop: while context.channel.isWritable, phase.isRunnable {
      let start = state.output.writerIndex
      let action = input.next(of: &session, output: &state.output)
      if let command = session.executed {
        let reply = state.output.getInteger(at: start, as: UInt8.self)
        counts.executed(command, action, reply: reply, in: &state.counters)
      }
      switch action {
      case .proceed:
        break
      case .read:
        if input.isEnded { close(context) }
        break loop
      case .wait:
        // Only a message that is being sent goes on by itself.
        guard mail.isSending else { break loop }
        read(.next)
      case .login(let credentials):
        login(credentials)
      case .authenticate(let mechanism, let response):
        authenticate(mechanism, response)
      case .loginNeedsTLS(let user):
        noteNeedOfTLS(user)
      case .open(let message, let lines):
        read(.first(message: message, lines: lines, isLastTry: false))
      case .update(let marks):
        update(marks)
      case .startTLS:
        startTLS(context)
        break loop
      case .close(let reason):
        // The outcome is set before the client can see the end, and before closing would call the session
        // dropped.
        finish(reason.outcome)
        close(context)
        break loop
      }
      guard state.output.readableBytes >= WritingTurn.threshold else { continue }
      flush(context)
      // A client that reads as fast as we write must not keep the others waiting.
      guard turn.flushed() else { continue }
      if turn.yields() { state.yield(self) }
      break loop
    }
    flush(context)
    input.releaseIfEmpty()
    if !phase.isClosing, input.resumesReading() { context.read() }
    if phase.isLastReplySent { context.close(promise: nil) }
  }

  /// Goes on after `LoopState.yield`.
  func resume() {
    turn.resumed()
    run()
  }

  private func flush(_ context: ChannelHandlerContext) {
    guard state.output.readableBytes > 0 else { return }
    state.withOutput { context.writeAndFlush(wrapOutboundOut($0), promise: nil) }
  }
}

// MARK: - TLS

extension SessionHandler {
  /// Begins the handshake (RFC 2595 §4). The reply leaves in clear text; everything that arrives from now on
  /// is TLS.
  private func startTLS(_ context: ChannelHandlerContext) {
    flush(context)
    let settings = service.settings
    guard let contexts = settings.contexts else {
      // A plan without certificates came into force since the session was accepted.
      return context.close(promise: nil)
    }
    phase.handshakeBegan()
    do {
      try context.pipeline.syncOperations.addHandler(settings.tlsHandler(contexts), position: .before(self))
    } catch {
      context.close(promise: nil)
    }
  }

  private func handshakeCompleted(_ tls: TLSSession) {
    log.usesTLS(tls.version.description)
    state.counters.handshake(tls.version.short, isResumed: tls.isResumed)
    switch phase.handshakeCompleted() {
    case nil: return
    case .implicit: session.greet(into: &state.output)
    case .explicit: input.tlsEstablished(&session)
    }
    run()
  }
}

// MARK: - Login

extension SessionHandler {
  private func login(_ credentials: Credentials) {
    // RFC 3206 §4: elsewhere, or later, the same login may work.
    if service.isRetired { return refuse(.temporary) }
    guard let delay = login.delay(environment, at: state.loop.now) else { return verify(credentials) }
    let bound = NIOLoopBound(self, eventLoop: state.loop)
    state.loop.scheduleTask(in: delay) {
      // Another client of the address may have failed meanwhile.
      if bound.value.phase.isOpen { bound.value.login(credentials) }
    }
  }

  /// Takes a step of AUTH's mechanism.
  private func authenticate(_ mechanism: String?, _ response: SecretBytes?) {
    switch login.authenticate(mechanism, response) {
    case .challenge(let challenge): session.challenged(challenge, output: &state.output)
    case .malformed:
      counts.exchangeFailed(in: &state.counters)
      session.exchangeFailed(output: &state.output)
    case .password(let user, let password):
      session.exchangeCompleted()
      login(Credentials(user: user, password: password))
    }
  }

  /// Tells the administrator that a client tried to log in without TLS. No password was checked, so this is not
  /// a guess, and the client is told nothing that depends on the name.
  private func noteNeedOfTLS(_ user: String?) {
    log.loginNeedsTLS(user, on: state.loop)
    guard let user, environment.lastLogins.mayLookUp(at: state.loop.now) else { return }
    let (loop, log) = (state.loop, log)
    let search = service.settings.accounts.search(
      user, password: nil, service: serviceName, peer: peer)
    NameLookup(search: search, peer: peer, files: environment.files) { account in
      // As the client was then: it may have begun TLS since.
      loop.execute { log.accountNeedsTLS(account, on: loop) }
    }
    .run()
  }

  private func verify(_ credentials: Credentials) {
    guard let job = phase.jobBegan() else { return }
    let (loop, started) = (state.loop, state.loop.now)
    let (bound, boundJob) = (NIOLoopBound(self, eventLoop: loop), NIOLoopBound(job, eventLoop: loop))
    Login(
      credentials: credentials, peer: peer, settings: service.settings, environment: environment,
      cancellation: job.cancellation,
      whenUnanswered: {
        loop.execute { bound.value.loginUnanswered(boundJob.value, credentials) }
      },
      whenVerified: {
        loop.execute { bound.value.loginVerified(boundJob.value) }
      },
      done: { outcome in
        loop.execute { bound.value.loginEnded(outcome, of: boundJob.value, credentials, since: started) }
      }
    )
    .run()
  }

  /// Ends the wait for a file system that does not answer: that is temporary, and the client may come again.
  /// The work that hangs there goes on without it.
  private func loginUnanswered(_ job: SessionPhase.Job, _ credentials: Credentials) {
    let end = phase.jobEnded(job)
    guard end != .stale else { return }
    job.cancellation.cancel()
    if end == .leave { return leave() }
    log.loginFailed(credentials.user, account: nil, barred: nil, .temporary, on: state.loop)
    refuse(.temporary)
  }

  private func loginVerified(_ job: SessionPhase.Job) {
    guard phase.job === job else { return }
    clock.opens(at: state.loop.now)
    limitWaitingForNobody()
  }

  private func loginEnded(
    _ outcome: LoginOutcome, of job: SessionPhase.Job, _ credentials: Credentials, since started: NIODeadline
  ) {
    let end = phase.jobEnded(job)
    if end != .stale {
      state.counters.loginTook(nanoseconds: (state.loop.now - started).nanoseconds)
    }
    switch outcome {
    case .opened(let mailbox, let identity, let app):
      if end == .goOn {
        take(login.opened(mailbox, identity, app: app, environment, at: state.loop.now))
      } else {
        mailbox.leave()
      }
    case .failed(let failure, let name, let account, let barred, let isCounted) where end != .stale:
      log.loginFailed(name, account: account, barred: barred, failure, on: state.loop)
      counts.loginFailed(failure, in: &state.counters)
      let guess = isCounted ? credentials : nil
      take(
        login.failed(
          failure, guess, since: started, environment, in: &state.counters, at: state.loop.now))
    case .failed, .abandoned: break
    }
    if end == .leave { leave() }
  }

  private func take(_ step: SessionLogin.Step) {
    switch step {
    case .enter(let mailbox, let identity, let app):
      mail.open(mailbox)
      log.loggedIn(identity.name, app: app, on: state.loop)
      counts.loggedIn(in: &state.counters)
      noteTraffic()
      session.loginSucceeded(mailbox, output: &state.output)
      run()
    case .answer(let failure):
      answer(failure)
    case .answerLate(let failure, let time):
      phase.answerPutOff()
      let bound = NIOLoopBound(self, eventLoop: state.loop)
      state.loop.scheduleTask(deadline: time) { bound.value.answerIsDue(failure) }
    case .cutOff: cutOff()
    case .giveWay: giveWay()
    }
  }

  private func answerIsDue(_ failure: LoginFailure) {
    switch phase.answerFellDue() {
    case .goOn: answer(failure)
    case .leave: login.leave()
    case .tooLate, .stale: break
    }
  }

  /// Answers a login that was not looked into.
  private func refuse(_ failure: LoginFailure) {
    counts.loginFailed(failure, in: &state.counters)
    answer(failure)
  }

  private func answer(_ failure: LoginFailure) {
    guard phase.isOpen else { return }
    session.loginFailed(failure, output: &state.output)
    run()
  }
}

// MARK: - Messages

extension SessionHandler {
  private func read(_ wanted: SessionMail.Wanted) {
    switch mail.read(wanted) {
    case nil: break
    case .piece(let piece): take(.success(piece), of: wanted)
    case .pool(let mailbox, let work):
      guard let job = phase.jobBegan() else { return }
      limitWaitingForNobody()
      environment.files.run(for: mailbox, cancellation: job.cancellation, on: state.loop) {
        [cancellation = job.cancellation] in
        try work(cancellation)
      }
      .assumeIsolated()
      .whenComplete { result in
        let end = self.phase.jobEnded(job)
        job.atEnd?()
        if end == .leave { self.leave() }
        guard end == .goOn else { return }
        self.noteTraffic()
        self.take(result, of: wanted)
        self.run()
      }
    }
  }

  private func take(_ result: Result<SessionMail.Piece, any Error>, of wanted: SessionMail.Wanted) {
    switch mail.take(result, of: wanted, &session, output: &state.output) {
    case .partly: break
    case .sent(let octets, let isWhole):
      log.sent(octets: octets, isWhole: isWhole)
      counts.sent(octets: octets, isWhole: isWhole, in: &state.counters)
    case .tryLater(let wanted): readLater(wanted)
    case .failed(let failure, let error, let reason):
      log.unsent(error, reason: reason)
      counts.unsent(in: &state.counters)
      session.messageFailed(failure, output: &state.output)
    }
  }

  /// Reads a message later, when another program that is changing it may be done. This is worth waiting for:
  /// clients do not try again by themselves.
  private func readLater(_ wanted: SessionMail.Wanted) {
    let bound = NIOLoopBound((self, wanted), eventLoop: state.loop)
    // The clock of file times advances in ticks.
    state.loop.scheduleTask(in: .nanoseconds(Mailbox.settlingTime) + .milliseconds(50)) {
      let (session, wanted) = bound.value
      guard session.phase.isOpen else { return }
      session.read(wanted)
      session.run()
    }
  }

  /// Removes the marked messages (RFC 1939 §6).
  private func update(_ marks: MessageMarks) {
    guard let removal = mail.update(marks, in: environment.files, on: state.loop) else {
      counts.updated(nil, of: 0, in: &state.counters)
      return session.updateFinished(.removed, output: &state.output)
    }
    phase.updateBegan()
    clock.stop()
    removal.assumeIsolated().whenComplete { result in
      let outcome = self.log.updated(result)
      self.counts.updated(result, of: marks.deleted.count, in: &self.state.counters)
      self.clock.closes(at: self.state.loop.now)
      switch self.phase.updateEnded() {
      case .goOn:
        self.session.updateFinished(outcome, output: &self.state.output)
        self.run()
      case .leave:
        self.finish(outcome == .removed ? "quit" : "update_incomplete")
        self.leave()
      case .tooLate, .stale: break
      }
    }
  }
}

// MARK: - End

extension SessionHandler {
  /// Gives back the mailbox and writes the session's line to the log, once.
  private func finish(_ outcome: String) {
    guard !log.isFinished else { return }
    mail.release(session.marks, after: phase.job, in: environment.files)
    log.finish(outcome, on: state.loop)
  }

  /// Closes once everything written has left.
  private func close(_ context: ChannelHandlerContext) {
    phase.closed()
    // Commands behind the end may hold a password.
    input.wipe()
    clock.closes(at: state.loop.now)
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      self.phase.lastReplySent()
      // As a rule this happens right here, in the middle of `run`, which then closes.
      if !self.isRunning { self.context?.close(promise: nil) }
    }
    state.withOutput {
      context.write(wrapOutboundOut($0), promise: promise)
      if log.record.tls != nil { context.triggerUserOutboundEvent(TLSRequest.endOutput, promise: nil) }
      context.flush()
    }
  }

  /// Closes at once, without a word.
  private func drop(_ context: ChannelHandlerContext, _ outcome: String) {
    finish(outcome)
    phase.closed()
    input.wipe()
    state.output.clear()
    context.close(promise: nil)
  }

  /// Ends a session whose client is gone and for which nothing is under way any more.
  ///
  /// Only now is its place free, and after a wrong password not before the answer would have come: a client
  /// that leaves at once must not get more guesses than others, nor more of the pools' threads.
  private func leave() {
    finish("dropped")
    input.wipe()
    environment.noteConnection()
    if !phase.isAnswerDue { login.leave() }
    state.remove(self)
  }

  /// Ends the session from outside. A session that is removing messages, or ends already, may finish.
  ///
  /// - Returns: whether it ends because of this.
  @discardableResult
  func interrupt(_ interruption: Interruption) -> Bool {
    guard let context, !phase.isUpdating, !phase.isClosing else { return false }
    // The session's marks are gone once it is interrupted.
    mail.release(session.marks, after: phase.job, in: environment.files)
    session.interrupt(interruption, output: &state.output)
    if context.channel.isWritable, phase.isRunnable {
      run()
    } else {
      drop(context, CloseReason.interrupted(interruption).outcome)
    }
    return true
  }

  /// Ends the session without a word; a session that is removing messages may finish.
  func cutOff() {
    guard let context, !phase.isUpdating else { return }
    drop(context, "blocked")
  }

  /// Ends the session because others needed its place, which is already theirs.
  private func giveWay() {
    guard !mail.isOpen else { return }
    service.refused(at: state.loop.now)
    counts.refused(IncomingConnection.ProxyFailure.gaveWay.rawValue, in: &state.counters)
    if !interrupt(.gaveWay) { context?.close(promise: nil) }
  }
}

// MARK: - Deadlines

extension SessionHandler {
  private func noteTraffic() {
    clock.traffic(at: state.loop.now, isLoggedIn: mail.isOpen)
  }

  private func limitWaitingForNobody() {
    guard input.isEnded, input.isEmpty, phase.job != nil else { return }
    clock.mayBeAlone(at: state.loop.now)
  }

  /// Ends the session if its time is over; to be called about once a second.
  func checkDeadline(at now: NIODeadline) {
    guard clock.isOver(at: now) else { return }
    if phase.isClosing {
      // The last reply does not get through: the client does not read.
      context?.close(promise: nil)
    } else {
      interrupt(mail.isOpen ? .idleTimeout : .loginTimeout)
    }
  }
}

// MARK: - What others see

extension SessionHandler {
  var peer: IPAddress { log.record.peer }
  var serviceName: String { log.record.service }
  var isLoggedIn: Bool { mail.isOpen }
  /// Whether failed logins here count against the client's address.
  var isHammeringCounted: Bool { login.isHammeringCounted }

  /// Whether its client could come back the way it came.
  func couldComeBack(by decisions: PlanDecisions) -> Bool {
    isHealthCheck || decisions.outcome(of: PastConnection(log.record), isPortKept: true)?.obstacle == nil
  }

  var kind: SessionInfo.State {
    if phase.isUpdating { return .update }
    if phase.isClosing { return .closing }
    return mail.isOpen ? .transaction : .authorization
  }

  func snapshot(at now: NIODeadline) -> SessionSnapshot {
    SessionSnapshot(
      id: id, state: kind, record: log.record, age: now - log.record.started, idle: now - clock.lastTraffic)
  }

  var began: NIODeadline { log.record.started }

  func isPart(of selection: SessionSelection) -> Bool {
    selection.contains(id: id, user: log.record.user, peer: peer)
  }
}
