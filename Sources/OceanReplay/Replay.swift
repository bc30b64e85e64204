import OceanAccess
package import OceanAddresses
import OceanBase
package import OceanPlan

/// Judges the connections of an access log by another plan.
///
/// Each connection is judged as the log says that it was made: at the same endpoint, through the same proxy,
/// with the same TLS, and with a login if there was one. Blocks and limits follow from failed logins and from
/// when sessions began and ended: a server with the plan is simulated.
///
/// A session's line is written at its end, so lines wait until those of earlier sessions have come: `window`
/// lines at most. Memory goes with that number, and with the addresses, users and endpoints of the log.
package struct Replay: Sendable {
  /// Connections of one address to one service that the new plan treats differently.
  package struct Affected: Sendable, Hashable {
    package let service: String
    package let peer: IPAddress
    package let connections: Int
    /// The time of the newest; RFC 3339.
    package let last: String
    /// The users that logged in.
    package let users: Set<String>
    /// What the new plan decides about them.
    package let outcome: PlanDecisions.Outcome
    /// The place of what decides: the rule or, if no rule does, the setting. Nil for a default that nobody
    /// wrote.
    package let place: Provenance.Origin?

    package var isAllowed: Bool { outcome.obstacle == nil }
  }

  /// An address, or IPv6 prefix, that is blocked by one plan and not by the other, or at other times.
  package struct Blocked: Sendable, Hashable {
    package let prefix: IPPrefix
    /// When its first block began; RFC 3339.
    package let first: String
    package let blocks: Int
    /// The failures that led to the last block.
    package let failures: Int
    /// The connections that it made while it was blocked.
    package let refusals: Int
    /// The sessions that its blocks end.
    package let endedSessions: Int
  }

  private struct Key: Hashable {
    let client: Int
    /// The number of the service in the log.
    let service: Int
    let outcome: Int
  }

  private struct Group {
    var connections = 0
    var last = Int64.min
    var users: Set<UInt32> = []

    mutating func add(_ event: LogEvent) {
      connections += 1
      last = max(last, event.time)
      if event.kind.isSession, let user = event.user { users.insert(user) }
    }
  }

  /// What is known of a client of the log.
  private struct ClientState {
    let address: IPAddress
    /// Whether it is counted among the addresses.
    var isCounted = false
  }

  /// What the log's lines are read with.
  package var reader = LogReader()
  /// How many events before its turn an event is fetched from memory, and what is known of its client.
  private static let (lead, shortLead) = (24, 12)

  /// So few events may be copied.
  private static let fewEvents = 1 << 12

  private let window: Int
  private let provenance: Provenance
  private var old: SimulatedServer?
  private var new: SimulatedServer
  /// Events that are not judged yet, as others may have happened before.
  private var waiting: [LogEvent] = []
  private var clock = Int64.min
  /// How many connections both servers know.
  private var knownConnections = 0
  private var groups: [Key: Group] = [:]
  private var clients: [ClientState] = []
  /// The addresses that were blocked according to the log.
  private var blockedInLog: Set<IPPrefix> = []

  /// How many connections were judged.
  package private(set) var connections = 0
  /// How many addresses they came from.
  package private(set) var addresses = 0
  /// How many of them the new plan refuses, or keeps from logging in, that were let in before.
  package private(set) var refusals = 0
  /// How many connections were refused for reasons that the log does not tell all about: limits before login,
  /// descriptors, a missing PROXY header.
  package private(set) var unjudged = 0
  /// How many connections were refused by blocks whose failures are not in the log.
  package private(set) var unexplainedBlocks = 0
  /// How many connections came through a proxy to a service that the plan does not have under that name.
  package private(set) var unknown = 0
  /// How many lines are about something else: failed logins, which belong to sessions, and health checks of
  /// proxies.
  package private(set) var otherLines = 0
  /// How many lines have events that this version does not know.
  package private(set) var unknownEvents = 0
  /// How many sessions have lines that do not say for how long they were open.
  package private(set) var withoutDuration = 0
  /// How many events came after others had been judged that happened later.
  package private(set) var lateLines = 0
  /// The times of the first and the last line, in milliseconds since 1970.
  package private(set) var period: ClosedRange<Int64>?

  /// - Parameters:
  ///   - baseline: the plan to compare with; nil takes what was done according to the log.
  ///   - window: how many lines may wait.
  package init(_ plan: PlanVersion, baseline: PlanVersion?, window: Int = 1 << 20) {
    new = SimulatedServer(plan, after: baseline?.plan)
    provenance = plan.provenance
    old = baseline.map { SimulatedServer($0, after: nil) }
    self.window = max(window, 2)
  }

  // MARK: - Events

  package mutating func add(_ event: LogEvent) {
    period =
      period.map { min($0.lowerBound, event.time)...max($0.upperBound, event.time) } ?? event
      .time...event.time
    switch event.kind {
    case .unexplainedRefusal: return unjudged += 1
    case .unknown: return unknownEvents += 1
    case .other: return otherLines += 1
    case .failedLogin, .healthCheck: otherLines += 1
    case .session, .blockedSession, .refusedByRule, .refusedByBlock, .refusedByLimit: break
    }
    if event.kind.isSession, !event.hasDuration { withoutDuration += 1 }
    while knownConnections <= event.connection { learn() }
    // All at once: growing would copy what is there again and again.
    if waiting.count == Self.fewEvents { waiting.reserveCapacity(window) }
    waiting.append(event)
    if waiting.count >= window { judge(window / 2) }
  }

  /// Judges what still waits; to be called after the last line.
  package mutating func finish() { judge(waiting.count) }

  private mutating func judge(_ count: Int) {
    clients += reader.clients[clients.count...].map { ClientState(address: $0) }
    let order = waiting.placesByMoment
    for index in 0..<count {
      if index + Self.lead < count { waiting.prefetch(Int(order[index + Self.lead])) }
      if index + Self.shortLead < count {
        let event = waiting[Int(order[index + Self.shortLead])]
        clients.prefetch(event.client)
        new.prefetch(event)
        old?.prefetch(event)
      }
      judge(waiting[Int(order[index])])
    }
    let rest = order[count...].map { waiting[Int($0)] }
    waiting.removeAll(keepingCapacity: true)
    waiting += rest
  }

  private mutating func judge(_ event: LogEvent) {
    if event.moment < clock { lateLines += 1 }
    clock = max(clock, event.moment)
    let peer = clients[event.client].address
    switch event.kind {
    case .failedLogin:
      new.fail(event, from: peer, at: clock)
      old?.fail(event, from: peer, at: clock)
    case .healthCheck:
      _ = new.arrive(event, from: peer, at: clock)
      _ = old?.arrive(event, from: peer, at: clock)
    default: compare(event, from: peer)
    }
  }

  /// Lets both servers know the next connection.
  private mutating func learn() {
    let connection = reader.connection(knownConnections)
    new.learn(connection)
    old?.learn(connection)
    knownConnections += 1
  }

  private mutating func compare(_ event: LogEvent, from peer: IPAddress) {
    let number = new.arrive(event, from: peer, at: clock)
    let before = old?.arrive(event, from: peer, at: clock)
    if event.kind == .blockedSession || event.kind == .refusedByBlock {
      blockedInLog.insert(new.prefix(of: peer))
    }
    if !clients[event.client].isCounted {
      clients[event.client].isCounted = true
      addresses += 1
    }
    guard let number else { return unknown += 1 }
    let isAllowed = new.outcomes[number].obstacle == nil
    var wasAllowed = event.kind.isSession
    if let before, let outcomes = old?.outcomes {
      wasAllowed = outcomes[before].obstacle == nil
    } else if event.kind == .refusedByBlock, isAllowed,
      !new.failed.contains(new.prefix(of: peer)) || new.isStrictlyBlocked(peer, at: clock)
    {
      return unexplainedBlocks += 1
    }
    connections += 1
    guard wasAllowed != isAllowed else { return }
    if !isAllowed { refusals += 1 }
    let key = Key(client: event.client, service: reader.service(of: event.connection), outcome: number)
    groups[key, default: Group()].add(event)
  }

  // MARK: - Results

  /// The differences. Clients that would be refused come first, then those with the most connections.
  package var affected: [Affected] {
    groups.map { key, group in
      Rank(
        isAllowed: new.outcomes[key.outcome].obstacle == nil, connections: group.connections,
        peer: reader.clients[key.client], key: key)
    }
    .sorted()
    .compactMap { rank in
      guard let group = groups[rank.key] else { return nil }
      let outcome = new.outcomes[rank.key.outcome]
      return Affected(
        service: reader.service(rank.key.service), peer: rank.peer, connections: group.connections,
        last: Timestamp.text(milliseconds: group.last), users: Set(group.users.map { reader.user($0) }),
        outcome: outcome, place: new.decisions.place(of: outcome, provenance))
    }
  }

  /// The place of a group among the differences. There may be very many.
  private struct Rank: Comparable {
    let isAllowed: Bool
    let connections: Int
    let peer: IPAddress
    let key: Key

    static func < (a: Rank, b: Rank) -> Bool {
      if a.isAllowed != b.isAllowed { return b.isAllowed }
      if a.connections != b.connections { return a.connections > b.connections }
      if a.peer != b.peer { return a.peer < b.peer }
      // Otherwise equal ones have one order too, whatever the order of a dictionary is.
      return (a.key.service, a.key.outcome) < (b.key.service, b.key.outcome)
    }
  }

  /// The addresses that the new plan blocks and that were not blocked before, or at other times.
  package var newlyBlocked: [Blocked] {
    blocked(new) { prefix, entry in
      guard let old else { return !blockedInLog.contains(prefix) }
      return old.blocked[prefix].map { $0.first == entry.first && $0.count == entry.count } != true
    }
  }

  /// The addresses that were blocked before and would not be. Those of a log are among them only if their
  /// failures are in it.
  package var noLongerBlocked: [IPPrefix] {
    let before =
      old.map { Set($0.blocked.keys) }
      ?? blockedInLog.intersection(new.failed).subtracting(new.strictlyBlocked)
    return before.filter { new.blocked[$0] == nil }.sorted()
  }

  /// How many addresses the new plan may block besides: if they tried another password each time.
  package var perhapsBlocked: Int {
    new.strictlyBlocked.subtracting(new.blocked.keys).subtracting(old?.strictlyBlocked ?? blockedInLog).count
  }

  private func blocked(
    _ server: SimulatedServer, where isDifferent: (IPPrefix, SimulatedServer.BlockedPrefix) -> Bool
  ) -> [Blocked] {
    server.blocked.filter { isDifferent($0.key, $0.value) }
      .sorted { ($0.value.first, $0.key) < ($1.value.first, $1.key) }
      .map { prefix, entry in
        Blocked(
          prefix: prefix, first: Timestamp.text(milliseconds: entry.first), blocks: entry.count,
          failures: entry.failures, refusals: entry.refusals, endedSessions: entry.endedSessions)
      }
  }

  /// How long a block of the new plan lasts, in seconds.
  package var blockSeconds: Int { new.blockSeconds }

  /// How many failures may have been the same wrong password again, which counts once.
  package var repeatedFailures: Int { new.repeatedFailures }

  /// How many connections found their service full.
  package var fullRefusals: Int { new.fullRefusals }

  /// How many connections were let in because another had ended in the same moment, as far as the log's times
  /// tell.
  package var closeDecisions: Int { new.closeDecisions }

  /// Whether the plans treat somebody differently, as far as the log tells.
  package var isAnybodyAffected: Bool {
    !groups.isEmpty || !newlyBlocked.isEmpty || !noLongerBlocked.isEmpty
  }
}

extension Timestamp {
  fileprivate static func text(milliseconds: Int64) -> String {
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? text(milliseconds / 1000) : text(nanoseconds: nanoseconds)
  }
}
