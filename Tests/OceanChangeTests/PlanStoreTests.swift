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
    _ plan: PlanFile, from source: String = "ocean.yaml", at minute: Int = 0,
    _ occasion: PlanStore.Occasion = .applied(lists: [])
  ) throws -> PlanStore.Entry {
    try store.confirm(
      plan, from: PlanOrigin(source: folder.path(source)), at: "2026-11-29T10:\(minute + 10):00Z",
      occasion)
  }

  private var files: [String] {
    Files.names(in: folder.path("state/plans")).filter { !$0.hasPrefix(".") }.sorted()
  }

  @Test func `a new directory has no plans`() {
    #expect(store.kept().entries.isEmpty)
    #expect(store.kept().last == nil)
    #expect(store.kept().lastNumber == 0)
    #expect(store.withheld == WithheldPlans())
  }

  @Test func `plans come back from their files`() throws {
    let (first, second) = (try plan(100), try plan(101))
    try keep(first)
    try keep(second)
    let other = PlanStore(state: folder.path("state"))
    #expect(other.kept().entries.map(\.mark.plan) == [second.digest, first.digest])
    #expect(other.kept().entries.map(\.number) == [2, 1])
    #expect(try other.kept().entries[1].file.digest == first.digest)
    #expect(files == ["000001.json", "000002.json"])
  }

  @Test func `only the owner may read them`() throws {
    try keep(try plan(100))
    var status = stat()
    #expect(stat(folder.path("state/plans/000001.json"), &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func `the same plan is kept once`() throws {
    let first = try plan(100)
    let entry = try keep(first)
    #expect(try keep(first, at: 5).number == entry.number)
    #expect(files == ["000001.json"])
  }

  @Test func `ten plans are kept`() throws {
    for number in 1...12 { try keep(try plan(100 + number)) }
    #expect(store.kept().entries.map(\.number) == Array((3...12).reversed()))
    #expect(files.count == 10)
  }

  /// A list that changes every night must not push everything else out.
  @Test func `a list that nobody applied replaces the plan`() throws {
    try folder.write("203.0.113.0/24\n", to: "drop.netset")
    let settings = "ip_control: { black_list: [{ file: drop.netset }] }"
    let evening = try folder.plan(settings)
    try keep(evening)
    try folder.write("203.0.113.0/24\n198.51.100.0/24\n", to: "drop.netset")
    let morning = try folder.plan(settings)
    let entry = try keep(morning, at: 5, .outside)
    #expect(store.kept().entries.map(\.mark.plan) == [morning.digest])
    #expect(entry.confirmed == "2026-11-29T10:10:00Z")
    #expect(entry.since == 1)
    #expect(files == ["000002.json"])
  }

  @Test func `a list that somebody applied is a decision`() throws {
    try folder.write("203.0.113.0/24\n", to: "drop.netset")
    let settings = "ip_control: { black_list: [{ file: drop.netset }] }"
    let before = try folder.plan(settings)
    try keep(before)
    try folder.write("203.0.113.0/24\n198.51.100.0/24\n", to: "drop.netset")
    let after = try folder.plan(settings)
    try keep(after, .applied(lists: [folder.path("drop.netset")]))
    #expect(store.kept().entries.map(\.mark.plan) == [after.digest, before.digest])
    #expect(store.kept().last?.lists == [folder.path("drop.netset")])
  }

  // MARK: - After a crash

  /// Kept plans one and two, the second with something else in its file.
  private func damaged(_ damage: Damage) throws -> (PlanFile, PlanFile) {
    let (first, second) = (try plan(100), try plan(101))
    try keep(first)
    try keep(second)
    try damage.make(folder.path("state/plans/000002.json"))
    return (first, second)
  }

  @Test(arguments: Damage.allCases)
  func `a damaged file is named`(_ damage: Damage) throws {
    let (first, second) = try damaged(damage)
    let kept = store.kept(isThorough: true)
    #expect(kept.entries.map(\.mark.plan) == [first.digest])
    #expect(kept.damaged.map(\.file.path) == [folder.path("state/plans/000002.json")])
    #expect(kept.damaged.first?.file.reason.hasPrefix(damage.reason) == true, "\(kept.damaged)")
    #expect(kept.last == nil)
    #expect(kept.lastKnown?.mark.plan == (damage.leavesFirstLine ? second.digest : nil))
    #expect(store.knownDamaged == kept.damaged.map(\.file))
    // Its number is taken: what is kept next must be the newest.
    #expect(kept.lastNumber == 2)
    #expect(try keep(try plan(102)).number == 3)
    #expect(store.kept(isThorough: true).damaged.map(\.number) == [2])
  }

  @Test(arguments: Damage.allCases.filter(\.leavesFirstLine))
  func `the same plan mends its file`(_ damage: Damage) throws {
    let (_, second) = try damaged(damage)
    #expect(store.kept(isThorough: true).damaged.count == 1)
    #expect(try keep(second, at: 7, .outside).number == 2)
    let kept = PlanStore(state: folder.path("state")).kept(isThorough: true)
    #expect(kept.damaged.isEmpty)
    #expect(kept.last?.confirmed == "2026-11-29T10:10:00Z")
    #expect(store.knownDamaged.isEmpty)
  }

  @Test func `a plan that is applied once more is made from that from now on`() throws {
    let first = try plan(1)
    let before = try keep(first, from: "rollout-plan")
    #expect(try keep(first, at: 5, .outside).source == folder.path("rollout-plan"))
    let after = try keep(first, at: 5, .again)
    #expect(after.source == folder.path("ocean.yaml") && after.number == before.number)
    let kept = try #require(PlanStore(state: folder.path("state")).kept(isThorough: true).last)
    #expect(kept.source == folder.path("ocean.yaml") && kept.confirmed == before.confirmed)
  }

  /// It is not known that the plan in the damaged file was the same decision.
  @Test func `nothing is replaced behind a damaged file`() throws {
    let (first, _) = try damaged(.zeroed)
    let entry = try keep(first, at: 5, .outside)
    #expect(entry.number == 3 && entry.returnedTo == 1)
    #expect(store.kept().entries.map(\.number) == [3, 1])
  }

  @Test func `what is found damaged without its first line stays known`() throws {
    _ = try damaged(.flipped)
    #expect(store.kept().damaged.isEmpty)
    #expect(store.kept(isThorough: true).damaged.count == 1)
    #expect(store.kept().damaged.isEmpty)
    #expect(store.knownDamaged.count == 1)
    unlink(folder.path("state/plans/000002.json"))
    _ = store.kept()
    #expect(store.knownDamaged.isEmpty)
  }

  @Test func `a plan of an earlier version is read whole`() throws {
    try keep(try plan(100))
    let path = folder.path("state/plans/000001.json")
    let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first)
    var fields = line.split(separator: ",").filter {
      !$0.hasPrefix("\"octets\":") && !$0.hasPrefix("\"sha256\":")
    }
    #expect(fields.count == line.split(separator: ",").count - 2)
    fields[fields.count - 1] += fields[fields.count - 1].hasSuffix("}") ? "" : "}"
    let old = fields.joined(separator: ",") + text.dropFirst(line.count)
    try folder.write(old, to: "state/plans/000001.json")
    #expect(store.kept(isThorough: true).entries.count == 1)
    try folder.write(
      old.replacing("\"format_version\" : 6", with: "\"format_version\" : 1"), to: "state/plans/000001.json")
    #expect(store.kept(isThorough: true).damaged.count == 1)
  }

  @Test func `what cannot be kept is a failure that says where`() throws {
    try folder.write("", to: "state/plans")
    #expect {
      try keep(try plan(100))
    } throws: { error in
      (error as? Failure)?.message.hasPrefix("cannot keep the plan in \(folder.path("state/plans")): ")
        == true
    }
  }

  // MARK: - Withheld plans

  private func takenBack(_ plan: PlanFile) -> RevertedPlan {
    RevertedPlan(
      mark: PlanIdentity(plan), at: "2026-11-29T10:00:00Z", after: 1, source: "ocean.yaml", isConfirmed: false
    )
  }

  @Test func `what is withheld comes back from its file`() throws {
    let (good, bad) = (try plan(100), try plan(101))
    var withheld = WithheldPlans()
    withheld.waiting = .init(
      mark: PlanIdentity(bad), policy: try bad.policy, source: "ocean.yaml",
      by: ChangeAuthor(.apply, uid: 1000, user: "anna", comment: "why not"))
    try store.withhold(withheld)
    let read = PlanStore(state: folder.path("state")).withheld
    #expect(read == withheld)
    #expect(read.contains(PlanIdentity(bad)))
    #expect(!read.contains(PlanIdentity(good)))
  }

  /// Nothing may run by itself while it is not known which plans were reverted.
  @Test(arguments: ["", "{", "[]", "{\"takenBack\":7}"])
  func `an unreadable note withholds everything`(_ contents: String) throws {
    mkdir(folder.path("state/plans"), 0o700)
    try folder.write(contents, to: "state/plans/withheld")
    let withheld = store.withheld
    #expect(withheld.contains(PlanIdentity(try plan(100))))
    #expect(withheld.trouble?.path == folder.path("state/plans/withheld"))
    #expect(withheld.trouble?.reason.isEmpty == false)
  }

  @Test func `the next decision mends an unreadable note`() throws {
    mkdir(folder.path("state/plans"), 0o700)
    try folder.write("{", to: "state/plans/withheld")
    try store.withhold(WithheldPlans())
    #expect(store.withheld.trouble == nil)
  }

  @Test func `whoever applies a plan brings it back`() throws {
    let bad = try plan(101)
    var withheld = WithheldPlans()
    withheld.takeBack(takenBack(bad))
    #expect(withheld.contains(PlanIdentity(bad)))
    #expect(withheld.last?.mark.plan == bad.digest)
    withheld.bringBack(PlanIdentity(bad))
    #expect(!withheld.contains(PlanIdentity(bad)))
  }

  @Test func `fifty plans are remembered`() throws {
    let bad = takenBack(try plan(101))
    var withheld = WithheldPlans()
    for _ in 0..<60 { withheld.takeBack(bad) }
    #expect(withheld.takenBack.count == 50)
  }
}
