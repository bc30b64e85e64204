import NIOCore
import OceanAccess
import OceanAddresses
import OceanPlan
import OceanPOP3
import OceanTLS

/// A client that has connected, until it is let in or refused.
///
/// It holds nothing of a plan; each question is put to the plan in force, because a proxy may take seconds to
/// name its client.
struct IncomingConnection {
  let binding: ServiceBinding
  let environment: Environment
  let state: LoopState
  /// Where the connection comes from: the client, or a proxy.
  let peer: IPAddress
  let local: Endpoint

  /// Whether the client is refused for its address alone, without a byte; if so, the refusal is counted and
  /// logged.
  func isTurnedAway() -> Bool {
    let target = binding.target
    guard !target.settings.plan.proxyFrom.contains(peer) else { return false }
    do throws(Refusal) {
      try environment.admission.checkAddress(
        of: peer, target.settings.access, at: ClockReading(state.loop.now))
      return false
    } catch {
      count(error, record(peer, local, nil, target), target)
      return true
    }
  }

  /// Lets the client in, or tells it why not. A proxy of the service must first name the client.
  func receive(_ channel: any Channel) throws {
    environment.noteConnection()
    let target = binding.target
    let isShort = environment.descriptors.takeOne(for: channel)
    if isShort { environment.shortage.reached(at: state.loop.now) }
    if target.settings.plan.proxyFrom.contains(peer) {
      try awaitClient(channel, of: target, isShort: isShort)
    } else {
      try admit(peer, at: local, isShort: isShort, channel, to: target)
    }
  }

  /// Waits for a proxy to name its client. The proxy's connection counts before the client is known.
  private func awaitClient(_ channel: any Channel, of target: ServiceBinding.Target, isShort: Bool) throws {
    do {
      let place = try environment.admission.admitUnnamed(
        from: peer, on: channel, limit: target.settings.access.limits.preloginConnections,
        isShort: isShort)
      let timeout = TimeAmount.seconds(Int64(target.settings.plan.limits.handshakeSeconds))
      try channel.pipeline.syncOperations.addHandler(ProxyHandler(self, place, timeout: timeout))
    } catch let refusal as Refusal {
      count(refusal, record(peer, local, nil, target), target)
      channel.close(promise: nil)
    }
  }

  /// Lets in a client that the proxy forwards, or tells it why not.
  ///
  /// - Parameters:
  ///   - client: the client that rules, limits and logs see; an address like any other, even if it is the
  ///     proxy's own.
  ///   - local: the endpoint that the client connected to.
  func admit(_ client: IPAddress, at local: Endpoint, _ channel: any Channel) throws {
    try admit(client, at: local, by: peer, channel, to: binding.target)
  }

  /// Lets in the proxy, which speaks for itself.
  func admitHealthCheck(_ channel: any Channel) throws {
    try admit(peer, at: local, by: peer, isHealthCheck: true, channel, to: binding.target)
  }

  private func admit(
    _ client: IPAddress, at local: Endpoint, by proxy: IPAddress? = nil, isHealthCheck: Bool = false,
    isShort: Bool = false, _ channel: any Channel, to target: ServiceBinding.Target
  ) throws {
    let (service, settings, tls) = (target.service, target.settings, target.tls)
    let pipeline = channel.pipeline.syncOperations
    let contexts = tls == .implicit ? settings.contexts : nil
    // No plan has such a listener; should there be one, silence is safer than a password in clear text.
    if tls == .implicit, contexts == nil { return channel.close(promise: nil) }
    do {
      let admission = try environment.admission.admit(
        client, on: channel, to: service, settings, isHealthCheck: isHealthCheck,
        isShort: isShort, at: ClockReading(state.loop.now))
      state.counters.connected(to: service.name, implicitTLS: contexts != nil)
      if let contexts { try pipeline.addHandler(settings.tlsHandler(contexts)) }
      try pipeline.addHandler(
        SessionHandler(
          service: service, settings: settings, admission: admission, environment: environment, state: state,
          record: record(client, local, proxy, target), isHealthCheck: isHealthCheck,
          isTLSImplicit: contexts != nil))
    } catch let refusal as Refusal {
      count(refusal, record(client, local, proxy, target), target)
      // A reply over TLS would need a handshake first, and a limit is there to save just that.
      guard contexts == nil, let reply = refusal.reply else { return channel.close(promise: nil) }
      try pipeline.addHandler(RefusalHandler(reply))
    }
  }

  private func count(
    _ refusal: Refusal, _ record: @autoclosure () -> AccessLog.Record, _ target: ServiceBinding.Target
  ) {
    target.service.refused(at: state.loop.now)
    state.counters.refused(by: target.service.name, refusal.outcome)
    target.settings.log.refused(
      record(), refusal.kind, outcome: refusal.outcome,
      rule: target.settings.access.origin(of: refusal.reason)?.place.description, on: state.loop)
  }

  /// Why a proxy's connection was refused, for the access log.
  enum ProxyFailure: String {
    case noHeader = "no_proxy_header"
    /// The header names no client.
    case anonymous = "no_client_address"
    /// Its place went to another before the header came.
    case gaveWay = "gave_way"
  }

  /// Counts and logs that a proxy did not send the header that is required of it.
  func refuseProxy(_ failure: ProxyFailure) {
    let target = binding.target
    target.service.refused(at: state.loop.now)
    state.counters.refused(by: target.service.name, failure.rawValue)
    target.settings.log.refused(
      record(peer, local, nil, target), .refusedProxy, outcome: failure.rawValue, rule: nil, on: state.loop)
  }

  private func record(
    _ client: IPAddress, _ local: Endpoint, _ proxy: IPAddress?, _ target: ServiceBinding.Target
  ) -> AccessLog.Record {
    AccessLog.Record(
      service: target.service.name, peer: client, proxy: proxy, local: local, started: state.loop.now,
      plan: target.settings.digest)
  }
}

/// Says why a client is refused, and closes.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let reply: StaticString
  private var isDone = false

  init(_ reply: StaticString) { self.reply = reply }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { refuse(context) }
  }

  func channelActive(context: ChannelHandlerContext) { refuse(context) }

  private func refuse(_ context: ChannelHandlerContext) {
    guard !isDone else { return }
    isDone = true
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(staticString: reply)), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A client that sends a login without waiting for the greeting has sent a password.
    var bytes = unwrapInboundIn(data)
    bytes.wipe()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
