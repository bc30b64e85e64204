import Glibc
import OceanControlAPI
import OceanHost
import OceanPlan
import TestPlans
import Testing

/// Tests how a digest names a plan that a server keeps.
@Suite struct NamedPlanTests {
  private let folder: ConfigFolder
  private let file: PlanFile

  init() throws {
    folder = try ConfigFolder()
    file = try folder.plan("max_connections: 100")
    try Files.makeDirectory(folder.path("state/plans"))
  }

  private var state: String { folder.path("state") }

  /// A digest that begins with these digits.
  private func digest(_ digits: String) throws -> Digest {
    try #require(Digest(text: "sha256:" + digits + String(repeating: "0", count: 64 - digits.count)))
  }

  /// Keeps the plan under a name of its own.
  private func keep(_ number: Int, as digest: Digest) throws {
    try KeptPlan(
      number: number, path: KeptPlans(in: state, isThorough: false).path(of: number),
      mark: PlanIdentity(plan: digest, config: nil, lists: []), decision: digest,
      confirmed: "2026-11-29T10:0\(number):00Z", source: "/ocean.yaml", by: nil
    ).write(file)
  }

  private func name(_ digits: String) throws -> Int {
    try KeptPlans(in: state, isThorough: false).plan(named: digits).number
  }

  private func message(_ digits: String) -> String {
    do {
      return "plan \(try name(digits))"
    } catch {
      return (error as? Failure)?.message ?? "\(error)"
    }
  }

  @Test func `six digits are enough, with or without what comes before them`() throws {
    try keep(1, as: try digest("abcdef01"))
    try keep(2, as: try digest("abcd0001"))
    for digits in ["abcdef", "abcdef0", "sha256:abcdef", "sha256:abcdef01", "\(try digest("abcdef01"))"] {
      #expect(try name(digits) == 1)
    }
  }

  @Test func `the newest of a plan's entries counts`() throws {
    try keep(1, as: try digest("abcdef01"))
    try keep(2, as: try digest("123456"))
    try keep(3, as: try digest("abcdef01"))
    #expect(try name("abcdef") == 3)
  }

  @Test func `digits of several plans, or of none, are answered with those that there are`() throws {
    let directory = folder.path("state/plans")
    #expect(message("abcdef") == "there is no plan abcdef: no plan is kept in \(directory)")
    try keep(1, as: try digest("abcdef01"))
    try keep(2, as: try digest("abcdef02"))
    try keep(3, as: try digest("abcdef01"))
    #expect(
      message("abcdef")
        == "several plans begin with abcdef: give more digits of abcdef010000, confirmed 2026-11-29T10:03:00Z; "
        + "abcdef020000, confirmed 2026-11-29T10:02:00Z")
    #expect(message("abcdef02") == "plan 2")
    #expect(
      message("abcdee")
        == "there is no plan abcdee in \(directory), which has abcdef, abcdef ('ocean history' tells more)")
  }

  @Test func `what cannot be read is named`() throws {
    try keep(1, as: try digest("abcdef01"))
    try folder.write("nothing", to: "state/plans/000002.json")
    let damaged = "\(folder.path("state/plans/000002.json")) cannot be used: its first line is not"
    #expect(message("123456").contains(damaged), "\(message("123456"))")
    #expect(message("abcdef") == "plan 1")
    // The rest is read only when the plan is.
    #expect {
      try LoadedPlan(kept: "abcdef", in: state)
    } throws: {
      ($0 as? Failure)?.message.contains("its first line names abcdef") == true
    }
    // A link to itself.
    let nowhere = folder.path("loop")
    #expect(symlink("loop", nowhere) == 0)
    #expect {
      try LoadedPlan(kept: "abcdef", in: nowhere)
    } throws: {
      ($0 as? Failure)?.message.hasPrefix("cannot look for the plan abcdef: \(nowhere)/plans") == true
    }
  }

  @Test func `a plan that is kept is loaded as it was`() throws {
    try keep(1, as: file.digest)
    let loaded = try LoadedPlan(kept: file.digest.short, in: state)
    #expect(loaded.file.digest == file.digest && loaded.config == nil && !loaded.isBroken)
  }
}
