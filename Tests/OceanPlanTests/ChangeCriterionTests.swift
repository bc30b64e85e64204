import OceanPlan
import Testing

/// Tests what `--fail-on` and `--only` take, and how they judge.
@Suite struct ChangeCriterionTests {
  private let plan: Plan

  init() throws { plan = try #require(Plan.example) }

  private func verdict(
    failOn: String? = nil, only: String? = nil, _ change: (inout Plan) -> Void
  ) throws -> ChangeVerdict {
    var after = plan
    change(&after)
    let diff = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(after, Provenance()))
    return diff.verdict(
      failOn: try failOn.map { try #require(ChangeCriterion($0)) },
      only: try only.map { try #require(ChangeCriterion(classes: $0)) })
  }

  private func weaken(_ plan: inout Plan) { plan.server.antiHammering.maxFailures += 1 }
  private func strengthen(_ plan: inout Plan) { plan.server.antiHammering.maxFailures -= 1 }

  @Test(arguments: [
    "", ",", "limit", "limits, tls", "limits,nonsense", "weakened,", "Weakened", "strengthened",
  ])
  func `what is no list of classes is refused`(_ text: String) {
    #expect(ChangeCriterion(text) == nil)
    #expect(ChangeCriterion(classes: text) == nil)
  }

  @Test func `weakened stands alone or among classes, and is not a class`() {
    #expect(ChangeCriterion("weakened") != nil)
    #expect(ChangeCriterion("limits,weakened,tls") != nil)
    #expect(ChangeCriterion(classes: "weakened") == nil)
    for name in ChangeCriterion.names { #expect(ChangeCriterion(name) != nil, "\(name)") }
    for name in ChangeCriterion.classNames { #expect(ChangeCriterion(classes: name) != nil, "\(name)") }
    #expect(ChangeCriterion("limits,tls") == ChangeCriterion(classes: "tls,limits"))
  }

  @Test func `without a criterion any change counts`() throws {
    #expect(try verdict { _ in } == .fine)
    #expect(try verdict(strengthen) == .changes)
  }

  @Test func `a change that must not be is an objection, and others are changes`() throws {
    #expect(try verdict(failOn: "anti-hammering", strengthen) == .objection)
    #expect(try verdict(failOn: "limits,tls", strengthen) == .changes)
    #expect(try verdict(failOn: "anti-hammering") { _ in } == .fine)
  }

  @Test func `only what is weakened is an objection`() throws {
    #expect(try verdict(failOn: "weakened", weaken) == .objection)
    #expect(try verdict(failOn: "weakened", strengthen) == .changes)
    #expect(try verdict(failOn: "weakened,anti-hammering", strengthen) == .objection)
  }

  @Test func `changes that may be are fine, but not beside others`() throws {
    #expect(try verdict(only: "anti-hammering", weaken) == .fine)
    #expect(try verdict(only: "limits", weaken) == .objection)
    #expect(
      try verdict(only: "anti-hammering") {
        weaken(&$0)
        $0.services[0].limits.loginAttempts += 1
      } == .objection)
    #expect(try verdict(only: "limits") { _ in } == .fine)
  }

  @Test func `what must not be comes before what may be`() throws {
    #expect(try verdict(failOn: "weakened", only: "anti-hammering", weaken) == .objection)
    #expect(try verdict(failOn: "weakened", only: "anti-hammering", strengthen) == .fine)
  }
}
