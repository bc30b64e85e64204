import Dispatch
import OceanControlAPI
import OceanHost
import OceanPlan
import TestSupport
import Testing
@testable import OceanChange

/// Tests that the history says who made a change, and what they said about it.
@Suite struct AuthorTests {
  private let anna = ChangeClient(uid: 1000, name: "anna")
  private let other = ChangeClient(uid: 4711, name: nil)

  /// The event, the user and the comment of each kept plan, the newest first.
  private func kept(_ bench: ChangeBench) -> [String] { bench.store.kept().entries.map { text($0.by) } }

  private func text(_ author: ChangeAuthor?) -> String {
    guard let author else { return "nobody" }
    return [author.event.rawValue, author.name, author.comment].compactMap(\.self).joined(separator: " ")
  }

  @Test func `a kept plan says who decided that it runs`() throws {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    bench.client = anna
    _ = try bench.report(.apply(2, expecting: 1, comment: "because"))
    _ = try bench.report(.reload(3))
    bench.client = other
    _ = try bench.report(.rollback(plan: 2, comment: "better before"))
    #expect(
      kept(bench) == [
        "rollback uid 4711 better before", "reload SIGHUP", "apply anna because", "start start",
      ])
    // A start with the same plan, and an apply without effect, decide nothing.
    let next = try bench.restarted(2)
    _ = try next.report(.apply(2, expecting: 2, comment: "again"))
    #expect(kept(next) == kept(bench))
  }

  @Test func `whoever applies a plan has decided, not who confirms it`() throws {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    bench.client = anna
    _ = try bench.report(.apply(2, expecting: 1, seconds: 60, comment: "one"))
    #expect(text(bench.machine.state.origin.author) == "apply anna one")
    _ = try bench.report(.apply(2, expecting: 2, seconds: 60, comment: "two"))
    #expect(text(bench.store.withheld.waiting?.by) == "apply anna two")
    bench.client = other
    _ = try bench.report(.confirm(plan: 2))
    #expect(kept(bench) == ["apply anna two", "start start"])
    _ = try bench.report(.rollback(plan: 1, seconds: 60))
    bench.client = anna
    _ = try bench.report(.confirm(plan: 1))
    #expect(kept(bench).first == "rollback uid 4711")
  }

  @Test func `what is reverted says who applied it and who reverted it`() throws {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    func expectReverted(_ bench: ChangeBench, _ by: String, _ revertedBy: String) throws {
      let taken = try #require(bench.store.withheld.takenBack.first)
      #expect(text(taken.by) == by)
      #expect(text(taken.revertedBy) == revertedBy)
    }
    bench.client = anna
    _ = try bench.report(.apply(2, expecting: 1, seconds: 60, comment: "a test"))
    bench.client = other
    _ = try bench.report(.rollback(comment: "no"))
    try expectReverted(bench, "apply anna a test", "rollback uid 4711 no")
    _ = try bench.report(.apply(3, expecting: 1, seconds: 60))
    bench.expire()
    try expectReverted(bench, "apply uid 4711", "expiry expiry")
    _ = try bench.report(.apply(4, expecting: 1, seconds: 60, comment: "power"))
    try expectReverted(try bench.restarted(4), "apply uid 4711 power", "start start")
    // What runs came back: it is still the plan that the server started with.
    #expect(kept(bench) == ["start start"])
    bench.client = anna
    let next = try bench.restarted(1)
    _ = try next.report(.apply(5, expecting: 1, comment: "five"))
    _ = try (next.restarted(5)).report(.rollback())
    try expectReverted(next, "apply anna five", "rollback anna")
  }

  @Test func `a user whose name cannot be found in time has a number`() async {
    #expect(await ChangeClient(uid: 0).name == "root")
    #expect(await ChangeClient(uid: 4711, lookup: { "user\($0)" }).name == "user4711")
    let hanging = DispatchSemaphore(value: 0)
    let unknown = await ChangeClient(uid: 0, within: .milliseconds(10)) { _ in
      hanging.wait()
      return "late"
    }
    #expect(unknown.name == nil && unknown.uid == 0)
    hanging.signal()
    #expect(await ChangeClient(uid: 0).name == "root")
  }

  /// Their first lines have neither a user nor a comment.
  @Test func `files of earlier versions stay readable`() throws {
    let directory = try TemporaryDirectory()
    let store = PlanStore(state: directory.path)
    let file = try PlanFile.numbered(1)
    let entry = try store.confirm(
      file, from: PlanOrigin(source: "/ocean.yaml", author: ChangeAuthor(.apply, uid: 0, user: "root")),
      at: "2026-11-29T10:00:00Z", .applied(lists: []))
    let text = String(decoding: try Files.read(entry.path, limit: 1 << 20), as: UTF8.self)
    let older = text.replacing(
      #""by":{"event":"apply","uid":0,"user":"root"},"#, with: "", maxReplacements: 1)
    #expect(older != text)
    try Files.writePrivately(Array(older.utf8), to: entry.path)
    let read = try #require(store.kept(isThorough: true).last)
    #expect(read.by == nil && read.mark.plan == file.digest)
    let history = RollbackHistory(store.kept()).history(waiting: nil, takenBack: [], damaged: [])
    #expect(history.plans.map(\.by) == [nil])

    let note =
      #"{"taken_back":[{"after":1,"at":"2026-11-29T10:00:00Z","confirmed":false,"mark":{"lists":[],"#
      + #""plan":"\#(file.digest)"},"returned":false,"settled":false,"source":"/ocean.yaml"}],"#
      + #""waiting":{"mark":{"lists":[],"plan":"\#(file.digest)"},"source":"/ocean.yaml"}}"#
    try Files.writePrivately(Array(note.utf8), to: WithheldPlans.path(in: directory.path))
    #expect(store.withheld.trouble == nil)
    #expect(store.withheld.takenBack.first?.revertedBy == nil && store.withheld.waiting?.by == nil)
  }
}
