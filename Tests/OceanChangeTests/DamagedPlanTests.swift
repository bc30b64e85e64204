import OceanControlAPI
import Glibc
import OceanHost
import OceanPlan
import Testing

@testable import OceanChange

/// What runs where files of confirmed plans cannot be used.
@Suite struct DamagedPlanTests {
  private func digest(_ number: Int) throws -> Digest { try PlanFile.numbered(number).digest }

  /// A server on which one plan after the other was applied.
  private func bench(_ plans: Int...) throws -> ChangeBench {
    let bench = try ChangeBench()
    var running = plans[0]
    _ = try bench.report(.start(running))
    for plan in plans.dropFirst() {
      _ = try bench.report(.apply(plan, expecting: running))
      running = plan
    }
    return bench
  }

  /// - Parameter number: of the file; nil for the newest.
  private func damage(_ bench: ChangeBench, _ damage: Damage, number: Int? = nil) throws {
    let kept = bench.store.kept()
    try damage.make(kept.path(of: number ?? kept.lastNumber))
  }

  @Test(arguments: Damage.allCases)
  func `a config that was not taken back runs`(_ kind: Damage) throws {
    for wanted in [2, 3] {
      let bench = try bench(1, 2)
      try damage(bench, kind)
      let next = try bench.restarted(wanted)
      #expect(next.running == (try digest(wanted)))
      #expect(next.store.kept(isThorough: true).last?.mark.plan == next.running)
    }
  }

  @Test(arguments: Damage.allCases)
  func `what was never confirmed gives way to what was`(_ kind: Damage) throws {
    let bench = try bench(1, 2)
    _ = try bench.report(.apply(3, expecting: 2, seconds: 60))
    try damage(bench, kind)
    let next = try bench.restarted(3)
    #expect(next.running == (try digest(1)))
    #expect(next.store.kept(isThorough: true).last?.mark.plan == next.running)
    // And so once more.
    #expect(try next.restarted(3).running == (try digest(1)))
  }

  @Test(arguments: Damage.allCases)
  func `what was gone back from does not run by itself`(_ kind: Damage) throws {
    let bench = try bench(1, 2, 3)
    _ = try bench.report(.rollback(plan: 1))
    try damage(bench, kind)
    #expect(try bench.restarted(3).running == (try digest(1)))
  }

  @Test(arguments: Damage.allCases)
  func `what was gone forth to again may run`(_ kind: Damage) throws {
    let bench = try bench(1, 2)
    _ = try bench.report(.rollback(plan: 1))
    _ = try bench.report(.rollback(plan: 2))
    _ = try bench.report(.apply(3, expecting: 2))
    _ = try bench.report(.apply(4, expecting: 3, seconds: 60))
    try damage(bench, kind)
    #expect(try bench.restarted(4).running == (try digest(2)))
  }

  @Test(arguments: Damage.allCases)
  func `nothing runs where nothing may`(_ kind: Damage) throws {
    let bench = try bench(1)
    _ = try bench.report(.apply(2, expecting: 1, seconds: 60))
    try damage(bench, kind)
    #expect(try bench.restarted(2).running == nil)
    // Another config may.
    #expect(try bench.restarted(3).running == (try digest(3)))
  }

  @Test(arguments: Damage.allCases)
  func `without the note and the last plan nobody knows what may run`(_ kind: Damage) throws {
    let bench = try bench(1, 2)
    _ = try bench.report(.rollback())
    try bench.damageNote()
    try damage(bench, kind)
    #expect(try bench.restarted(2).running == nil)
    // The first line still says which one was the last.
    #expect(try bench.restarted(1).running == (kind.leavesFirstLine ? try digest(1) : nil))
  }

  @Test func `a note without any plan is known`() throws {
    let bench = try bench(1)
    _ = try bench.report(.apply(2, expecting: 1, seconds: 60))
    unlink(bench.store.kept().path(of: 1))
    #expect(try bench.restarted(2).running == nil)
  }

  // MARK: - Going back

  @Test(arguments: Damage.allCases)
  func `one plan back is the one before what runs, whatever is on disk of that`(_ kind: Damage) throws {
    let bench = try bench(1, 2, 3)
    try damage(bench, kind)
    _ = try bench.report(.rollback())
    #expect(bench.running == (try digest(2)))
  }

  @Test(arguments: Damage.allCases)
  func `steps are not counted over what is not known`(_ kind: Damage) throws {
    let bench = try bench(1, 2, 3)
    try damage(bench, kind, number: 2)
    let (one, two) = (RollbackRequest(steps: 1), RollbackRequest(steps: 2))
    #expect(bench.refusal(.rollback(one)) != nil || kind.leavesFirstLine)
    #expect(bench.running == (try digest(3)))
    if kind.leavesFirstLine {
      // Which plan is two back is known, and it can be read.
      _ = try bench.report(.rollback(two))
    } else {
      #expect(bench.refusal(.rollback(two)) != nil)
      _ = try bench.report(.rollback(plan: 1))
    }
    #expect(bench.running == (try digest(1)))
  }
}
