import OceanAddresses
import OceanBase
import OceanPlan
import TestSupport
import Testing

@testable import OceanReplay

/// Compares the simulation, which is the server's own code, with a naive one.
@Suite struct ReplayModelTests {
  /// 2026-11-25T00:00:00Z, in milliseconds.
  private static let start: Int64 = 1_795_564_800_000

  private static func version(_ random: inout SeededGenerator) throws -> PlanVersion {
    try .serving { server, service in
      server.antiHammering.maxFailures = Int.random(in: 1...4, using: &random)
      server.antiHammering.forgetSeconds = Int.random(in: 20...200, using: &random)
      server.antiHammering.blockSeconds = Int.random(in: 20...200, using: &random)
      server.antiHammering.neverBlock = AddressSet()
      server.limits.connectionsPerIP = Int.random(in: 1...4, using: &random)
      service.limits.connections = Int.random(in: 4...10, using: &random)
    }
  }

  /// Visits of a few minutes. Their times differ, as a log cannot tell which of two events came first that
  /// have the same; and they are far enough from another that rounding does not matter.
  private static func visits(_ random: inout SeededGenerator) -> [NaiveServer.Visit] {
    var used: Set<Int64> = []
    func unique(_ time: Int64) -> Int64 {
      var time = time / 10 * 10
      while !used.insert(time).inserted { time += 10 }
      return time
    }
    return (0..<200).map { number in
      let start = unique(Int64.random(in: 0..<600_000, using: &random))
      // Most are short.
      let longest: Int64 = Int.random(in: 0..<5, using: &random) > 0 ? 20_000 : 300_000
      let times = (0...Int.random(in: 0...3, using: &random)).map { _ in
        start + Int64.random(in: 10...longest, using: &random)
      }
      let later = times.sorted().map(unique).sorted()
      return NaiveServer.Visit(
        number: number, client: Int.random(in: 1...6, using: &random), start: start,
        end: later[later.count - 1],
        failures: later.dropLast().map { ($0, Int.random(in: 0...3, using: &random)) })
    }
  }

  /// The log of a server that let everybody in.
  private static func log(_ visits: [NaiveServer.Visit]) -> [String] {
    func text(_ time: Int64) -> String { Timestamp.text(nanoseconds: (start + time) * 1_000_000) }
    var lines: [(time: Int64, line: String)] = []
    for visit in visits {
      let peer = "192.0.2.\(visit.client)"
      lines.append(
        (visit.end, logLine(at: text(visit.end), peer: peer, milliseconds: Int(visit.end - visit.start))))
      for failure in visit.failures {
        lines.append(
          (
            failure.time,
            logLine(
              "login_failed", at: text(failure.time), peer: peer, user: "u\(failure.user)",
              outcome: "wrong_credentials", milliseconds: Int(failure.time - visit.start))
          ))
      }
    }
    return lines.sorted { $0.time < $1.time }.map(\.line)
  }

  private static func replay(
    _ lines: [String], _ plan: PlanVersion, baseline: PlanVersion? = nil, window: Int = 1 << 20
  ) throws -> Replay {
    var replay = Replay(plan, baseline: baseline, window: window)
    for line in lines {
      replay.add(try Array(line.utf8).withUnsafeBytes { try replay.reader.event($0) })
    }
    replay.finish()
    return replay
  }

  private struct Refusals: Hashable {
    let client: String
    let obstacle: Obstacle?
  }

  private static func refusals(
    _ visits: [NaiveServer.Visit], _ server: NaiveServer, except other: NaiveServer? = nil
  ) -> [Refusals: Int] {
    visits.reduce(into: [:]) { counts, visit in
      guard let reason = server.refused[visit.number], other?.refused[visit.number] == nil else { return }
      counts[Refusals(client: "192.0.2.\(visit.client)", obstacle: .access(reason)), default: 0] += 1
    }
  }

  private static func refusals(_ replay: Replay) -> [Refusals: Int] {
    replay.affected.filter { !$0.isAllowed }.reduce(into: [:]) { counts, entry in
      counts[Refusals(client: "\(entry.peer)", obstacle: entry.outcome.obstacle), default: 0] +=
        entry.connections
    }
  }

  @Test(arguments: 0..<60) func `blocks and limits are exact where the log tells all`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let plan = try Self.version(&random)
    let visits = Self.visits(&random)
    var naive = NaiveServer(plan.plan)
    naive.run(visits)
    let replay = try Self.replay(Self.log(visits), plan)
    #expect(Self.refusals(replay) == Self.refusals(visits, naive))
    let blocked = Dictionary(
      uniqueKeysWithValues: naive.blocked.map { client, entry in
        (
          "192.0.2.\(client)",
          [
            Timestamp.text(nanoseconds: (Self.start + entry.first) * 1_000_000), "\(entry.count)",
            "\(entry.refusals)", "\(entry.ended)",
          ]
        )
      })
    let found = replay.newlyBlocked.map {
      ($0.prefix.short, [$0.first, "\($0.blocks)", "\($0.refusals)", "\($0.endedSessions)"])
    }
    #expect(Dictionary(uniqueKeysWithValues: found) == blocked)
    #expect(replay.lateLines == 0 && replay.connections == visits.count)
  }

  @Test(arguments: 60..<90) func `with a baseline both are simulated`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (old, new) = (try Self.version(&random), try Self.version(&random))
    let visits = Self.visits(&random)
    var (before, after) = (NaiveServer(old.plan), NaiveServer(new.plan))
    before.run(visits)
    after.run(visits)
    let replay = try Self.replay(Self.log(visits), new, baseline: old)
    #expect(Self.refusals(replay) == Self.refusals(visits, after, except: before))
    let allowed = visits.count { before.refused[$0.number] != nil && after.refused[$0.number] == nil }
    #expect(replay.affected.filter(\.isAllowed).reduce(0) { $0 + $1.connections } == allowed)
    #expect(replay.noLongerBlocked.count == before.blocked.keys.count { after.blocked[$0] == nil })
    #expect(try !Self.replay(Self.log(visits), new, baseline: new).isAnybodyAffected)
  }

  /// Lines wait for those of earlier sessions, but not for ever.
  @Test func `a small window is exact unless it says so`() throws {
    var (exact, late) = (0, 0)
    for seed in 0..<20 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let plan = try Self.version(&random)
      let visits = Self.visits(&random)
      var naive = NaiveServer(plan.plan)
      naive.run(visits)
      let replay = try Self.replay(Self.log(visits), plan, window: 64 << (seed % 4))
      guard replay.lateLines == 0 else {
        late += 1
        continue
      }
      exact += 1
      #expect(Self.refusals(replay) == Self.refusals(visits, naive))
    }
    #expect(late > 0 && exact + late == 20)
  }
}
