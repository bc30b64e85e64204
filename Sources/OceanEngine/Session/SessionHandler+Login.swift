import NIOCore
import NIOPosix
import OceanAccess
import OceanPlan
import OceanPOP3
import OceanStore
import OceanTLS

extension SessionHandler {
  /// Not before the failures of the client's address allow it: more connections, or pipelining, gain nothing.
  func login(_ credentials: Credentials) {
    // RFC 3206 §4: elsewhere, or later, the same may work.
    if service.isRetired { return answer(.temporary) }
    let wait =
      isHammeringCounted ? environment.gate.hammering.delay(for: record.peer, at: Moment(state.loop.now)) : 0
    guard wait > 0 else { return verify(credentials) }
    let bound = NIOLoopBound(self, eventLoop: state.loop)
    state.loop.scheduleTask(in: .nanoseconds(wait)) {
      let session = bound.value
      // Somebody else of the address may have failed meanwhile.
      if session.context != nil, !session.isClosing { session.login(credentials) }
    }
  }

  private func verify(_ credentials: Credentials) {
    let settings = service.settings
    let started = state.loop.now
    let job = Job()
    self.job = job
    let (loop, bound) = (state.loop, NIOLoopBound(self, eventLoop: state.loop))
    let boundJob = NIOLoopBound(job, eventLoop: state.loop)
    Login(
      credentials: credentials, peer: record.peer, settings: settings, environment: environment,
      cancellation: job.cancellation,
      whenUnanswered: {
        loop.execute { bound.value.loginUnanswered(boundJob.value, credentials) }
      },
      done: { outcome in
        loop.execute { bound.value.loginEnded(outcome, of: boundJob.value, credentials, since: started) }
      }
    )
    .run()
  }

  /// The client is not kept waiting for a file system that does not answer: that is temporary, and it may come again. What
  /// hangs there goes on without it.
  private func loginUnanswered(_ job: Job, _ credentials: Credentials) {
    guard self.job === job else { return }
    job.cancellation.cancel()
    self.job = nil
    if context == nil { return leave() }
    accessLog?.loginFailed(record, user: credentials.user, failure: .temporary, on: state.loop)
    answer(.temporary)
  }

  private func loginEnded(
    _ outcome: LoginOutcome, of job: Job, _ credentials: Credentials, since started: NIODeadline
  ) {
    guard self.job === job else {
      if case .opened(let mailbox, _) = outcome { mailbox.close() }
      return
    }
    self.job = nil
    switch outcome {
    case .opened(let mailbox, let identity): loginSucceeded(mailbox, identity)
    case .failed(let failure, let name, let isCounted):
      loginFailed(failure, name, isCounted ? credentials : nil, since: started)
    case .abandoned: break
    }
    if context == nil { leave() }
  }

  private func loginSucceeded(_ mailbox: Mailbox, _ identity: Identity) {
    guard context != nil, !isClosing else { return mailbox.close() }
    // A guess among others that were on their way when the address was blocked.
    if isHammeringCounted,
      environment.gate.hammering.block(of: record.peer, at: Moment(state.loop.now)) != nil
    {
      mailbox.close()
      return cutOff()
    }
    // Its place went to another while the password was looked at.
    guard admission?.pendingLogin.giveBack() == true else {
      mailbox.close()
      return giveWay()
    }
    self.mailbox = mailbox
    record.user = identity.name
    extendDeadline()
    session.loginSucceeded(mailbox, output: &state.output)
    run()
  }

  /// A wrong password is answered late, at a time that tells nothing about the account, and one too many not at all.
  ///
  /// - Parameter guess: what counts against the client's address.
  private func loginFailed(
    _ failure: LoginFailure, _ name: String, _ guess: Credentials?, since started: NIODeadline
  ) {
    accessLog?.loginFailed(record, user: name, failure: failure, on: state.loop)
    guard failure == .credentials else { return answer(failure) }
    if isHammeringCounted, let guess,
      environment.countFailure(of: record.peer, guess, at: Moment(state.loop.now))
    {
      return cutOff()
    }
    let time = started + .milliseconds(Int64(limits.failureDelayMilliseconds))
    let bound = NIOLoopBound(self, eventLoop: state.loop)
    isAnswerDue = true
    state.loop.scheduleTask(deadline: time) { bound.value.answerIsDue(failure) }
  }

  private func answerIsDue(_ failure: LoginFailure) {
    isAnswerDue = false
    if context == nil { admission = nil } else { answer(failure) }
  }

  private func answer(_ failure: LoginFailure) {
    guard context != nil, !isClosing else { return }
    session.loginFailed(failure, output: &state.output)
    run()
  }
}
