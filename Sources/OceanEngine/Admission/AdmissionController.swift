import Glibc
import NIOCore
import OceanAccess
import OceanAddresses
import OceanBase
import OceanPlan

/// State about addresses that all services share: blocks and failed logins, connections, and logins that are
/// still to come.
///
/// It outlives plans, so that what is known of an address does.
final class AdmissionController: Sendable {
  private let addresses: AddressAdmission
  let failedGuesses: FailedGuesses
  let pendingLogins: PendingLogins

  /// Admission that counts for this machine alone.
  convenience init(_ plan: Plan) { self.init(plan, AddressAdmission(plan)) }

  init(_ plan: Plan, _ addresses: AddressAdmission) {
    let prefix = plan.server.limits.ipv6Prefix
    self.addresses = addresses
    failedGuesses = FailedGuesses(v6PrefixLength: prefix)
    pendingLogins = PendingLogins(v6PrefixLength: prefix)
  }

  var hammering: any AddressFailures { addresses.hammering }

  /// Decides about a client as soon as its address is known, and takes its places: in this order, and each
  /// only while there is one.
  ///
  /// - Parameters:
  ///   - channel: told if the client has to give way to another before it has logged in.
  ///   - isHealthCheck: whether the client is a proxy of the service that speaks for itself; rules are not
  ///     for it.
  ///   - isShort: whether another connection has to go for the descriptor that this one has.
  func admit(
    _ peer: IPAddress, on channel: any Channel, to service: Service, _ settings: ServiceSettings,
    isHealthCheck: Bool, isShort: Bool, at now: ClockReading
  ) throws(Refusal) -> Admission {
    let access = settings.access
    let connection = try addresses.admit(peer, access, isHealthCheck: isHealthCheck, at: now)
    if isShort { try takeDescriptor(for: peer) }
    let pool = PendingPool.service(ObjectIdentifier(service))
    // The place at the service comes first: a connection that gives way there makes room among those before
    // login as well.
    guard let place = take(for: peer, in: pool, { service.admit(limit: access.maxConnections) }) else {
      throw Refusal(reason: .maxConnections)
    }
    let login = take(for: peer, in: nil) {
      pendingLogins.admit(peer, to: pool, limit: access.limits.preloginConnections) {
        place.giveBack()
        channel.giveWay()
      }
    }
    guard let login else { throw Refusal(reason: .preloginConnections) }
    return Admission(place: place, connection: connection, pendingLogin: login)
  }

  /// Takes a place for a proxy's connection until it names its client. Others give way to it: its client is
  /// not known yet, so no network can be compared. The oldest of such connections give way.
  func admitUnnamed(
    from proxy: IPAddress, on channel: any Channel, limit: Int, isShort: Bool
  ) throws(Refusal) -> PendingLogins.Ticket {
    if isShort { try takeDescriptor(for: nil) }
    let ticket = take(for: nil, in: nil) {
      pendingLogins.admit(proxy, to: .unnamed, limit: limit) { channel.giveWay() }
    }
    guard let ticket else { throw Refusal(reason: .preloginConnections) }
    return ticket
  }

  /// Makes another connection close, so that its descriptor replaces the newcomer's.
  private func takeDescriptor(for peer: IPAddress?) throws(Refusal) {
    guard let giveWay = pendingLogins.makeRoom(for: peer, in: nil) else {
      throw Refusal(reason: .descriptors)
    }
    giveWay()
  }

  /// Returns what `place` gives. Where it gives nothing, others give way as long as there are some.
  private func take<Place>(
    for peer: IPAddress?, in pool: PendingPool?, _ place: () -> Place?
  ) -> Place? {
    while true {
      if let place = place() { return place }
      guard let giveWay = pendingLogins.makeRoom(for: peer, in: pool) else { return nil }
      giveWay()
    }
  }

  /// Makes the part of the decision that depends on no other connection: blocks and rules.
  func checkAddress(of peer: IPAddress, _ access: AccessPolicy, at now: ClockReading) throws(Refusal) {
    try addresses.check(peer, access, at: now)
  }

  /// Returns what is known of an address, for `ocean explain --live`.
  func state(of peer: IPAddress, for service: Service, at now: ClockReading) -> AddressState {
    let limits = service.settings.access.limits
    let pool = PendingPool.service(ObjectIdentifier(service))
    return AddressState(
      block: hammering.block(of: peer, at: now).map {
        AddressState.Block(until: Timestamp.text($0.until / 1_000_000_000), failures: $0.failures)
      },
      failures: hammering.failures(of: peer, at: now), connections: addresses.connections.count(of: peer),
      isTooFast: limits.connectionsPerMinute.map { addresses.isTooFast(peer, perMinute: $0, at: now) }
        ?? false,
      preloginConnections: pendingLogins.count, serviceConnections: service.sessionCount,
      preloginGivesWay: pendingLogins.hasGiver(for: peer, in: nil),
      serviceGivesWay: pendingLogins.hasGiver(for: peer, in: pool))
  }

  /// Frees what has ended.
  func sweep(at now: ClockReading) { addresses.sweep(at: now) }
}

/// The places that a connection holds. They are given back when it goes, in whatever way it does.
struct Admission: ~Copyable {
  let place: Service.SessionPermit
  let connection: ConnectionCounter.Ticket
  /// Given back already at the login.
  let pendingLogin: PendingLogins.Ticket
}

extension Channel {
  /// Tells a connection that has not logged in to end, as soon as its loop gets to it: another one has its
  /// place.
  fileprivate func giveWay() {
    eventLoop.execute { self.pipeline.fireUserInboundEventTriggered(MustGiveWay()) }
  }
}

/// Fired through the pipeline of a connection that gives its place to another.
struct MustGiveWay {}

extension Refusal {
  /// The outcome as the access log writes it.
  var outcome: String {
    switch reason {
    case .block: "blocked"
    case .whiteList, .blackList: "black_list"
    case .defaultAction: "ip_control_default"
    case .connectionRate: "connections_per_minute"
    case .connectionsPerIP: "connections_per_ip"
    case .preloginConnections: "prelogin_connections"
    case .maxConnections: "max_connections"
    case .descriptors: "open_files"
    }
  }

  /// The kind of line that the server's log has for it.
  var kind: LoginLog.Kind {
    switch reason {
    case .block, .whiteList, .blackList, .defaultAction: .refusedAddress
    case .connectionRate, .connectionsPerIP, .preloginConnections, .maxConnections, .descriptors:
      .refusedLimit
    }
  }

  /// What the client is told (RFC 3206 §4: worth another try later). Nil means nothing: not even that a
  /// server is here.
  var reply: StaticString? {
    switch reason {
    case .block, .whiteList, .blackList, .defaultAction: nil
    case .connectionRate, .connectionsPerIP:
      "-ERR [SYS/TEMP] too many connections from your address, try again later\r\n"
    case .preloginConnections, .maxConnections, .descriptors:
      "-ERR [SYS/TEMP] too many connections, try again later\r\n"
    }
  }
}

extension ClockReading {
  /// Combines a time of the loop's clock with the wall clock's present time.
  init(_ monotonic: NIODeadline) {
    self.init(monotonic: Int64(clamping: monotonic.uptimeNanoseconds), wall: SystemClock.wall.now)
  }

  static var now: ClockReading { ClockReading(.now()) }
}
