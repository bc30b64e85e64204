import Glibc
import OceanHost
import OceanControlAPI
import OceanPlan
import TestPlans
import Testing
@testable import OceanChange

/// Tests which plans are kept, in which files, and what a server finds that was killed while it wrote them.
@Suite struct PlanStoreTests {
  private let folder: ConfigFolder
  private let store: PlanStore

  init() throws {
    folder = try ConfigFolder()
    store = PlanStore(state: folder.path("state"))
  }

  private func plan(_ connections: Int) throws -> PlanFile {
    try folder.plan("max_connections: \(connections)")
  }

  /// Confirms a plan at that minute of the day.
  @discardableResult
  private func keep(
    _ plan: PlanFile, at minute: Int = 0, _ occasion: PlanStore.Occasion = .applied(lists: [])
  ) throws -> PlanStore.Entry {
    try store.confirm(
      plan, source: folder.path("ocean.yaml"), at: "2026-11-29T10:\(minute + 10):00Z", occasion)
  }

  private var files: [String] {
    Files.names(in: folder.path("state/plans")).filter { !$0.hasPrefix(".") }.sorted()
  }

  @Test func aNewDirectoryHasNoPlans() {
    #expect(store.entries.isEmpty)
    #expect(store.last == nil)
    #expect(store.lastNumber == 0)
    #expect(store.withheld == WithheldPlans())
  }

  @Test func plansComeBackFromTheirFiles() throws {
    let (first, second) = (try plan(100), try plan(101))
    try keep(first)
    try keep(second)
    let other = PlanStore(state: folder.path("state"))
    #expect(other.entries.map(\.mark.plan) == [second.digest, first.digest])
    #expect(other.entries.map(\.number) == [2, 1])
    #expect(try other.file(of: other.entries[1]).digest == first.digest)
    #expect(files == ["000001.json", "000002.json"])
  }

  @Test func onlyTheOwnerMayReadThem() throws {
    try keep(try plan(100))
    var status = stat()
    #expect(stat(folder.path("state/plans/000001.json"), &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func theSamePlanIsKeptOnce() throws {
    let first = try plan(100)
    let entry = try keep(first)
    #expect(try keep(first, at: 5).number == entry.number)
    #expect(files == ["000001.json"])
  }

  @Test func tenPlansAreKept() throws {
    for number in 1...12 { try keep(try plan(100 + number)) }
    #expect(store.entries.map(\.number) == Array((3...12).reversed()))
    #expect(files.count == 10)
  }

  /// A list that changes every night must not push everything else out.
  @Test func aListThatNobodyAppliedReplacesThePlan() throws {
    try folder.write("203.0.113.0/24\n", to: "drop.netset")
    let settings = "ip_control: { black_list: [{ file: drop.netset }] }"
    let evening = try folder.plan(settings)
    try keep(evening)
    try folder.write("203.0.113.0/24\n198.51.100.0/24\n", to: "drop.netset")
    let morning = try folder.plan(settings)
    let entry = try keep(morning, at: 5, .outside)
    #expect(store.entries.map(\.mark.plan) == [morning.digest])
    #expect(entry.confirmed == "2026-11-29T10:10:00Z")
    #expect(entry.since == 1)
    #expect(files == ["000002.json"])
  }

  @Test func aListThatSomebodyAppliedIsADecision() throws {
    try folder.write("203.0.113.0/24\n", to: "drop.netset")
    let settings = "ip_control: { black_list: [{ file: drop.netset }] }"
    let before = try folder.plan(settings)
    try keep(before)
    try folder.write("203.0.113.0/24\n198.51.100.0/24\n", to: "drop.netset")
    let after = try folder.plan(settings)
    try keep(after, .applied(lists: [folder.path("drop.netset")]))
    #expect(store.entries.map(\.mark.plan) == [after.digest, before.digest])
    #expect(store.last?.lists == [folder.path("drop.netset")])
  }

  // MARK: - After a crash

  @Test(arguments: ["", "{", "{\"format_version\":1}\n", "\u{0}\u{0}\u{0}\n{}"])
  func aDamagedFileIsLeftOut(_ contents: String) throws {
    let first = try plan(100)
    try keep(first)
    try folder.write(contents, to: "state/plans/000002.json")
    #expect(store.entries.map(\.mark.plan) == [first.digest])
    // Its number is taken all the same: the plan that is kept next must be the newest.
    #expect(store.lastNumber == 2)
    #expect(try keep(try plan(101)).number == 3)
  }

  @Test func aPlanIsReadOnlyWhereItIsAskedFor() throws {
    let entry = try keep(try plan(100))
    let path = folder.path("state/plans/000001.json")
    let bytes = try Files.read(path, limit: 1 << 20)
    try folder.write(
      String(decoding: bytes.prefix(bytes.count - 10), as: UTF8.self), to: "state/plans/000001.json")
    #expect(store.entries.count == 1)
    #expect(throws: Failure.self) { try store.file(of: entry) }
  }

  @Test func whatCannotBeKeptIsAFailureThatSaysWhere() throws {
    try folder.write("", to: "state/plans")
    #expect {
      try keep(try plan(100))
    } throws: { error in
      (error as? Failure)?.message.hasPrefix("cannot keep the plan in \(folder.path("state/plans")): ")
        == true
    }
  }

  // MARK: - Withheld plans

  private func takenBack(_ plan: PlanFile) -> TakenBackPlan {
    TakenBackPlan(
      mark: PlanMark(plan), at: "2026-11-29T10:00:00Z", after: 1, source: "ocean.yaml", isConfirmed: false)
  }

  @Test func whatIsWithheldComesBackFromItsFile() throws {
    let (good, bad) = (try plan(100), try plan(101))
    var withheld = WithheldPlans()
    withheld.waiting = .init(mark: PlanMark(bad), source: "ocean.yaml")
    try store.withhold(withheld)
    let read = PlanStore(state: folder.path("state")).withheld
    #expect(read == withheld)
    #expect(read.contains(PlanMark(bad)))
    #expect(!read.contains(PlanMark(good)))
  }

  /// Nothing may run by itself while it is not known which plans were reverted.
  @Test(arguments: ["", "{", "[]", "{\"takenBack\":7}"])
  func anUnreadableNoteWithholdsEverything(_ contents: String) throws {
    mkdir(folder.path("state/plans"), 0o700)
    try folder.write(contents, to: "state/plans/withheld")
    let withheld = store.withheld
    #expect(withheld.contains(PlanMark(try plan(100))))
    #expect(withheld.trouble?.hasPrefix("\(folder.path("state/plans/withheld")) cannot be used: ") == true)
  }

  @Test func theNextDecisionMendsAnUnreadableNote() throws {
    mkdir(folder.path("state/plans"), 0o700)
    try folder.write("{", to: "state/plans/withheld")
    try store.withhold(WithheldPlans())
    #expect(store.withheld.trouble == nil)
  }

  @Test func whoeverAppliesAPlanBringsItBack() throws {
    let bad = try plan(101)
    var withheld = WithheldPlans()
    withheld.takeBack(takenBack(bad))
    #expect(withheld.contains(PlanMark(bad)))
    #expect(withheld.last?.mark.plan == bad.digest)
    withheld.bringBack(PlanMark(bad))
    #expect(!withheld.contains(PlanMark(bad)))
  }

  @Test func fiftyPlansAreRemembered() throws {
    let bad = takenBack(try plan(101))
    var withheld = WithheldPlans()
    for _ in 0..<60 { withheld.takeBack(bad) }
    #expect(withheld.takenBack.count == 50)
  }
}
