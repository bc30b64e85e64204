import NIOCore
import NIOPosix
import OceanAccess
import OceanPlan
import OceanPOP3
import OceanStore
import OceanTLS

extension SessionHandler {
  /// Not before the failures of the client's address allow it: more connections, or pipelining, gain nothing.
  func login(_ credentials: Credentials, _ context: ChannelHandlerContext) {
    // RFC 3206 §4: elsewhere, or later, the same may work.
    if service.isRetired { return answer(.temporary) }
    let wait =
      isHammeringCounted ? environment.gate.hammering.delay(for: record.peer, at: Moment(state.loop.now)) : 0
    guard wait > 0 else { return verify(credentials, context) }
    let bound = NIOLoopBound(self, eventLoop: state.loop)
    state.loop.scheduleTask(in: .nanoseconds(wait)) {
      let session = bound.value
      // Somebody else of the address may have failed meanwhile.
      if let context = session.context, !session.isClosing { session.login(credentials, context) }
    }
  }

  private func verify(_ credentials: Credentials, _ context: ChannelHandlerContext) {
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
        case .success(.failed(let failure, let name)):
          self.loginFailed(failure, name, credentials, since: started)
        case .failure: self.loginFailed(.temporary, credentials.user, credentials, since: started)
        }
        if self.context == nil { self.leave() }
      }
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
    self.mailbox = mailbox
    admission?.pendingLogin = nil
    record.user = identity.name
    extendDeadline()
    session.loginSucceeded(mailbox, output: &state.output)
    run()
  }

  /// A wrong password is answered late, at a time that tells nothing about the account, and one too many not at all.
  private func loginFailed(
    _ failure: LoginFailure, _ name: String, _ credentials: Credentials, since started: NIODeadline
  ) {
    accessLog?.loginFailed(record, user: name, failure: failure, on: state.loop)
    guard failure == .credentials else { return answer(failure) }
    if isHammeringCounted, environment.countFailure(of: record.peer, credentials, at: Moment(state.loop.now))
    {
      return cutOff()
    }
    let time = started + .milliseconds(Int64(limits.failureDelayMilliseconds))
    let bound = NIOLoopBound(self, eventLoop: state.loop)
    state.loop.scheduleTask(deadline: time) { bound.value.answer(failure) }
  }

  private func answer(_ failure: LoginFailure) {
    guard context != nil, !isClosing else { return }
    session.loginFailed(failure, output: &state.output)
    run()
  }
}
