import Foundation
import OceanCompiler
import OceanHost
import OceanControlAPI
import OceanPlan
import OceanReport
import OceanSyntax
import TestPlans
import Testing

/// Tests the output of `ocean plan`, `apply`, `rollback` and `diff` for one change, as golden texts.
@Suite struct PlanTextTests {
  private let folder: ConfigFolder
  private let before: PlanFile
  private let after: PlanFile

  init() throws {
    folder = try ConfigFolder()
    before = try folder.plan("max_connections: 100", "ip_control: { black_list: [127.0.2.0/24] }")
    after = try folder.plan(
      "max_connections: 150", "ip_control: { black_list: [127.0.2.0/25, 127.51.100.0/24] }",
      "idle_timeout: 20m")
  }

  private var diff: PlanDiff { PlanDiff(from: PlanVersion(before), to: PlanVersion(after)) }

  private func mask(_ text: String) -> String { folder.masked(text, before, after) }

  @Test func `differences`() throws {
    try expectGolden(mask(DiffText.whole(diff, on: Screen())), "diff")
  }

  @Test func `a difference of nothing`() throws {
    let none = PlanDiff(from: PlanVersion(before), to: PlanVersion(before))
    #expect(DiffText.whole(none, on: Screen()) == "no effect")
  }

  @Test func `colours are all that a terminal adds`() throws {
    let colored = DiffText.whole(diff, on: Screen(hasColor: true))
    #expect(colored.contains("\u{1b}["))
    #expect(colored.replacing(/\u{1b}\[[0-9;]*m/, with: "") == DiffText.whole(diff, on: Screen()))
  }

  @Test func `whole plan`() throws {
    let loaded = try LoadedPlan(folder.path("ocean.yaml"), overriding: []) { _ in }
    let config = try #require(loaded.config)
    // The width of its columns depends on the folder.
    let text = mask(PlanText(loaded.plan, loaded.file.digest, config, on: Screen()).text)
    try expectGolden(text.replacing(/(\S) {2,}/) { "\($0.1)  " }, "plan")
  }

  @Test func `preview`() throws {
    let live = LiveComparison(
      running: before, status: .example(before.digest),
      sessions: [.example(1, "127.0.2.7", user: "anna"), .example(2, "127.51.100.9", user: "bert")],
      confirmed: "2026-11-29T09:00:00Z")
    let text = PreviewText(
      diff, heading: LiveText(comparison: live, on: Screen()).heading, live: live, sessions: .end,
      expectations: "3 of 3",
      on: Screen())
    try expectGolden(mask(text.text), "preview")
  }

  @Test func `rollback that is not done`() throws {
    let live = LiveComparison(
      running: after, status: .example(after.digest), sessions: [.example(1, "127.0.2.7", user: "anna")],
      confirmed: "2026-11-29T09:00:00Z")
    let target = RollbackPreview.Target(
      digest: before.digest, confirmed: "2026-11-28T09:00:00Z", source: "/etc/ocean/ocean.yaml",
      by: ChangeAuthor(.apply, uid: 1000, user: "anna", comment: "INC-7: \u{1b}[31mred"))
    let preview = RollbackPreview(
      from: after.digest, target: target, plan: before, otherCertificates: ["main"],
      todaysLists: ["/etc/ocean/drop.netset"], otherLists: ["/etc/ocean/edrop.netset"],
      warnings: [
        "the address list /etc/ocean/drop.netset cannot be used and stays as it was: it is a directory"
      ],
      refusal: nil)
    let text = RollbackText(preview, over: live, on: Screen())
    try expectGolden(mask(text.text), "rollback")

    let object = try JSONDecoder().decode(
      [String: Part].self, from: Data(text.json))
    #expect(object.keys.sorted() == ["diff", "format_version", "from", "notes", "plan", "target", "to"])
    #expect(try text.json.starts(with: Array(#"{"diff":{"access":[{"#.utf8)))
  }

  /// Any value of a JSON text.
  private struct Part: Decodable {
    init(from _: any Decoder) {}
  }

  // MARK: - Reports

  private func report(revertsAt: String? = nil, undo: Digest? = nil) -> ApplyReport {
    ApplyReport(
      from: before.digest, to: after.digest, changes: diff.changes, sessions: .init(kept: 2, ended: 1),
      revertsAt: revertsAt, undo: undo)
  }

  private func text(of report: ApplyReport, socket: String? = nil, config: String? = nil) -> ReportText {
    ReportText(
      report, diff, server: ServerName(socket: socket, config: config),
      on: Screen(), now: 1_796_000_000)
  }

  @Test func `applied`() throws {
    var text = text(of: report(undo: before.digest))
    text.isPlanned = true
    text.expectations = "3 of 3"
    text.probed = ["127.0.0.1:1110 greeting, login (12 ms)"]
    try expectGolden(mask(text.text), "applied")
  }

  @Test func `waiting to be confirmed`() throws {
    let text = text(of: report(revertsAt: "2026-11-29T10:05:00Z"), config: "/srv/my ocean.yaml")
    try expectGolden(mask(text.text), "waiting")
  }

  @Test func `something else was done than was planned`() throws {
    var other = report()
    other.changes.removeLast()
    other.otherLists = ["/etc/ocean/drop.netset"]
    try expectGolden(mask(text(of: other, socket: "/run/ocean.sock").text), "otherwise")
  }

  @Test func `nothing was done`() {
    let report = ApplyReport(
      from: after.digest, to: after.digest, changes: [], sessions: .init(kept: 2, ended: 0))
    #expect(text(of: report).text == "no effect: \(after.digest.short) is running already")
  }

  @Test func `another time to confirm is told, from when to when`() {
    var report = ApplyReport(
      from: after.digest, to: after.digest, changes: [], sessions: .init(kept: 2, ended: 0),
      revertsAt: "2026-11-29T10:31:09Z")
    report.revertsAtBefore = "2026-11-29T10:36:07Z"
    #expect(
      text(of: report).text.hasPrefix(
        "the deadline moved from 10:36:07 to 10:31:09 UTC: \(after.digest.short) is running already\n"))
    report.revertsAtBefore = report.revertsAt
    #expect(text(of: report).text.hasPrefix("no effect: \(after.digest.short) is running already\n"))
  }

  @Test func `commands name the server`() {
    func undo(_ socket: String?, _ config: String?) -> String {
      ServerName(socket: socket, config: config).rollback(nil)
    }
    #expect(undo(nil, nil) == "ocean rollback")
    #expect(undo(nil, "/etc/ocean/ocean.yaml") == "ocean rollback")
    #expect(undo(nil, "/srv/ocean.yaml") == "ocean rollback -c /srv/ocean.yaml")
    #expect(undo("/run/o c.sock", "/srv/ocean.yaml") == "ocean rollback --socket '/run/o c.sock'")
  }
}
