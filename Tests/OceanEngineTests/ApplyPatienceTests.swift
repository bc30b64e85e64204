import OceanAddresses
import Logging
import OceanPlan
import TestSupport
import Testing

@testable import OceanEngine

/// A change with long lists takes seconds, and keeps nobody waiting who asks something else of the engine: it may be told
/// to stop.
@Suite struct ApplyPatienceTests {
  private static func file(_ networks: Range<UInt32>, state: String) throws -> PlanFile {
    let addresses = AddressSet(
      networks.map { AddressPattern(IPPrefix(IPAddress(v4: 0x0b00_0000 + $0 * 512), length: 24)) })
    let service = Plan.Service(
      name: "pop3", listeners: [], limits: .init(), accounts: [], plaintextLogin: .all, tls: nil,
      ipControl: .init(
        defaultAction: .allow, blackList: .init(enabled: true, addresses: addresses),
        whiteList: .init(enabled: true, addresses: AddressSet())))
    let plan = Plan(
      server: .init(hostname: "mail.example.org", state: state), log: .init(access: nil), accounts: [],
      mail: .init(maildir: try MailTemplate(parsing: "/nowhere/{user}")), services: [service])
    return try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: PlanRules())
  }

  @Test func `the engine answers meanwhile`() async throws {
    let temporary = try TemporaryDirectory()
    let engine = try Engine(loops: 1, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let first = try Self.file(0..<10, state: temporary.path)
    _ = try await engine.apply(first, identities: [:], expecting: nil)
    let second = try Self.file(0..<20_000, state: temporary.path)
    let clock = ContinuousClock()
    let start = clock.now
    let apply = Task {
      _ = try await engine.apply(second, identities: [:], expecting: first.digest)
      return clock.now
    }
    var longest = Duration.zero
    while await engine.runningDigest != second.digest {
      let asked = clock.now
      _ = await engine.sessionCount
      longest = max(longest, asked.duration(to: clock.now))
      await Task.yield()
    }
    let whole = start.duration(to: try await apply.value)
    #expect(longest < whole / 2, "an answer took \(longest) of \(whole)")
    await engine.drain()
    await engine.shutdown()
    withExtendedLifetime(temporary) {}
  }
}
