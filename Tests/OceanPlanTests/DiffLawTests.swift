import OceanAddresses
import OceanBase
import OceanPlan
import TestSupport
import Testing

/// What is true of the differences of any plans, whatever is in them.
@Suite struct DiffLawTests {
  private static let aims: [Attempt.Aim] =
    [.connect, .plaintextLogin] + TLSVersion.allCases.map { .tlsLogin($0) }

  /// The clients of a plan with one service.
  private struct Sample {
    let version: PlanVersion
    let service: Plan.Service

    init(_ random: inout SeededGenerator) throws {
      var plan = try #require(Plan.example)
      service = try Plan.Service.random(&random)
      plan.services = [service]
      version = try PlanVersion(plan, Provenance())
    }

    func clients(_ aim: Attempt.Aim) -> AddressSet { WayIn(service).clients(aim) }
  }

  private static func access(_ old: Sample, _ new: Sample) throws -> (
    connect: AccessDifference, plaintext: AccessDifference?
  ) {
    let diff = PlanDiff(from: old.version, to: new.version)
    return (try #require(diff.access.first), diff.plaintextLogins.first)
  }

  @Test(arguments: 0..<200) func `backwards, gains and losses change places`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (a, b) = (try Sample(&random), try Sample(&random))
    let (there, back) = (try Self.access(a, b), try Self.access(b, a))
    #expect(there.connect.newlyAllowed == back.connect.newlyRefused)
    #expect(there.connect.newlyRefused == back.connect.newlyAllowed)
    #expect(there.plaintext?.newlyAllowed ?? AddressSet() == back.plaintext?.newlyRefused ?? AddressSet())
    #expect(there.plaintext?.newlyRefused ?? AddressSet() == back.plaintext?.newlyAllowed ?? AddressSet())
    #expect(there.connect.byReach == back.connect.byReach)
  }

  /// Proxies aside: of those, a difference says what happens if another proxy names them.
  @Test(arguments: 0..<200) func `two steps do together what one step does`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (a, b, c) = (try Sample(&random), try Sample(&random), try Sample(&random))
    let proxies = [a, b, c].reduce(AddressSet()) { $0.union($1.service.proxyFrom) }
    let (first, second, both) = (
      try Self.access(a, b).connect, try Self.access(b, c).connect, try Self.access(a, c).connect
    )
    let gained = first.newlyAllowed.subtracting(second.newlyRefused)
      .union(second.newlyAllowed.subtracting(first.newlyRefused))
    let lost = first.newlyRefused.subtracting(second.newlyAllowed)
      .union(second.newlyRefused.subtracting(first.newlyAllowed))
    #expect(both.newlyAllowed.subtracting(proxies) == gained.subtracting(proxies))
    #expect(both.newlyRefused.subtracting(proxies) == lost.subtracting(proxies))
  }

  /// Plans that differ little, so that claims are true now and then.
  @Test(arguments: 0..<400) func `what is proved is true of the sets`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let a = try Sample(&random)
    var plan = a.version.plan
    let other = try Plan.Service.random(&random)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: plan.services[0].plaintextLogin = other.plaintextLogin
    case 1: plan.services[0].ipControl = other.ipControl
    case 2: plan.services[0].proxyFrom = other.proxyFrom
    case 3: plan.services[0].enabled = other.enabled
    case 4:
      plan.services[0].listeners = other.listeners.filter { $0.tls == .none || plan.services[0].tls != nil }
    case 5: plan.services[0].name = "another"
    default: plan.services[0].tls = other.tls ?? plan.services[0].tls
    }
    let diff = try PlanDiff(from: a.version, to: PlanVersion(plan, Provenance()))
    for claim in Claim.allCases where diff.witness(against: claim) == nil {
      for aim in Self.aims {
        let (before, after) = (a.clients(aim), WayIn(plan.services[0]).clients(aim))
        let isKept = claim == .noEffect ? before == after : after.isSubset(of: before)
        #expect(isKept, "\(claim) \(aim) \(a.service) \(plan.services[0])")
      }
    }
  }
}
