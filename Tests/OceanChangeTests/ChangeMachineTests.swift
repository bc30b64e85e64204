import OceanControlAPI
import OceanPlan
import Testing
@testable import OceanChange

/// Tests what a change does, step by step, and what happens when something fails.
@Suite struct ChangeMachineTests {
  @Test(arguments: ChangeScenario.all)
  func `a change has its steps in this order`(scenario: ChangeScenario) throws {
    let bench = try scenario.begin()
    try scenario.run(on: bench)
    #expect(bench.trace == scenario.steps)
    #expect(bench.running == (try PlanFile.numbered(scenario.new).digest))
    #expect(bench.machine.state.running?.digest == bench.running)
  }

  /// Every other event comes before the one that the machine waits for.
  @Test(arguments: ChangeScenario.all)
  func `an event that nothing waits for changes nothing`(scenario: ChangeScenario) throws {
    let bench = try scenario.begin()
    let events = try Self.answers(bench)
    bench.meanwhile = { machine, action in
      events.filter { event in
        switch (action, event) {
        case (.read, .read), (.prepare, .prepared), (.prepare, .notPrepared), (.apply, .applied),
          (.apply, .notApplied), (.write(.keep), .kept), (.write(.note), .noted), (.write, .notWritten):
          return false
        default: return true
        }
      }
    }
    try scenario.run(on: bench)
    #expect(bench.trace == scenario.steps)
    bench.clear()
    var idle = bench.machine
    for event in events { #expect(idle.handle(event).isEmpty) }
  }

  /// An answer of each kind to an action.
  private static func answers(_ bench: ChangeBench) throws -> [ChangeEvent] {
    [
      .read(ChangeReading()), .prepared(PreparedChange(plan: KnownPlan(try PlanFile.numbered(9).runnable))),
      .notPrepared(ChangeBench.Refused()), .kept(try #require(bench.store.kept().last)), .noted,
      .notWritten("no"), .applied(ApplyResult(changes: [], sessions: .init(kept: 0, ended: 0))),
      .notApplied(ChangeBench.Refused()),
    ]
  }

  @Test(arguments: ChangeScenario.all)
  func `a plan that the engine refuses leaves everything as it was`(scenario: ChangeScenario) throws {
    guard scenario.steps.contains(where: { $0.hasPrefix("apply") }) else { return }
    let bench = try scenario.begin()
    let (withheld, running, timer) = (bench.store.withheld, bench.running, bench.timer)
    bench.isRefusing = true
    let answer = try scenario.run(on: bench)
    if let answer {
      #expect(throws: ChangeBench.Refused()) { try bench.answers[answer]?.get() }
      #expect(bench.timer == timer)
    }
    #expect(bench.running == running && bench.machine.state.running?.digest == running)
    #expect(bench.store.withheld == withheld)
    // The next change is not prevented.
    bench.isRefusing = false
    bench.clear()
    try scenario.run(on: bench)
    #expect(bench.running == (try PlanFile.numbered(scenario.new).digest))
  }

  /// The state for a restart comes first, and must be written. If a write after the plan fails, only its
  /// contents are missing.
  @Test(arguments: ChangeScenario.all)
  func `a write that fails refuses the change before the plan runs, and not after`(scenario: ChangeScenario)
    throws
  {
    let writes = scenario.steps.filter { $0.hasPrefix("keep") || $0.hasPrefix("note") }.count
    // The note about what nobody confirmed is there already, in other words.
    let isRequired = !scenario.steps.contains("prepare previous")
    let apply = scenario.steps.firstIndex { $0.hasPrefix("apply") || $0 == "stop timer" } ?? 0
    let before = scenario.steps[..<apply].filter { $0.hasPrefix("keep") || $0.hasPrefix("note") }.count
    for write in 0..<writes {
      let bench = try scenario.begin()
      let (running, withheld) = (bench.running, bench.store.withheld)
      bench.failingWrites = [write]
      let answer = try scenario.run(on: bench)
      if write < before, isRequired {
        #expect(throws: ChangeRefusal.failed("the disk is full")) {
          try bench.answers[try #require(answer)]?.get()
        }
        #expect(bench.running == running && bench.store.withheld == withheld)
      } else {
        #expect(bench.running == (try PlanFile.numbered(scenario.new).digest))
        if let answer { _ = try bench.answers[answer]?.get() }
        #expect(bench.trace.contains { $0 == "log notKept" || $0 == "log notNoted" }, "\(bench.trace)")
        #expect(bench.machine.state.kept == nil || !bench.trace.contains("log notKept"))
      }
    }
  }

  @Test func `what is not allowed is refused before anything is read for it`() throws {
    let bench = try ChangeBench()
    #expect(bench.refusal(try .apply(1, expecting: 1)) == .nothingRuns)
    let unknown = "no plan \(try digest(1)) was confirmed: 'ocean history' lists those that were"
    #expect(bench.refusal(try .rollback(plan: 1)) == .failed(unknown))
    _ = try bench.report(.start(1))
    bench.clear()
    #expect(bench.refusal(try .confirm(plan: 1)) == .nothingWaits)
    #expect(
      bench.refusal(try .apply(2, expecting: 3)) == .stale(running: try digest(1), expected: try digest(3)))
    #expect(
      bench.refusal(try .renew(2, expecting: 3)) == .stale(running: try digest(1), expected: try digest(3)))
    #expect(bench.refusal(.rollback(.init(steps: 1, plan: "abcdef"))) == .stepsAndPlan)
    for steps in [0, 1001, .max, .min] { #expect(bench.refusal(.rollback(.init(steps: steps))) == .steps) }
    for seconds in [0, -1, 86_401, .max] {
      #expect(bench.refusal(try .rollback(plan: 1, seconds: seconds)) == .confirmSeconds)
    }
    #expect(!bench.trace.contains { $0.hasPrefix("prepare") || $0.hasPrefix("apply") })

    _ = try bench.report(.apply(2, expecting: 1, seconds: 60))
    bench.clear()
    let waiting = ChangeRefusal.waiting(try digest(2))
    #expect(bench.refusal(try .apply(3, expecting: 2)) == waiting)
    #expect(bench.refusal(try .reload(3)) == waiting)
    #expect(bench.refusal(try .rollback(plan: 1, seconds: 60)) == waiting)
    #expect(bench.refusal(try .confirm(plan: 1)) == .notThatOne(waiting: try digest(2)))
    #expect(
      bench.refusal(try .apply(2, expecting: 1)) == .waitingItself(try digest(2), until: "later"))
    #expect(!bench.trace.contains { $0.hasPrefix("prepare") || $0.hasPrefix("apply") })

    _ = try bench.report(.rollback())
    #expect(bench.refusal(try .reload(2)) == .takenBack(list: nil))
    guard case .alreadyTakenBack(let taken, let running, let isLast) = bench.refusal(try .rollback()) else {
      Issue.record("what was taken back is taken back again")
      return
    }
    #expect(taken.mark.plan == (try digest(2)))
    #expect(!taken.isConfirmed)
    #expect(running == (try digest(1)) && isLast)
    let refusal = ChangeRefusal.alreadyTakenBack(taken, running: running, isLast: true)
    #expect(refusal.description.hasSuffix("was already reverted at \(taken.at), and \(running.short) runs"))
    let further = ChangeRefusal.alreadyTakenBack(taken, running: running, isLast: false)
    #expect(further.description == "\(refusal): 'ocean rollback 1' goes further back")
  }

  @Test func `the answer names what a rollback goes back to`() throws {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    #expect(try bench.report(.apply(1, expecting: 1)).undo == nil)
    #expect(try bench.report(.apply(2, expecting: 1)).undo == (try digest(1)))
    #expect(try bench.report(.rollback()).undo == (try digest(2)))
    // The plan could not be kept, so no digest goes back to it.
    bench.failingWrites = [1]
    _ = try bench.report(.apply(3, expecting: 1))
    bench.failingWrites = []
    #expect(try bench.report(.apply(4, expecting: 3)).undo == nil)
  }

  private func digest(_ number: Int) throws -> Digest { try PlanFile.numbered(number).digest }
}
