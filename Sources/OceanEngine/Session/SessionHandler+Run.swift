import NIOCore
import NIOPosix
import OceanAccess
import OceanPlan
import OceanPOP3
import OceanStore
import OceanTLS

extension SessionHandler {
  /// Executes what is in `input` until something has to be waited for.
  func run() {
    // Writing may bring events that end up here again; the loop below sees what they changed.
    guard !isRunning, !isClosing, handshake == .none, let context else { return }
    isRunning = true
    defer { isRunning = false }

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
        login(credentials)
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
      flushesLeft -= 1
      if flushesLeft <= 0 {
        // A client that reads as fast as we write must not keep the others waiting.
        state.yield(self)
        break loop
      }
    }
    flush(context)
    if input.readableBytes == 0 { input = ByteBuffer() }
    resumeReading(context)
    if isLastReplySent { context.close(promise: nil) }
  }

  /// After `LoopState.yield`.
  func resume() {
    isYielding = false
    flushesLeft = Self.flushesPerTurn
    run()
  }

  func flush(_ context: ChannelHandlerContext) {
    guard state.output.readableBytes > 0 else { return }
    withOutput { context.writeAndFlush(wrapOutboundOut($0), promise: nil) }
  }

  /// Hands on what the session has to say.
  private func withOutput(_ body: (ByteBuffer) -> Void) {
    // Writing may bring events that end up in `run`: they must not find it again.
    var output = ByteBuffer()
    swap(&output, &state.output)
    body(output)
    output.clear()
    if state.output.readableBytes == 0 { state.output = output }
  }

  func resumeReading(_ context: ChannelHandlerContext) {
    if isReadSuppressed, !isClosing, input.readableBytes <= Self.inputLimit {
      isReadSuppressed = false
      context.read()
    }
  }

  /// Closes once everything written has left.
  func close(_ context: ChannelHandlerContext) {
    isClosing = true
    // Commands behind the end, among which may be a password.
    input.wipe()
    deadline = state.loop.now + Self.closeTimeout
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      self.isLastReplySent = true
      // As a rule that is right here, in the middle of `run`, which closes then.
      if !self.isRunning { self.context?.close(promise: nil) }
    }
    withOutput {
      context.write(wrapOutboundOut($0), promise: promise)
      if record.tls != nil { context.triggerUserOutboundEvent(TLSRequest.endOutput, promise: nil) }
      context.flush()
    }
  }

  // MARK: TLS

  /// RFC 2595 §4. The reply leaves in clear text; whatever arrives from now on is TLS.
  func startTLS(_ context: ChannelHandlerContext) {
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

  func handshakeCompleted(_ tls: TLSSession) {
    record.tls = tls.version.description
    switch handshake {
    case .none: return
    case .implicit: session.greet(into: &state.output)
    case .explicit: session.tlsEstablished(discarding: &input)
    }
    handshake = .none
    run()
  }
}
