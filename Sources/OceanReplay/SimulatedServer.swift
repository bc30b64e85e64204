import OceanAccess
import OceanAddresses
import OceanBase
import OceanPlan

/// A server with some plan as the clients of a log would find it: its blocks, counts and decisions are made
/// by the server's own code (``AddressAdmission``), and its time is that of the log.
///
/// A log has no passwords. The same wrong password for the same user counts once, so this counts each user of
/// an address once: as many failures as there certainly were. `strict` counts every failure, which is the
/// most there can have been.
struct SimulatedServer {
  /// The decision about a connection, as far as it depends on no other one. There are many: numbers are small.
  struct Judgement {
    private let outcomeNumber: Int32
    private let serviceNumber: Int32

    init(outcome: Int?, service: Int?) {
      outcomeNumber = outcome.map { Int32(truncatingIfNeeded: $0) } ?? -1
      serviceNumber = service.map { Int32(truncatingIfNeeded: $0) } ?? -1
    }

    /// The number of the outcome; nil if it cannot be known which service the connection comes to.
    var outcome: Int? { outcomeNumber < 0 ? nil : Int(outcomeNumber) }
    /// The number of the service that admits it; nil if it is not admitted by any.
    var service: Int? { serviceNumber < 0 ? nil : Int(serviceNumber) }
  }

  struct BlockedPrefix {
    /// In milliseconds since 1970.
    let first: Int64
    var count = 0
    var failures = 0
    var endedSessions = 0
    var refusals = 0
  }

  private struct RunningService {
    let name: String
    let policy: AccessPolicy
    var sessions = 0
  }

  let decisions: PlanDecisions
  let blockSeconds: Int
  private let v6PrefixLength: Int
  private let addresses: AddressAdmission
  private let strict: AntiHammering
  private let samePassword = SecretBytes(copying: [])

  private var services: [RunningService] = []
  private var serviceNumbers: [String: Int] = [:]
  private(set) var outcomes: [PlanDecisions.Outcome] = []
  private var outcomeNumbers: [PlanDecisions.Outcome: Int] = [:]
  /// One for each different connection, by its number.
  private var judgements: [Judgement] = []

  private var live = LiveSessions()
  /// When the connections end that were refused here and not in the log: failures that they have there do not
  /// happen. By client and start.
  private var missing: [Int: [(start: Int64, end: Int64)]] = [:]
  /// When the newest session of each client has ended.
  private var latestEnds: [Int64] = []
  private var nextSweep = Int64.min
  /// Addresses that failed to log in at least once.
  private(set) var failed: Set<IPPrefix> = []
  private(set) var blocked: [IPPrefix: BlockedPrefix] = [:]
  /// Addresses that were blocked by the strict count.
  private(set) var strictlyBlocked: Set<IPPrefix> = []
  /// How many failures may have been the same wrong password again.
  private(set) var repeatedFailures = 0
  /// How many connections found their service full. Others that had not logged in may have given way to them.
  private(set) var fullRefusals = 0
  /// How many connections were let in because another had ended in the same moment, as far as the log's times
  /// tell.
  private(set) var closeDecisions = 0

  init(_ version: PlanVersion, after before: Plan?) {
    decisions = PlanDecisions(version, after: before)
    let plan = version.plan
    blockSeconds = plan.server.antiHammering.blockSeconds
    v6PrefixLength = plan.server.limits.ipv6Prefix
    addresses = AddressAdmission(plan)
    strict = AntiHammering(plan.hammeringLimits, v6PrefixLength: v6PrefixLength)
  }

  func prefix(of address: IPAddress) -> IPPrefix {
    IPPrefix(address, length: address.family == .v4 ? 32 : v6PrefixLength)
  }

  /// Whether the address is blocked if each of its failures was a new guess.
  func isStrictlyBlocked(_ address: IPAddress, at time: Int64) -> Bool {
    strict.block(of: address, at: ClockReading(milliseconds: time)) != nil
  }

  // MARK: - Decisions

  /// Judges a connection of which there may be many; the next number is its own.
  mutating func learn(_ connection: PastConnection) { judgements.append(judge(connection)) }

  private mutating func judge(_ connection: PastConnection) -> Judgement {
    guard let outcome = decisions.outcome(of: connection) else {
      return Judgement(outcome: nil, service: nil)
    }
    let number = number(of: outcome)
    switch outcome.obstacle {
    case .disabled, .unreachable, .isProxy, .notAProxy: return Judgement(outcome: number, service: nil)
    case nil, .access, .needsTLS, .noTLS, .oldTLS:
      return Judgement(outcome: number, service: outcome.service.flatMap { self.service($0) })
    }
  }

  private mutating func service(_ name: String) -> Int? {
    if let number = serviceNumbers[name] { return number }
    guard let service = decisions.service(name) else { return nil }
    services.append(RunningService(name: name, policy: service.policy))
    serviceNumbers[name] = services.count - 1
    return services.count - 1
  }

  private mutating func number(of outcome: PlanDecisions.Outcome) -> Int {
    if let number = outcomeNumbers[outcome] { return number }
    outcomes.append(outcome)
    outcomeNumbers[outcome] = outcomes.count - 1
    return outcomes.count - 1
  }

  /// Prepares for an event soon: what it is decided by comes into the processor's caches.
  func prefetch(_ event: LogEvent) {
    judgements.prefetch(event.connection)
    latestEnds.prefetch(event.client)
  }

  // MARK: - Time

  /// Ends the sessions that have ended when an event happens.
  ///
  /// Times are cut off at the millisecond, or the second, and a start is the difference of two of them. So
  /// what ends within that has ended: a client that comes again at once is not refused.
  private mutating func advance(to time: Int64, for event: LogEvent) {
    while let session = live.removeFirst(endedBy: time + event.tolerance) {
      services[session.service].sessions -= 1
      if session.client >= latestEnds.count {
        latestEnds += repeatElement(.min, count: max(session.client + 1 - latestEnds.count, latestEnds.count))
      }
      latestEnds[session.client] = session.end
    }
    // Nothing depends on this but memory. The server does it every minute.
    guard time >= nextSweep else { return }
    nextSweep = time + 600_000
    addresses.sweep(at: ClockReading(milliseconds: time))
    strict.sweep(at: ClockReading(milliseconds: time))
    missing = missing.compactMapValues { connections in
      let rest = connections.filter { $0.end >= time }
      return rest.isEmpty ? nil : rest
    }
  }

  // MARK: - Events

  /// Decides about a connection, and lets it in if it may come in.
  ///
  /// - Returns: the number of the outcome; nil if it cannot be known.
  mutating func arrive(_ event: LogEvent, from peer: IPAddress, at now: Int64) -> Int? {
    advance(to: now, for: event)
    let judgement = judgements[event.connection]
    let end = event.kind.isSession ? max(event.time, now) : now
    guard let service = judgement.service else { return judgement.outcome }
    let isHealthCheck = event.kind == .healthCheck
    let reason: Decision.Reason
    do throws(Refusal) {
      let ticket = try addresses.admit(
        peer, services[service].policy, isHealthCheck: isHealthCheck, at: ClockReading(milliseconds: now))
      if services[service].sessions < services[service].policy.maxConnections {
        let place = LiveSessions.Place(ticket)
        noteAdmission(event, peer, service, at: now)
        guard end > now else { return judgement.outcome }
        services[service].sessions += 1
        live.add(
          LiveSessions.Session(
            start: event.start, end: end, client: event.client, peer: peer, service: service, place: place))
        return judgement.outcome
      }
      reason = .maxConnections
    } catch {
      reason = error.reason
    }
    switch reason {
    // What is decided by the address alone is known already.
    case .whiteList, .blackList, .defaultAction: return judgement.outcome
    case .block:
      if let block = addresses.hammering.block(of: peer, at: ClockReading(milliseconds: now)) {
        blocked[block.prefix]?.refusals += 1
      }
    case .maxConnections: fullRefusals += 1
    case .connectionsPerIP, .connectionRate, .preloginConnections, .descriptors: break
    }
    miss(event, end)
    return number(of: PlanDecisions.Outcome(service: services[service].name, refused: reason))
  }

  /// Remembers that a connection is refused here until it ends in the log.
  private mutating func miss(_ event: LogEvent, _ end: Int64) {
    guard event.kind.isSession, end > event.start else { return }
    missing[event.client, default: []].append((event.start, end))
  }

  private mutating func noteAdmission(_ event: LogEvent, _ peer: IPAddress, _ service: Int, at now: Int64) {
    guard event.client < latestEnds.count, latestEnds[event.client] >= now - event.tolerance,
      addresses.connections.count(of: peer) >= services[service].policy.connectionLimit(for: peer)
    else { return }
    closeDecisions += 1
  }

  /// Counts a failed login, and ends the sessions of an address that it blocks.
  mutating func fail(_ event: LogEvent, from peer: IPAddress, at now: Int64) {
    advance(to: now, for: event)
    let judgement = judgements[event.connection]
    guard let number = judgement.outcome, outcomes[number].obstacle == nil, let service = judgement.service,
      services[service].policy.isHammeringCounted, !isMissing(event)
    else { return }
    let clock = ClockReading(milliseconds: now)
    failed.insert(prefix(of: peer))
    let user = withUnsafeBytes(of: event.user ?? 0) { Array($0) }
    if case .blocked(let block, true) = strict.failed(peer, user: user, password: nil, at: clock) {
      strictlyBlocked.insert(block.prefix)
    }
    switch addresses.hammering.failed(peer, user: user, password: samePassword, at: clock) {
    case .repeated: repeatedFailures += 1
    case .blocked(let block, true):
      var entry = blocked[block.prefix] ?? BlockedPrefix(first: now)
      entry.count += 1
      entry.failures = block.failures
      entry.endedSessions += cutOff(block.prefix, peer)
      blocked[block.prefix] = entry
    case .counted, .blocked, .exempt: break
    }
  }

  /// Whether the failure happened in a connection that is not let in here.
  private func isMissing(_ event: LogEvent) -> Bool {
    missing[event.client]?.contains {
      abs($0.start - event.start) <= 2 * event.tolerance && $0.end >= event.time
    } ?? false
  }

  /// - Returns: how many sessions end that would have gone on.
  private mutating func cutOff(_ prefix: IPPrefix, _ peer: IPAddress) -> Int {
    guard addresses.connections.count(of: peer) > 0 else { return 0 }
    let ended = live.remove { prefix.contains($0.peer) }
    for session in ended {
      services[session.service].sessions -= 1
      missing[session.client, default: []].append((session.start, session.end))
    }
    return ended.count
  }
}

extension ClockReading {
  /// A time of a log: nobody has set its clock.
  init(milliseconds: Int64) {
    let (value, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    let time = overflow ? (milliseconds < 0 ? Int64.min / 2 : Int64.max / 2) : value
    self.init(monotonic: time, wall: time)
  }
}
