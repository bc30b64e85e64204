import OceanPlan

/// What a restart and a reload do not run, though the files say so.
struct WithheldPlans: Codable, Equatable {
  /// More than anybody looks at.
  private static let most = 50

  /// Runs, and is not confirmed.
  var waiting: Waiting?
  /// The newest first.
  private(set) var takenBack: [TakenBackPlan] = []
  /// Why it is not known which plans these are, in a sentence; nil if it is. Somebody's next decision ends it.
  var trouble: String?

  private enum CodingKeys: CodingKey { case waiting, takenBack }

  struct Waiting: Codable, Equatable {
    /// The plan, and what it brought.
    var mark: PlanMark
    /// What it was made from.
    var source: String
  }

  /// Why a plan is not to run; nil if it may.
  func reason(against plan: PlanMark) -> TakenBackPlan? { takenBack.first { $0.withholds(plan) } }

  func contains(_ plan: PlanMark) -> Bool {
    trouble != nil || waiting?.mark.isFound(in: plan) == true || reason(against: plan) != nil
  }

  /// What a server runs that starts.
  enum Start: Equatable {
    /// What it was told to run.
    case wanted
    /// The last plan that was confirmed: as it ran, or else with today's lists.
    case lastConfirmed(asItRan: Bool)
  }

  /// - Parameter last: the last plan that was confirmed, if one was.
  func start(wanting plan: PlanMark, last: PlanMark?) -> Start {
    guard contains(plan) else { return .wanted }
    guard trouble != nil else {
      return .lastConfirmed(asItRan: waiting?.mark.isFound(in: plan) == true)
    }
    // No plan waits to be confirmed, and none was taken back, before one was confirmed.
    guard let last, last.plan != plan.plan else { return .wanted }
    return .lastConfirmed(asItRan: true)
  }

  /// Contents of list files that were taken back, and are not to come in by themselves.
  var lists: Set<PlanMark.ListFile> {
    Set(takenBack.filter { !$0.isReturned }.flatMap(\.mark.lists) + (waiting?.mark.lists ?? []))
  }

  /// What was taken back last, if nothing else was decided since.
  var last: TakenBackPlan? { takenBack.first.flatMap { $0.isSettled ? nil : $0 } }

  /// - Parameter plan: none that waits any more.
  mutating func takeBack(_ plan: TakenBackPlan) {
    waiting = nil
    settle()
    takenBack = [plan] + takenBack.prefix(Self.most - 1)
  }

  /// A plan runs that somebody wants: nothing that is in it is withheld any longer.
  mutating func bringBack(_ plan: PlanMark) {
    for index in takenBack.indices { takenBack[index].bringBack(plan) }
  }

  /// Something is decided.
  mutating func settle() {
    for index in takenBack.indices { takenBack[index].isSettled = true }
  }
}
