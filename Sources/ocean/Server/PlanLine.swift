import OceanPlan

/// The confirmed plans as somebody looks for them who goes back.
struct PlanLine {
  /// The newest first.
  let entries: [PlanStore.Entry]
  /// By how many plans back they are: what was taken back by a rollback is not among them.
  let steps: [PlanStore.Entry]
  /// By number: when they were taken back.
  let takenBack: [Int: String]

  /// - Parameter entries: the newest first.
  init(_ entries: [PlanStore.Entry]) {
    self.entries = entries
    var steps: [PlanStore.Entry] = []
    var rest = entries[...]
    while let entry = rest.first {
      // The same decision with another list is one step.
      if steps.last?.decision != entry.decision { steps.append(entry) }
      rest = rest.dropFirst().drop { $0.number >= entry.place }
    }
    self.steps = steps
    var takenBack: [Int: String] = [:]
    for entry in entries.reversed() {
      guard let place = entry.returnedTo else { continue }
      for other in entries where other.number > place && other.number < entry.number {
        takenBack[other.number] = takenBack[other.number] ?? entry.confirmed
      }
      takenBack[place] = nil
    }
    self.takenBack = takenBack
  }

  /// - Parameter steps: 0 is what was confirmed last.
  func plan(_ steps: Int) throws(CommandError) -> PlanStore.Entry {
    guard self.steps.indices.contains(steps) else {
      throw CommandError(
        entries.isEmpty
          ? "no plan was confirmed yet"
          : "there is no plan so far back: 'ocean history' lists what there is")
    }
    return self.steps[steps]
  }

  /// - Parameter digest: of the plan, or its first digits.
  func plan(_ digest: String) throws(CommandError) -> PlanStore.Entry {
    let found = entries.filter { $0.mark.plan.begins(with: digest) }
    guard let first = found.first else {
      throw CommandError("no plan \(digest) was confirmed: 'ocean history' lists those that were")
    }
    guard found.allSatisfy({ $0.mark.plan == first.mark.plan }) else {
      throw CommandError("several plans begin with \(digest): give more digits")
    }
    return first
  }

  func history(waiting: PlanHistory.Waiting?, takenBack marks: [TakenBackPlan]) -> PlanHistory {
    // One that waits is the first step itself.
    let first = waiting == nil ? 0 : 1
    return PlanHistory(
      plans: entries.map { entry in
        PlanHistory.Entry(
          digest: entry.mark.plan, confirmed: entry.confirmed, source: entry.source,
          back: steps.firstIndex { $0.number == entry.number }.map { $0 + first },
          takenBack: takenBack[entry.number])
      }, waiting: waiting, takenBack: marks)
  }
}
