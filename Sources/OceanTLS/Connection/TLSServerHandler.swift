package import NIOCore

/// TLS for the server's side of a channel: ciphertext towards the network, plaintext towards the session.
///
/// It may be added while the connection is being set up (implicit TLS) or in the middle of it, right behind
/// the flushed reply to STLS (RFC 2595 §4); everything that arrives afterwards is TLS.
///
/// - The handshake runs by itself, reads included, and ends with `TLSEvent.handshakeCompleted` or an error.
///   Writes before that fail.
/// - Plaintext is delivered for as much ciphertext as the session's own reads brought in. With autoRead off
///   nothing is decrypted unasked, and nothing more is read before that is consumed. Nothing is read while
///   the channel is not writable.
/// - Ciphertext is coalesced until a flush, in buffers of up to 64 KiB. Full ones are passed on at once, so
///   that they count for the channel's writability.
/// - Closing sends close_notify and does not wait for the peer's, which RFC 8446 §6.1 permits. A session that
///   knows its last reply says so with `TLSRequest.endOutput`: then both leave in one segment.
/// - An error is fired once, after the alert that it causes was flushed; then the channel is closed.
package final class TLSServerHandler: ChannelDuplexHandler {
  package typealias InboundIn = ByteBuffer
  package typealias InboundOut = ByteBuffer
  package typealias OutboundIn = ByteBuffer
  package typealias OutboundOut = ByteBuffer

  private enum State {
    /// The channel is not active yet.
    case idle
    case handshaking
    case active
    case closed
  }

  private let contexts: TLSContextSet
  private let handshakeTimeout: TimeAmount
  private var state = State.idle
  /// Made when there is a whole ClientHello: a client that connects and gets no further costs no more than
  /// what it sent.
  private var connection: TLSConnection?
  /// The part of a ClientHello that has come.
  private var hello = ByteBuffer()
  private var gate = HelloGate()
  private var timer: Scheduled<Void>?

  /// Whether the session wants plaintext that it was not given yet.
  private var isReadWanted = false
  /// Whether reading waits until the client reads what is on its way to it.
  private var isReadHeld = false
  /// Whether this read cycle has delivered plaintext.
  private var hasDelivered = false
  /// Whether `decrypt` is running; its loop serves a read from within.
  private var isDecrypting = false
  private var isInputClosed = false
  private var isOutputClosed = false
  /// The promise of the writes whose ciphertext was not passed on yet.
  private var writePromise: EventLoopPromise<Void>?

  /// - Parameters:
  ///   - contexts: the contexts that this connection uses, whatever is reloaded meanwhile.
  ///   - handshakeTimeout: the time from here to the end of the handshake.
  package init(contexts: TLSContextSet, handshakeTimeout: TimeAmount) {
    self.contexts = contexts
    self.handshakeTimeout = handshakeTimeout
  }

  /// The channel binding `tls-exporter` (RFC 9266), for SCRAM-PLUS; nil before the end of the handshake and
  /// where it would not be unique. Only on the channel's event loop.
  package var exporterBinding: [UInt8]? {
    state == .active ? connection?.exporterBinding : nil
  }
}

// MARK: - Life

extension TLSServerHandler {
  package func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { start(context) }
  }

  package func handlerRemoved(context: ChannelHandlerContext) {
    end()
  }

  package func channelActive(context: ChannelHandlerContext) {
    start(context)
    context.fireChannelActive()
  }

  package func channelInactive(context: ChannelHandlerContext) {
    let before = state
    let hadInput = hasInput
    end()
    switch before {
    case .handshaking where hadInput: context.fireErrorCaught(TLSError.handshakeAborted)
    case .active: closeInput(context, clean: false)
    case .idle, .handshaking, .closed: break
    }
    context.fireChannelInactive()
  }

  private func start(_ context: ChannelHandlerContext) {
    guard state == .idle else { return }
    state = .handshaking
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: handshakeTimeout) {
      if self.state == .handshaking { self.fail(context, .handshakeTimedOut) }
    }
    context.read()
  }

  private var hasInput: Bool { connection != nil || hello.readableBytes > 0 }

  private func end() {
    state = .closed
    hello = ByteBuffer()
    timer?.cancel()
    timer = nil
    connection = nil
    writePromise?.fail(ChannelError.ioOnClosedChannel)
    writePromise = nil
  }

  /// Sends the alert, fires the error, and closes.
  private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
    guard state != .closed else { return }
    flushOutput(context)
    end()
    context.fireErrorCaught(error)
    context.close(promise: nil)
  }

  private func closeInput(_ context: ChannelHandlerContext, clean: Bool) {
    guard !isInputClosed else { return }
    isInputClosed = true
    context.fireUserInboundEventTriggered(TLSEvent.inputClosed(clean: clean))
  }
}

// MARK: - Inbound

extension TLSServerHandler {
  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let ciphertext = unwrapInboundIn(data)
    guard state == .handshaking || state == .active, !isInputClosed else { return }
    guard let connection else { return receiveHello(ciphertext, context) }
    if state == .handshaking, connection.mayTakeHello, gate.look(at: ciphertext) == .tooLong {
      return fail(context, .helloTooLong)
    }
    connection.receive(ciphertext)
    if state == .handshaking { handshake(context, connection) }
    if state == .active, isReadWanted || hasDelivered { decrypt(context, connection) }
  }

  private func receiveHello(_ ciphertext: ByteBuffer, _ context: ChannelHandlerContext) {
    if hello.readableBytes == 0 { hello = ciphertext } else { hello.writeImmutableBuffer(ciphertext) }
    switch gate.look(at: ciphertext) {
    case .incomplete: return
    case .tooLong: return fail(context, .helloTooLong)
    case .complete: connection = TLSConnection(contexts: contexts)
    }
    guard let connection else { return fail(context, .outOfMemory) }
    connection.receive(hello)
    hello = ByteBuffer()
    handshake(context, connection)
    if state == .active, isReadWanted || hasDelivered { decrypt(context, connection) }
  }

  package func channelReadComplete(context: ChannelHandlerContext) {
    if hasDelivered {
      hasDelivered = false
      context.fireChannelReadComplete()
    } else if state == .handshaking || (state == .active && isReadWanted) {
      // The cycle brought no plaintext: the session still waits for what it asked for.
      readCiphertext(context)
    }
    // Some output belongs to no write of the session, for example the answer to an attempt at renegotiation.
    if connection?.hasOutput == true { flushOutput(context) }
  }

  package func read(context: ChannelHandlerContext) {
    isReadWanted = true
    guard !isDecrypting, state == .active, let connection, connection.hasInput else {
      return readCiphertext(context)
    }
    // This ciphertext came, unasked, in one segment with the end of the handshake.
    decrypt(context, connection)
    guard hasDelivered else { return readCiphertext(context) }
    hasDelivered = false
    context.fireChannelReadComplete()
    // Nobody repeats this read if the channel reads by itself.
    if (try? context.channel.syncOptions?.getOption(.autoRead)) == true { readCiphertext(context) }
  }

  /// Reads, unless the channel is not writable. libssl answers some messages, such as requests for new keys,
  /// without the session's knowledge. A client that does not read these answers is not read either.
  private func readCiphertext(_ context: ChannelHandlerContext) {
    isReadHeld = !context.channel.isWritable
    if !isReadHeld { context.read() }
  }

  package func channelWritabilityChanged(context: ChannelHandlerContext) {
    if isReadHeld { readCiphertext(context) }
    context.fireChannelWritabilityChanged()
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed {
      if state == .active { closeInput(context, clean: false) }
      // Nothing can come any more that would end the handshake.
      if state == .handshaking {
        return hasInput ? fail(context, .handshakeAborted) : context.close(promise: nil)
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  private func handshake(_ context: ChannelHandlerContext, _ connection: TLSConnection) {
    let progress = connection.handshake()
    switch progress {
    case .incomplete:
      flushOutput(context)
    case .complete:
      state = .active
      timer?.cancel()
      timer = nil
      // The session's greeting, if it has one, leaves in one segment with the ticket.
      context.fireUserInboundEventTriggered(TLSEvent.handshakeCompleted(connection.session))
      if connection.hasOutput { flushOutput(context) }
    case .closed:
      fail(context, .handshakeAborted)
    case .failed(let error):
      fail(context, .handshakeFailed(error))
    }
  }

  /// Delivers all plaintext of the ciphertext at hand. The session may write, read or close from within.
  private func decrypt(_ context: ChannelHandlerContext, _ connection: TLSConnection) {
    guard !isDecrypting else { return }
    isDecrypting = true
    defer { isDecrypting = false }
    while state == .active, !isInputClosed, connection.hasInput {
      var plaintext = Self.allocator.buffer(capacity: connection.expectedPlaintext)
      let progress = connection.read(into: &plaintext)
      if plaintext.readableBytes > 0 {
        if !hasDelivered { isReadWanted = false }
        hasDelivered = true
        context.fireChannelRead(wrapInboundOut(plaintext))
      }
      switch progress {
      case .complete: continue
      case .incomplete: return
      case .closed: return receiveCloseNotify(context)
      case .failed(let error): return fail(context, .protocolFailed(error))
      }
    }
  }

  private static let allocator = ByteBufferAllocator()

  /// Handles close_notify, which is to TLS what FIN is to TCP, in the same way: the channel closes, unless it
  /// was asked to leave the other direction open.
  private func receiveCloseNotify(_ context: ChannelHandlerContext) {
    guard state == .active else { return }
    closeInput(context, clean: true)
    if (try? context.channel.syncOptions?.getOption(.allowRemoteHalfClosure)) == true {
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    } else {
      close(context: context, mode: .all, promise: nil)
    }
  }
}

// MARK: - Outbound

extension TLSServerHandler {
  package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var plaintext = unwrapOutboundIn(data)
    guard state == .active, !isOutputClosed, let connection else {
      promise?.fail(TLSError.notWritable)
      return
    }
    while true {
      switch connection.write(&plaintext) {
      case .complete where plaintext.readableBytes == 0:
        add(promise)
        return
      case .complete, .incomplete:
        passOutput(context, connection)
      case .closed:
        promise?.fail(TLSError.notWritable)
        return
      case .failed(let error):
        promise?.fail(TLSError.protocolFailed(error))
        return fail(context, .protocolFailed(error))
      }
    }
  }

  package func flush(context: ChannelHandlerContext) {
    flushOutput(context)
  }

  package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode != .input, endOutput() { flushOutput(context) }
    if mode == .all { end() }
    context.close(mode: mode, promise: promise)
  }

  package func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard event as? TLSRequest == .endOutput else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    _ = endOutput()
    promise?.succeed()
  }

  /// - Returns: whether close_notify waits for a flush now.
  private func endOutput() -> Bool {
    guard state == .active, !isOutputClosed else { return false }
    isOutputClosed = true
    connection?.shutdown()
    return true
  }

  private func flushOutput(_ context: ChannelHandlerContext) {
    if let connection, connection.hasOutput || writePromise != nil { passOutput(context, connection) }
    context.flush()
  }

  private func passOutput(_ context: ChannelHandlerContext, _ connection: TLSConnection) {
    let promise = writePromise
    writePromise = nil
    context.write(wrapOutboundOut(connection.takeOutput()), promise: promise)
  }

  private func add(_ promise: EventLoopPromise<Void>?) {
    guard let promise else { return }
    if let writePromise {
      writePromise.futureResult.cascade(to: promise)
    } else {
      writePromise = promise
    }
  }
}

@available(*, unavailable)
extension TLSServerHandler: Sendable {}
