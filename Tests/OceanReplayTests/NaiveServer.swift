import OceanPlan

/// The rules of blocks and limits as docs/access.md has them, with lists in place of tables. Times are in
/// milliseconds.
struct NaiveServer {
  struct Visit {
    /// Where it is among all; later ones come later in the log.
    let number: Int
    let client: Int
    let start: Int64
    let end: Int64
    /// Failed logins in it: when, and the user.
    let failures: [(time: Int64, user: Int)]
  }

  struct Blocked: Equatable {
    var first: Int64
    var count: Int
    var refusals = 0
    var ended = 0
  }

  let maxFailures: Int
  let forgetAfter: Int64
  let blockFor: Int64
  let perAddress: Int
  let perService: Int

  private(set) var refused: [Int: Decision.Reason] = [:]
  private(set) var blocked: [Int: Blocked] = [:]

  init(_ plan: Plan) {
    maxFailures = plan.server.antiHammering.maxFailures
    forgetAfter = Int64(plan.server.antiHammering.forgetSeconds) * 1000
    blockFor = Int64(plan.server.antiHammering.blockSeconds) * 1000
    perAddress = plan.server.limits.connectionsPerIP
    perService = plan.services[0].limits.connections
  }

  mutating func run(_ visits: [Visit]) {
    enum Event {
      case arrival(Visit)
      case failure(Visit, user: Int)
    }
    var events: [(time: Int64, event: Event)] = visits.map { ($0.start, .arrival($0)) }
    for visit in visits {
      for failure in visit.failures { events.append((failure.time, .failure(visit, user: failure.user))) }
    }
    events.sort { $0.time < $1.time }
    var open: [Visit] = []
    var counts: [Int: (count: Int, users: [Int], last: Int64)] = [:]
    var blockedUntil: [Int: Int64] = [:]
    for (now, event) in events {
      open.removeAll { $0.end <= now }
      switch event {
      case .arrival(let visit):
        if blockedUntil[visit.client] ?? .min > now {
          refused[visit.number] = .block
          blocked[visit.client]?.refusals += 1
        } else if open.count(where: { $0.client == visit.client }) >= perAddress {
          refused[visit.number] = .connectionsPerIP
        } else if open.count >= perService {
          refused[visit.number] = .maxConnections
        } else {
          open.append(visit)
        }
      case .failure(let visit, let user):
        // A connection that is not open has no logins.
        guard open.contains(where: { $0.number == visit.number }) else { continue }
        var count = counts[visit.client] ?? (0, [], .min)
        if count.count > 0, count.last + forgetAfter <= now { count = (0, [], .min) }
        guard !count.users.contains(user) else { continue }
        if count.users.count < maxFailures { count.users.append(user) }
        count.count += 1
        count.last = now
        counts[visit.client] = count
        guard count.count > maxFailures else { continue }
        blockedUntil[visit.client] = now + blockFor
        var entry = blocked[visit.client] ?? Blocked(first: now, count: 0)
        entry.count += 1
        entry.ended += open.count { $0.client == visit.client && $0.end > now + 1 }
        blocked[visit.client] = entry
        open.removeAll { $0.client == visit.client }
      }
    }
  }
}
