import OceanAddresses
import OceanBase
import OceanPlan
import TestSupport
import Testing

@Suite struct RuleEndTests {
  @Test(arguments: [
    ("2027-01-31", "2027-02-01T00:00:00Z", "2027-01-31"),
    ("2028-02-28", "2028-02-29T00:00:00Z", "2028-02-28"),
    ("2027-12-31", "2028-01-01T00:00:00Z", "2027-12-31"),
    ("2027-01-31T18:00:00Z", "2027-01-31T18:00:00Z", "2027-01-31T18:00:00Z"),
    ("2027-02-01T01:00:00+01:00", "2027-02-01T00:00:00Z", "2027-01-31"),
  ])
  func `a date is the end of its day, UTC`(_ written: String, _ time: String, _ shown: String) throws {
    let end = try #require(RuleEnd(parsing: written))
    #expect(Timestamp.text(end.seconds) == time)
    #expect(end.description == shown)
    #expect(RuleEnd(parsing: shown) == end)
    #expect(!end.isPast(at: end.seconds - 1) && end.isPast(at: end.seconds))
  }

  @Test(arguments: [
    "", "2027", "2027-1-31", "31.1.2027", "2027-02-29", "2027-01-31 18:00", "9999-12-31", "tomorrow", "12d",
  ])
  func `anything else is not an end`(_ text: String) {
    #expect(RuleEnd(parsing: text) == nil)
  }

  @Test(arguments: [
    (0, "in less than a minute"), (59, "in less than a minute"), (60, "in 1 minute"), (7199, "in 1 hour"),
    (86_400, "in 1 day"), (86_400 * 12 + 5, "in 12 days"), (-5, "in less than a minute"),
  ])
  func `the time that is left`(_ seconds: Int64, _ words: String) {
    #expect(RuleEnd(seconds: 1_800_000_000 + seconds).distance(from: 1_800_000_000) == words)
  }

  /// A list of patterns, some with an end, and what is on it at a time.
  private struct Sample {
    var list = RuleList()
    var entries: [(pattern: AddressPattern, until: Int64?)] = []

    init(_ random: inout SeededGenerator) throws {
      for line in 0..<Int.random(in: 0..<9, using: &random) {
        let start = Int.random(in: 0..<12, using: &random)
        let end = Int.random(in: start..<12, using: &random)
        let family = Bool.random(using: &random) ? "192.0.2." : "2001:db8::"
        let text = "\(family)\(start)-\(family)\(end)"
        let pattern = try AddressPattern(parsing: text)
        let until = Bool.random(using: &random) ? Int64.random(in: 1...5, using: &random) * 86_400 : nil
        let origin = RuleOrigin(
          text: text, place: .init(file: "ocean.yaml", line: line + 1, column: 1),
          until: until.map { RuleEnd(seconds: $0) })
        list.append(pattern, from: origin)
        entries.append((pattern, until))
      }
    }

    func addresses(at time: Int64) -> AddressSet {
      AddressSet(entries.filter { $0.until.map { time < $0 } ?? true }.map(\.pattern))
    }
  }

  /// What the plan announces, and what a server does about it, is what the entries say.
  @Test(arguments: 0..<200) func `a list at a time is what its entries say`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let path = Plan.Service.IPControl.whiteListPath(in: .service("one"))
    let sample = try Sample(&random)
    var plan = try #require(Plan.example)
    plan.setAddresses(sample.addresses(at: 0), at: path)
    var rules = PlanRules()
    rules[path] = sample.list
    plan.ends = rules.ends(in: plan)
    let file = try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: rules)
    #expect(sample.list.lasting == sample.addresses(at: .max))
    /// As somebody reads it from a file; the same text is read once.
    var read = file
    var text: [UInt8] = []
    for day in 0...6 {
      let time = Int64(day) * 86_400
      let ended = try file.ended(by: time)
      let expected = sample.addresses(at: time)
      let announced = plan.ends.filter { $0.at.isPast(at: time) }.reduce(sample.addresses(at: 0)) {
        $0.subtracting($1.leaving)
      }
      #expect(announced == expected)
      #expect(try #require(ended.plan.addressLists.first { $0.path == path }).addresses == expected)
      #expect(AddressSet(try #require(ended.rules[path]).rules) == expected)
      #expect(ended.plan.ends == plan.ends.filter { !$0.at.isPast(at: time) })
      let digest = try ended.plan.digest
      #expect(ended.digest == digest)
      // From a file, and in several steps.
      let json = try ended.json
      if json != text { (read, text) = (try PlanFile(json: json), json) }
      #expect(read.rules == ended.rules && read.plan == ended.plan)
      #expect(try read.ended(by: time + 86_400).plan == file.ended(by: time + 86_400).plan)
      let diff = PlanDiff(from: PlanVersion(file), to: PlanVersion(ended), at: time)
      #expect(diff.hasEffect == (ended.digest != file.digest))
      let classes = diff.classes.subtracting([.accessNarrowed, .accessWidened, .plaintextLogin])
      #expect(classes == (diff.hasEffect ? [.ruleEnded] : []))
      // Before the last of these ends the same change is somebody's.
      guard let last = plan.ends.last(where: { $0.at.isPast(at: time) })?.at.seconds else { continue }
      let early = PlanDiff(from: PlanVersion(file), to: PlanVersion(ended), at: last - 1)
      #expect(!early.classes.contains(.ruleEnded) && early.classes.isSuperset(of: [.ipControl, .ruleEnds]))
    }
  }

  @Test func `a plan that ends at other times than its rules is damaged`() throws {
    var random = SeededGenerator(seed: 3)
    var sample = try Sample(&random)
    while sample.list.lasting == sample.addresses(at: 0) { sample = try Sample(&random) }
    let path = Plan.Service.IPControl.whiteListPath(in: .service("one"))
    var plan = try #require(Plan.example)
    plan.setAddresses(sample.addresses(at: 0), at: path)
    var rules = PlanRules()
    rules[path] = sample.list
    let file = try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: rules)
    let error = #expect(throws: PlanFile.ReadError.self) { try PlanFile(json: file.json) }
    #expect(error == .malformed("its rules end at other times than it says"))
  }
}
