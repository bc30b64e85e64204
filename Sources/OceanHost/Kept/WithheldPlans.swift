import OceanCompiler
package import OceanControlAPI
package import OceanPlan

/// The plans that a restart and a reload do not run, though the files say so.
package struct WithheldPlans: Sendable, Codable, Equatable {
  /// Nobody looks at more.
  private static let most = 50

  /// The plan that runs, and is not confirmed.
  package var waiting: Waiting?
  /// The newest comes first.
  package private(set) var takenBack: [RevertedPlan] = []
  /// Why it is not known which plans these are; nil if it is known. Somebody's next decision ends it.
  package var trouble: DamagedFile?

  private enum CodingKeys: CodingKey { case waiting, takenBack }

  package init() {}

  /// What is noted on disk; nothing if nothing was ever noted.
  ///
  /// - Parameter state: the state directory.
  package init(in state: String) {
    let path = Self.path(in: state)
    do {
      self = try ControlAPI.decode(WithheldPlans.self, from: try Files.read(path, limit: 1 << 20))
    } catch FileAccess.ReadError.missing {
      self.init()
    } catch {
      self.init()
      trouble = DamagedFile(path: path, reason: error.fileReason)
    }
  }

  package static func path(in state: String) -> String { KeptPlans.directory(in: state) + "/withheld" }

  package struct Waiting: Sendable, Codable, Equatable {
    /// The plan, and what it brought.
    package var mark: PlanIdentity
    /// The policy of the plan; nil if an earlier version noted it.
    package var policy: Digest?
    /// What the plan was made from.
    package var source: String
    /// The author of the apply; nil if an earlier version noted it.
    package var by: ChangeAuthor?

    package init(mark: PlanIdentity, policy: Digest? = nil, source: String, by: ChangeAuthor?) {
      self.mark = mark
      self.policy = policy
      self.source = source
      self.by = by
    }
  }

  /// Why a plan is not to run; nil if it may.
  package func reason(against plan: PlanIdentity) -> RevertedPlan? { takenBack.first { $0.withholds(plan) } }

  package func contains(_ plan: PlanIdentity) -> Bool {
    trouble != nil || waiting?.mark.isFound(in: plan) == true || reason(against: plan) != nil
  }

  /// What a server runs that starts.
  package enum Start {
    /// What it was told to run.
    case wanted
    /// A plan that was confirmed, the last one if its file can be used: as it ran, or else with today's lists.
    case kept(KeptPlan, asItRan: Bool)
    /// It was told to run what it must not, or may not, run, and nothing that may run can be used.
    case nothing
  }

  /// A plan that was reverted, or was never confirmed, does not run because the file of another one is damaged.
  ///
  /// - Parameters:
  ///   - isSound: whether the plan keeps all expectations. One that does not runs if it was confirmed last all the
  ///     same, or if none was: a server that is down does not help the clients it should let in.
  ///   - kept: the plans that were confirmed.
  package func start(wanting plan: PlanIdentity, isSound: Bool, _ kept: KeptPlans) -> Start {
    guard contains(plan) else {
      guard !isSound, let last = kept.last, last.mark.plan != plan.plan else { return .wanted }
      return .kept(last, asItRan: true)
    }
    // None waits to be confirmed, and none was reverted, before one was confirmed.
    if trouble != nil, kept.isEmpty { return .wanted }
    // It is the one that was confirmed last.
    if trouble != nil || kept.last == nil, kept.lastKnown?.mark.plan == plan.plan { return .wanted }
    let isAsItRan = trouble != nil || waiting?.mark.isFound(in: plan) == true
    if let last = kept.last { return .kept(last, asItRan: isAsItRan) }
    // Which of the others were reverted only the note tells.
    guard trouble == nil, !kept.isUnlisted else { return .nothing }
    return kept.entries.first { !contains($0.mark) && !isBehindReturn($0) }
      .map { .kept($0, asItRan: isAsItRan) } ?? .nothing
  }

  /// Whether a kept plan was gone back from, with others, to one before it.
  private func isBehindReturn(_ plan: KeptPlan) -> Bool {
    takenBack.contains { taken in
      guard let place = taken.returnedTo ?? (taken.isConfirmed ? 0 : nil) else { return false }
      return place < plan.number && plan.number <= taken.after
    }
  }

  /// Contents of list files that were reverted, and are not to come in by themselves.
  package var lists: Set<PlanIdentity.ListFile> {
    Set(takenBack.filter { !$0.isReturned }.flatMap(\.mark.lists) + (waiting?.mark.lists ?? []))
  }

  /// What was reverted last, if nothing else was decided since.
  package var last: RevertedPlan? { takenBack.first.flatMap { $0.isSettled ? nil : $0 } }

  /// - Parameter plan: none that waits any more.
  package mutating func takeBack(_ plan: RevertedPlan) {
    waiting = nil
    settle()
    takenBack = [plan] + takenBack.prefix(Self.most - 1)
  }

  /// A plan runs that somebody wants: nothing that is in it is withheld any longer.
  package mutating func bringBack(_ plan: PlanIdentity) {
    for index in takenBack.indices { takenBack[index].bringBack(plan) }
  }

  /// Something is decided.
  package mutating func settle() {
    for index in takenBack.indices { takenBack[index].isSettled = true }
  }
}
