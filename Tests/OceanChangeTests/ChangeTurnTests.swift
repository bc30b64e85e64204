import OceanPlan
import Testing

@testable import OceanChange

/// Tests changes that come while another one is under way, and time that runs out.
@Suite struct ChangeTurnTests {
  private func digest(_ number: Int) throws -> Digest { try PlanFile.numbered(number).digest }

  /// Returns a bench that runs plan 1 and gets another event before one of the actions is answered.
  private func interrupted(
    at step: String, by event: @escaping (ChangeBench) throws -> ChangeEvent,
    _ before: (ChangeBench) throws -> Void = { _ in }
  ) throws -> ChangeBench {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    try before(bench)
    bench.clear()
    var other: ChangeEvent? = try event(bench)
    bench.meanwhile = { _, action in
      guard action.text == step else { return [] }
      defer { other = nil }
      return other.map { [$0] } ?? []
    }
    return bench
  }

  @Test(arguments: ChangeScenario.all)
  func `a change that comes at any moment of another one waits for its turn`(scenario: ChangeScenario) throws
  {
    for step in scenario.steps
    where ["read", "prepare", "keep", "note", "apply"].contains(where: step.hasPrefix) {
      let bench = try scenario.begin()
      // The event has the last word, wherever it comes.
      let event = bench.order(try .rollback(plan: 1))
      var isSent = false
      bench.meanwhile = { _, action in
        guard action.text == step, !isSent else { return [] }
        isSent = true
        return [event]
      }
      try scenario.run(on: bench)
      #expect(isSent)
      let own = scenario.steps.map { step in
        // The number of the answer is higher by one.
        step.hasPrefix("answer ") ? step.replacing(/\d+/) { "\((Int($0.output) ?? 0) + 1)" } : step
      }
      #expect(Array(bench.trace.prefix(own.count)) == own, "at \(step)")
      #expect(bench.trace.dropFirst(own.count).first == "read", "at \(step): \(bench.trace)")
      #expect(bench.running == (try digest(1)))
    }
  }

  /// A plan that was made for the plan before the renewal is applied: for the person who made it, nothing has
  /// changed.
  @Test func `an apply during a renewal is neither refused nor stale`() throws {
    for step in ["read", "prepare renewed", "apply 2"] {
      let bench = try interrupted(at: step, by: { $0.order(try .apply(3, expecting: 1)) })
      _ = try bench.report(.renew(2, expecting: 1))
      let report = try #require(bench.answers[2]).get()
      #expect(report.from == (try digest(2)))
      #expect(report.to == (try digest(3)))
      #expect(bench.running == (try digest(3)))
    }
  }

  @Test func `a renewal during an apply waits, and is for nothing if another plan runs then`() throws {
    for step in ["read", "prepare reviewed", "keep 1 outside", "note one that waits 0 taken back", "apply 3"]
    {
      for isRefused in [false, true] {
        let bench = try interrupted(at: step, by: { $0.order(try .renew(2, expecting: 1)) })
        bench.isRefusing = isRefused
        let number = bench.ask(try .apply(3, expecting: 1, seconds: 60))
        if isRefused {
          #expect(throws: ChangeBench.Refused()) { try bench.answers[number]?.get() }
          // The next change had its turn, and the engine refuses that, too.
          #expect(throws: ChangeBench.Refused()) { try bench.answers[2]?.get() }
        } else {
          #expect(try bench.answers[number]?.get().to == (try digest(3)))
          #expect(throws: ChangeRefusal.stale(running: try digest(3), expected: try digest(1))) {
            try bench.answers[2]?.get()
          }
        }
      }
    }
  }

  @Test func `a renewal while a plan waits changes nothing of that`() throws {
    for isConfirmed in [true, false] {
      let bench = try ChangeBench()
      _ = try bench.report(.start(1))
      _ = try bench.report(.apply(2, expecting: 1, seconds: 60))
      let timer = bench.timer
      _ = try bench.report(.renew(3, expecting: 2))
      #expect(bench.machine.state.waiting?.digest == (try digest(2)))
      #expect(bench.timer == timer)
      if isConfirmed {
        #expect(try bench.report(.confirm(plan: 2)).to == (try digest(3)))
      } else {
        bench.expire()
        #expect(bench.running == (try digest(1)))
      }
      #expect(bench.machine.state.waiting == nil && bench.timer == nil)
    }
  }

  @Test func `clients that wait are so many, what the server needs is never refused`() throws {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    var events: [ChangeEvent] = []
    for _ in 0..<ChangeMachine.maxClients { events.append(bench.order(try .apply(1, expecting: 1))) }
    events.append(bench.order(try .reload(1)))
    events.append(bench.order(try .renew(1, expecting: 1)))
    events.append(bench.order(try .apply(1, expecting: 1)))
    var others = events
    bench.meanwhile = { _, _ in
      defer { others = [] }
      return others
    }
    _ = try bench.report(.apply(1, expecting: 1))
    let last = events.count + 1
    #expect(throws: ChangeRefusal.busy) { try bench.answers[last]?.get() }
    for number in 2..<last { #expect(throws: Never.self) { try #require(bench.answers[number]).get() } }
  }

  // MARK: - Time

  @Test func `time that runs out during a confirmation or an extension is void`() throws {
    for (request, steps) in [
      (try ChangeRequest.confirm(plan: 2), ["read", "keep 2 applied", "note 0 taken back"]),
      (try .apply(2, expecting: 2, seconds: 90), ["read", "prepare reviewed", "apply 2"]),
    ] {
      for step in steps {
        let bench = try interrupted(
          at: step,
          by: { .asked(ChangeOrder(request: .expire(timer: try #require($0.timer)))) },
          { _ = try $0.report(.apply(2, expecting: 1, seconds: 60)) })
        _ = try bench.report(request)
        #expect(bench.running == (try digest(2)), "at \(step)")
        #expect(!bench.trace.contains("log expired"), "at \(step)")
      }
    }
  }

  @Test func `time that runs out during another change takes the plan back in its turn`() throws {
    // The extension fails, and the confirmation comes too late.
    let bench = try interrupted(
      at: "apply 2", by: { .asked(ChangeOrder(request: .expire(timer: try #require($0.timer)))) },
      { _ = try $0.report(.apply(2, expecting: 1, seconds: 60)) })
    bench.failingWrites = []
    bench.isRefusing = true
    let number = bench.ask(try .apply(2, expecting: 2, seconds: 90))
    #expect(throws: ChangeBench.Refused()) { try bench.answers[number]?.get() }
    #expect(bench.trace.contains("log cannotGoBack"))
    #expect(bench.running == (try digest(2)))
    bench.isRefusing = false
    bench.expire()
    #expect(bench.running == (try digest(1)))
    #expect(bench.refusal(try .confirm(plan: 2)) == .nothingWaits)
  }

  @Test func `going back is tried for a minute, and by hand at any time`() throws {
    for tries in [1, ChangeMachine.maxFailures] {
      let bench = try ChangeBench()
      _ = try bench.report(.start(1))
      _ = try bench.report(.apply(2, expecting: 1, seconds: 60))
      bench.isRefusing = true
      bench.clear()
      for _ in 0..<tries {
        #expect(bench.timer != nil)
        bench.expire()
      }
      #expect(bench.trace.count { $0 == "log cannotGoBack" } == tries)
      #expect(bench.trace.count { $0 == "log expired" } == 1)
      #expect((bench.timer == nil) == (tries == ChangeMachine.maxFailures))
      // The plan waits all the same, on disk as well.
      #expect(bench.machine.state.waiting != nil && bench.store.withheld.waiting != nil)
      bench.isRefusing = false
      #expect(try bench.report(.rollback()).to == (try digest(1)))
      #expect(bench.timer == nil)
    }
  }
}
