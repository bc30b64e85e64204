import OceanAddresses
import OceanBase
import OceanCompiler
import OceanPlan

/// Finds cases that want the opposite of others.
struct Opposites {
  private struct Question: Hashable {
    let to: [ExplanationTarget]?
    let via: String?
    let user: String?
    let aim: Attempt.Aim
    let verdict: Plan.Service.IPControl.DefaultAction
  }

  /// The cases with one wish.
  private struct Wishes {
    var cases: [(from: AddressSet, place: Provenance.Origin)] = []
    private var rules = AddressRules()
    /// All clients that they are about: most cases have no opposite, and this tells it at once.
    private(set) var clients = AddressSet()

    mutating func add(_ from: AddressSet, _ place: Provenance.Origin) {
      cases.append((from, place))
      for family in IPFamily.allCases {
        for range in from.ranges(of: family) { rules.append(range, rule: 0) }
      }
    }

    mutating func finish() { clients = AddressSet(rules) }
  }

  private var byQuestion: [Question: Wishes] = [:]

  init(_ results: some Sequence<TestRun.Result>) {
    let results = Array(results)
    guard results.contains(where: { !$0.findings.isEmpty }) else { return }
    for result in results {
      guard let access = result.test.access, let verdict = access.want.verdict else { continue }
      byQuestion[Self.question(access, verdict), default: Wishes()].add(access.from, result.test.place)
    }
    for question in byQuestion.keys { byQuestion[question]?.finish() }
  }

  private static func question(
    _ access: AccessCase, _ verdict: Plan.Service.IPControl.DefaultAction
  ) -> Question {
    Question(
      to: access.to, via: access.via.map { "\($0)" }, user: access.user, aim: access.aim, verdict: verdict)
  }

  func noting(_ result: TestRun.Result) -> TestRun.Result {
    guard !result.findings.isEmpty, let access = result.test.access, let verdict = access.want.verdict,
      let wishes = byQuestion[Self.question(access, verdict == .allow ? .refuse : .allow)],
      !access.from.intersection(wishes.clients).isEmpty
    else { return result }
    var result = result
    result.opposite = wishes.cases.first { !$0.from.isDisjoint(with: access.from) }?.place
    return result
  }
}
