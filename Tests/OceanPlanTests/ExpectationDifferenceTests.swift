import OceanAddresses
import OceanPlan
import TestSupport
import Testing

/// Compares expectations that are gone and new ones with single addresses of a small universe.
@Suite struct ExpectationDifferenceTests {
  private static let universe = (0..<16).map { IPAddress(v4: 10 << 24 | $0) }

  private static func expectations(_ random: inout SeededGenerator) -> [Plan.Expectation] {
    (0..<Int.random(in: 0...4, using: &random)).map { line in
      let first = UInt32.random(in: 0..<16, using: &random)
      let addresses = universe[Int(first)...].prefix(Int.random(in: 1...8, using: &random))
      return Plan.Expectation(
        from: AddressSet(addresses.map { AddressPattern($0) }),
        to: [nil, ["one"], ["two"], ["one", "two"]].randomElement(using: &random) ?? nil,
        verdict: Bool.random(using: &random) ? .allow : .refuse,
        span: .init(file: "ocean.yaml", line: line + 1, column: 1))
    }
  }

  /// The requirements one by one: service, verdict and address.
  private static func requirements(_ expectations: [Plan.Expectation]) -> Set<String> {
    var requirements: Set<String> = []
    for expectation in expectations {
      for service in expectation.to ?? ["one", "two"] {
        for address in universe where expectation.from.contains(address) {
          requirements.insert("\(service) \(expectation.verdict) \(address)")
        }
      }
    }
    return requirements
  }

  private static func version(_ expectations: [Plan.Expectation]?) throws -> PlanVersion {
    try PlanVersion(try #require(Plan.example), Provenance(), expectations: expectations)
  }

  @Test(arguments: 0..<150) func `agrees with brute force`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (old, new) = (Self.expectations(&random), Self.expectations(&random))
    let diff = try PlanDiff(from: Self.version(old), to: Self.version(new))
    let difference = try #require(diff.expectations)
    #expect(difference.before == old.count && difference.after == new.count)
    let (required, requires) = (Self.requirements(old), Self.requirements(new))
    #expect(difference.removed == old.filter { !Self.requirements([$0]).isSubset(of: requires) })
    #expect(difference.added == new.filter { !Self.requirements([$0]).isSubset(of: required) })
    #expect(difference.isEmpty == (required == requires) && diff.isEmpty == difference.isEmpty)
    #expect(diff.classes.contains(.expectationRemoved) == !required.isSubset(of: requires))
    #expect(diff.classes.contains(.expectationAdded) == !requires.isSubset(of: required))
    #expect(!diff.hasEffect && diff.from == diff.to)
    let json = String(decoding: try diff.json(), as: UTF8.self)
    #expect(json.contains(diff.isEmpty ? #""effect":"none""# : #""effect":"changes""#))
  }

  /// Without them, whatever is published as the list goes live.
  @Test func `bounds of a list file that are loosened are told`() throws {
    func version(_ bounds: ListBounds) throws -> PlanVersion {
      var plan = try #require(Plan.example)
      var entries = AddressRules()
      entries.append(try AddressPattern(parsing: "203.0.113.0/24"), rule: 1)
      plan.services[0].ipControl.blackList.addresses = AddressSet(entries)
      var list = RuleList()
      list.append(
        entries, lines: 1,
        from: RuleOrigin(text: "drop.netset", place: .init(file: "ocean.yaml", line: 9, column: 7)),
        file: "/etc/ocean/drop.netset", bounds: bounds)
      var rules = PlanRules()
      rules["services.one.ip_control.black_list"] = list
      return try PlanVersion(plan, Provenance(), rules: rules, expectations: [])
    }
    let (tight, loose) = (
      ListBounds(atLeast: 100, largestNetwork: 8), ListBounds(atLeast: 10, largestNetwork: 8)
    )
    let loosened = try PlanDiff(from: version(tight), to: version(loose))
    #expect(!loosened.hasEffect && !loosened.isEmpty && loosened.classes == [.expectationRemoved])
    #expect(
      loosened.expectations?.removed.map(\.text)
        == ["list file /etc/ocean/drop.netset: at least 100 entries, no network larger than /8"])
    let tightened = try PlanDiff(from: version(loose), to: version(tight))
    #expect(tightened.classes == [.expectationAdded])
    #expect(try PlanDiff(from: version(tight), to: version(tight)).isEmpty)
  }

  private static let everywhere = Plan.Expectation(
    from: .localhost, to: nil, verdict: .allow, span: .init(file: "ocean.yaml", line: 1, column: 1))

  /// What holds for every service continues to do so.
  @Test func `services come and go`() throws {
    var fewer = try #require(Plan.example)
    fewer.services.removeLast()
    let version = try PlanVersion(fewer, Provenance(), expectations: [Self.everywhere])
    for (old, new) in [
      (try Self.version([Self.everywhere]), version), (version, try Self.version([Self.everywhere])),
    ] {
      #expect(PlanDiff(from: old, to: new).expectations?.isEmpty == true)
    }
    #expect(
      try PlanDiff(from: Self.version([Self.everywhere]), to: Self.version([])).expectations?.removed.count
        == 1)
  }

  /// Nothing can be said about a plan file without expectations.
  @Test func `unknown`() throws {
    let known = try Self.version([Self.everywhere])
    let pairs: [(PlanVersion?, PlanVersion)] = [
      (nil, known), (try Self.version(nil), known), (known, try Self.version(nil)),
    ]
    for (old, new) in pairs {
      let diff = PlanDiff(from: old, to: new)
      #expect(
        diff.expectations == nil && diff.classes.isDisjoint(with: [.expectationAdded, .expectationRemoved]))
    }
  }

  @Test func `in words`() throws {
    #expect(Self.everywhere.text == "from 127.0.0.1, ::1 to every service: allow")
    var named = Self.everywhere
    named.to = ["one", "two"]
    named.verdict = .refuse
    #expect(named.text == "from 127.0.0.1, ::1 to one, two: refuse")
  }
}
