import OceanControlAPI

/// The plans that a restart and a reload do not run, though the files say so.
struct WithheldPlans: Codable, Equatable {
  /// Nobody looks at more.
  private static let most = 50

  /// The plan that runs, and is not confirmed.
  var waiting: Waiting?
  /// The newest comes first.
  private(set) var takenBack: [TakenBackPlan] = []
  /// Why it is not known which plans these are, in a sentence; nil if it is known. Somebody's next decision
  /// ends it.
  var trouble: String?

  private enum CodingKeys: CodingKey { case waiting, takenBack }

  struct Waiting: Codable, Equatable {
    /// The plan, and what it brought.
    var mark: PlanMark
    /// What the plan was made from.
    var source: String
  }

  /// Why a plan must not run; nil if it may.
  func reason(against plan: PlanMark) -> TakenBackPlan? { takenBack.first { $0.withholds(plan) } }

  func contains(_ plan: PlanMark) -> Bool {
    trouble != nil || waiting?.mark.isFound(in: plan) == true || reason(against: plan) != nil
  }

  /// The plan that a starting server runs.
  enum Start: Equatable {
    /// The plan it was told to run.
    case wanted
    /// The plan that was confirmed last: as it ran, or else with today's lists.
    case lastConfirmed(asItRan: Bool)
  }

  /// - Parameter last: the plan that was confirmed last, if one was.
  func start(wanting plan: PlanMark, last: PlanMark?) -> Start {
    guard contains(plan) else { return .wanted }
    guard trouble != nil else {
      return .lastConfirmed(asItRan: waiting?.mark.isFound(in: plan) == true)
    }
    // Before one was confirmed, no plan waits to be confirmed and no plan was reverted.
    guard let last, last.plan != plan.plan else { return .wanted }
    return .lastConfirmed(asItRan: true)
  }

  /// Contents of list files that were reverted, and must not come in by themselves.
  var lists: Set<PlanMark.ListFile> {
    Set(takenBack.filter { !$0.isReturned }.flatMap(\.mark.lists) + (waiting?.mark.lists ?? []))
  }

  /// The plan that was reverted last, if nothing else was decided since.
  var last: TakenBackPlan? { takenBack.first.flatMap { $0.isSettled ? nil : $0 } }

  /// - Parameter plan: a plan that does not wait any more.
  mutating func takeBack(_ plan: TakenBackPlan) {
    waiting = nil
    settle()
    takenBack = [plan] + takenBack.prefix(Self.most - 1)
  }

  /// Notes that a plan runs that somebody wants: nothing in it is withheld any longer.
  mutating func bringBack(_ plan: PlanMark) {
    for index in takenBack.indices { takenBack[index].bringBack(plan) }
  }

  /// Notes that something was decided.
  mutating func settle() {
    for index in takenBack.indices { takenBack[index].isSettled = true }
  }
}
