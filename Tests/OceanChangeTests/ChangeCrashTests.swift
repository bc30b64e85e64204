import OceanControlAPI
import OceanPlan
import Testing
@testable import OceanChange

/// Kills a process between any two actions of a change, and tests what the next one makes of what was written
/// by then.
@Suite struct ChangeCrashTests {
  private func digest(_ number: Int) throws -> Digest { try PlanFile.numbered(number).digest }

  @Test(arguments: ChangeScenario.all)
  func `a restart runs one plan or the other, and what was promised`(scenario: ChangeScenario) throws {
    let before = try scenario.begin()
    let confirmed = before.store.kept().entries.map(\.mark.plan)
    // If a plan waits, the one before it comes back.
    let waiting = before.machine.state.waiting.map { [$0.previous.digest] } ?? []
    let allowed = try Set([scenario.old, scenario.new].map(digest) + waiting)
    for count in 0...scenario.steps.count {
      let bench = try scenario.begin()
      bench.actionsLeft = count
      let answer = try scenario.run(on: bench)
      let isDone = count == scenario.steps.count
      if let answer { #expect((bench.answers[answer] != nil) == isDone) }

      let next = try bench.restarted(scenario.config)
      let running = try #require(next.running)
      #expect(allowed.contains(running), "killed after \(count): \(scenario.steps.prefix(count))")
      if isDone { #expect(running == (try digest(scenario.restarted))) }
      try check(next, scenario, "killed after \(scenario.steps.prefix(count))")
      // A confirmed plan can be rolled back to.
      let kept = Set(next.store.kept().entries.map(\.mark.plan))
      #expect(kept.isSuperset(of: confirmed), "killed after \(scenario.steps.prefix(count))")
    }
  }

  /// The next process may be killed as well, while it starts.
  @Test(arguments: ChangeScenario.all)
  func `a restart that is killed, too, makes nothing worse`(scenario: ChangeScenario) throws {
    for count in 0...scenario.steps.count {
      let whole = try killed(scenario, after: count).restarted(scenario.config)
      for second in 0..<6 {
        let bench = try killed(scenario, after: count)
        _ = try bench.restarted(scenario.config, actions: second)
        let next = try bench.restarted(scenario.config)
        let when = "killed after \(scenario.steps.prefix(count)), and \(second) more"
        #expect(next.running == whole.running, "\(when)")
        #expect(next.store.withheld.takenBack.count == whole.store.withheld.takenBack.count, "\(when)")
        #expect(
          next.store.kept().entries.map(\.mark.plan) == whole.store.kept().entries.map(\.mark.plan), "\(when)"
        )
      }
    }
  }

  private func killed(_ scenario: ChangeScenario, after count: Int) throws -> ChangeBench {
    let bench = try scenario.begin()
    bench.actionsLeft = count
    try scenario.run(on: bench)
    return bench
  }

  /// Checks that the plan that runs after a start stays the same without further action.
  private func check(_ bench: ChangeBench, _ scenario: ChangeScenario, _ when: String) throws {
    let running = bench.running
    #expect(bench.store.withheld.waiting == nil, "\(when)")
    #expect(bench.store.kept().last?.mark.plan == running, "\(when)")
    #expect(try bench.restarted(scenario.config).running == running, "\(when)")
    // A reload of the same config changes nothing, or is refused.
    bench.ask(try .reload(scenario.config))
    #expect(bench.running == running, "\(when)")
    // Somebody who applies the config gets it.
    let number = bench.ask(
      .apply(
        try PlanFile.numbered(scenario.config),
        ApplyRequest(
          expecting: try #require(running), sessions: .keep, confirmSeconds: nil, source: "/ocean.yaml")))
    #expect(try bench.answers[number]?.get().to == (try digest(scenario.config)), "\(when)")
    #expect(try bench.restarted(scenario.config).running == (try digest(scenario.config)), "\(when)")
  }

  /// Otherwise, a reload would refuse the plan that somebody has just confirmed.
  @Test func `a plan that was confirmed is not taken back for want of a note`() throws {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    _ = try bench.report(.apply(2, expecting: 1, seconds: 60))
    bench.failingWrites = [1]
    _ = try bench.report(.confirm(plan: 2))
    let next = try bench.restarted(2)
    #expect(next.running == (try digest(2)))
    #expect(next.store.withheld.takenBack.isEmpty)
    #expect(try next.report(.reload(2)).to == (try digest(2)))
  }

  @Test func `a note that cannot be read lets nothing start but what was confirmed`() throws {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    _ = try bench.report(.apply(2, expecting: 1, seconds: 60))
    try bench.damageNote()
    let next = try bench.restarted(2)
    #expect(next.running == (try digest(1)))
    guard case .unknownTakenBack = next.refusal(try .reload(2)) else {
      Issue.record("a reload runs what may have been taken back")
      return
    }
    #expect(try next.report(.apply(2, expecting: 1)).to == (try digest(2)))
    #expect(next.store.withheld.trouble == nil)
  }
}
