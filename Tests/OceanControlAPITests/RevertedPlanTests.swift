import OceanAddresses
import OceanControlAPI
import OceanPlan
import Testing

/// A reverted plan is recognized by what it brought.
@Suite struct RevertedPlanTests {
  private func digest(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }

  private func mark(_ plan: String, _ config: String, _ lists: [String: String]) -> PlanIdentity {
    PlanIdentity(
      plan: digest(plan), config: digest(config),
      lists: lists.map { PlanIdentity.ListFile(path: $0.key, addresses: digest($0.value)) })
  }

  private func taken(_ mark: PlanIdentity) -> RevertedPlan {
    RevertedPlan(mark: mark, at: "2026-11-28T00:00:00Z", after: 1, source: "/ocean.yaml", isConfirmed: false)
  }

  @Test func `a list alone is withheld under any config, until it is another`() {
    let before = mark("1", "a", ["/l": "good", "/m": "same"])
    let bad = mark("2", "a", ["/l": "bad", "/m": "same"])
    let plan = taken(bad.changes(from: before, isSameDecision: true))
    #expect(plan.withholds(bad))
    #expect(plan.withholds(mark("3", "b", ["/l": "bad"])))
    #expect(!plan.withholds(before))
    #expect(!plan.withholds(mark("4", "a", ["/l": "better", "/m": "same"])))
    // The same addresses at another path are a different list.
    #expect(!plan.withholds(mark("5", "a", ["/n": "bad"])))
  }

  @Test func `a config is withheld with any list, and other words for the same are not a config`() {
    let before = mark("1", "a", ["/l": "one"])
    let plan = taken(mark("2", "b", ["/l": "one"]).changes(from: before, isSameDecision: false))
    #expect(plan.withholds(mark("3", "b", ["/l": "two"])))
    #expect(!plan.withholds(mark("4", "c", ["/l": "one"])))
    let words = taken(mark("5", "d", ["/l": "two"]).changes(from: before, isSameDecision: true))
    #expect(
      !words.withholds(mark("6", "d", ["/l": "three"])) && words.withholds(mark("7", "d", ["/l": "two"])))
  }

  /// A list that comes with a config is a part of that config.
  @Test func `a list that is new is not held against other configs`() {
    let plan = taken(
      mark("2", "b", ["/l": "one"]).changes(from: mark("1", "a", [:]), isSameDecision: false))
    #expect(!plan.withholds(mark("3", "c", ["/l": "one"])))
  }

  @Test func `what is applied again is withheld no longer, and nothing else`() {
    let before = mark("1", "a", ["/l": "good"])
    var plan = taken(mark("2", "b", ["/l": "bad"]).changes(from: before, isSameDecision: false))
    plan.bringBack(mark("3", "a", ["/l": "bad"]))
    #expect(!plan.isReturned && !plan.withholds(mark("4", "c", ["/l": "bad"])))
    #expect(plan.withholds(mark("5", "b", ["/l": "good"])))
    plan.bringBack(mark("5", "b", ["/l": "good"]))
    #expect(plan.isReturned && !plan.withholds(mark("2", "b", ["/l": "bad"])))
  }

  @Test func `the contents of list files are found, and can be replaced one by one`() throws {
    func rules(_ texts: [String], at line: UInt32) throws -> AddressRules {
      var rules = AddressRules()
      for (index, text) in texts.enumerated() {
        rules.append(try AddressPattern(parsing: text), rule: line + UInt32(index))
      }
      return rules
    }
    func origin(_ text: String) -> RuleOrigin {
      RuleOrigin(text: text, place: .init(file: text, line: 1, column: 1))
    }
    var list = RuleList()
    list.append(try AddressPattern(parsing: "192.0.2.1"), from: origin("192.0.2.1"))
    list.append(
      try rules(["198.51.100.0/24", "2001:db8::/32"], at: 3), lines: 5, from: origin("l"), file: "/l")
    list.append(try rules(["203.0.113.0/24"], at: 1), lines: 1, from: origin("m"), file: "/m")
    #expect(
      list.listFiles == [
        "/l": ListContents(rules: try rules(["198.51.100.0/24", "2001:db8::/32"], at: 3), lines: 5),
        "/m": ListContents(rules: try rules(["203.0.113.0/24"], at: 1), lines: 1),
      ])
    #expect(list.replacing { _ in nil } == list)
    let new = ListContents(rules: try rules(["203.0.113.0/25", "203.0.113.128/25"], at: 7), lines: 8)
    let replaced = list.replacing { $0 == "/m" ? new : nil }
    #expect(replaced.listFiles["/l"] == list.listFiles["/l"] && replaced.listFiles["/m"] == new)
    #expect(AddressSet(replaced.rules) == AddressSet(list.rules))
    // Different lines with the same addresses are the same list.
    #expect(new.digest == list.listFiles["/m"]?.digest)
  }
}
