import OceanControlAPI
import OceanEngine
import OceanHost
import OceanPlan

/// The confirmed plans, as somebody who goes back looks for them.
struct RollbackHistory {
  /// The newest comes first.
  let entries: [PlanStore.Entry]
  /// The plans by how many steps back they are; what a rollback reverted is not among them.
  let steps: [PlanStore.Entry]
  /// The rollbacks that reverted plans, by the plan's number.
  let takenBack: [Int: PlanStore.Entry]
  /// What cannot be read: which plans these were, and what they went back to, is not known.
  private let holes: [KeptPlans.Damaged]

  /// - Parameter running: the confirmed plan that runs, as it is known without its file; nil if none does.
  init(_ kept: KeptPlans, knowing running: PlanStore.Entry? = nil) {
    // A first line says all that is needed here.
    let known = kept.damaged.compactMap { damaged in
      damaged.entry ?? (damaged.number == running?.number ? running : nil)
    }
    self.init(
      (kept.entries + known).sorted { $0.number > $1.number },
      holes: kept.damaged.filter { damaged in !known.contains { $0.number == damaged.number } })
  }

  /// - Parameter entries: the newest comes first.
  private init(_ entries: [PlanStore.Entry], holes: [KeptPlans.Damaged]) {
    self.entries = entries
    self.holes = holes
    steps = entries.first.map { Self.line(to: $0, among: entries) } ?? []
    var takenBack: [Int: PlanStore.Entry] = [:]
    for entry in entries.reversed() {
      guard let place = entry.returnedTo else { continue }
      for other in entries where other.number > place && other.number < entry.number {
        takenBack[other.number] = takenBack[other.number] ?? entry
      }
    }
    self.takenBack = takenBack
  }

  /// A plan and those before it, the newest first, without those that were reverted by then.
  private static func line(to entry: PlanStore.Entry, among entries: [PlanStore.Entry]) -> [PlanStore.Entry] {
    var line = [entry]
    var place = entry.place
    for other in entries where other.number < place {
      line.append(other)
      place = other.place
    }
    return line
  }

  /// The list files that are not read when a plan comes back, and the plan whose contents they have then.
  /// Their contents are among what is changed back or forth on the way to that plan.
  ///
  /// - Parameter waiting: list files whose contents are changed by a plan that waits to be confirmed.
  func lists(undoing waiting: [String], to target: PlanStore.Entry) -> [String: PlanStore.Entry] {
    let goal = Self.line(to: target, among: entries)
    let fork = steps.firstIndex { step in goal.contains { $0.place == step.place } } ?? steps.endIndex
    var lists: [String: PlanStore.Entry] = [:]
    if let last = steps.first { for path in waiting { lists[path] = last } }
    // From the newest to the oldest: the contents before the oldest change count.
    for (step, before) in zip(steps[..<fork], steps.dropFirst()) {
      for path in step.lists { lists[path] = before }
    }
    let common = goal.firstIndex { fork < steps.endIndex && $0.place == steps[fork].place } ?? goal.endIndex
    for path in goal[..<common].flatMap(\.lists) { lists[path] = target }
    // Whose lists were changed there is not known: they are as they were.
    if hole(after: target) != nil { for path in target.mark.lists.map(\.path) { lists[path] = target } }
    return lists
  }

  private func hole(after plan: PlanStore.Entry) -> KeptPlans.Damaged? {
    holes.first { $0.number > plan.place || $0.number == 0 }
  }

  /// - Parameter steps: 0 is the plan that was confirmed last.
  func plan(_ steps: Int) throws(ChangeRefusal) -> PlanStore.Entry {
    if let hole = self.steps.indices.contains(steps) ? hole(after: self.steps[steps]) : holes.first {
      throw .unknownSteps(hole.file)
    }
    guard self.steps.indices.contains(steps) else {
      throw .failed(
        entries.isEmpty
          ? "no plan was confirmed yet"
          : "there is no plan so far back: 'ocean history' lists what there is")
    }
    return self.steps[steps]
  }

  /// - Parameter digest: the plan's digest, or its first digits.
  func plan(_ digest: String) throws(ChangeRefusal) -> PlanStore.Entry {
    let found = entries.named(digest)
    guard let first = found.first else {
      throw .failed("no plan \(digest) was confirmed: 'ocean history' lists those that were")
    }
    guard found.count == 1 else {
      throw .failed("several plans begin with \(digest): give more digits of \(found.candidates)")
    }
    return first
  }

  func history(
    waiting: PlanHistory.Waiting?, takenBack marks: [RevertedPlan], damaged: [DamagedFile]
  ) -> PlanHistory {
    // A plan that waits is the first step itself.
    let first = waiting == nil ? 0 : 1
    return PlanHistory(
      plans: entries.map { entry in
        PlanHistory.Entry(
          digest: entry.mark.plan, number: entry.since, confirmed: entry.confirmed, source: entry.source,
          by: entry.by,
          back: hole(after: entry) != nil
            ? nil : steps.firstIndex { $0.number == entry.number }.map { $0 + first },
          takenBack: takenBack[entry.number]?.confirmed, takenBackBy: takenBack[entry.number]?.by)
      }, waiting: waiting, takenBack: marks, damaged: damaged.isEmpty ? nil : damaged)
  }
}

extension ChangeRules {
  /// What is shown of a rollback that is not done; nil if no plan runs.
  func shown(_ preparation: ChangePreparation, _ prepared: PreparedChange) -> ShownRollback? {
    guard let running = state.running else { return nil }
    switch preparation {
    case .kept(let entry, _, _):
      let target = RollbackPreview.Target(
        digest: entry.mark.plan, confirmed: entry.confirmed, source: entry.source, by: entry.by)
      return ShownRollback(target: target, lists: entry.mark.lists, running: running, prepared: prepared)
    case .previous(let waiting):
      let (previous, origin) = (waiting.previous.mark, waiting.previousOrigin)
      let kept = reading.kept.entries.first { $0.mark.plan == previous.plan }
      let target = RollbackPreview.Target(
        digest: previous.plan, confirmed: kept?.confirmed, source: origin.source,
        by: kept?.by ?? origin.author)
      return ShownRollback(target: target, lists: previous.lists, running: running, prepared: prepared)
    case .first, .reloaded, .renewed, .ended, .reviewed: return nil
    }
  }
}

extension RollbackPreview {
  /// Compares the lists with the files on disk.
  init(_ shown: ShownRollback) {
    let (next, running) = (shown.prepared.plan, shown.running)
    self.init(
      from: running.digest, target: shown.target, plan: next.file,
      otherCertificates: shown.prepared.otherCertificates,
      todaysLists: next.mark.lists.filter { list in !shown.lists.contains(list) }.map(\.path),
      otherLists: next.file.otherLists, warnings: shown.prepared.warnings,
      refusal: ApplyError(changing: running.file.plan.server, to: next.file.plan.server)
        .map { "\($0)" })
  }
}
