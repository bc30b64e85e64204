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
    steps = entries.first.map { Self.line(to: $0, among: entries) } ?? []
    var takenBack: [Int: String] = [:]
    for entry in entries.reversed() {
      guard let place = entry.returnedTo else { continue }
      for other in entries where other.number > place && other.number < entry.number {
        takenBack[other.number] = takenBack[other.number] ?? entry.confirmed
      }
    }
    self.takenBack = takenBack
  }

  /// A plan and those before it, the newest first, without what was taken back by then.
  private static func line(to entry: PlanStore.Entry, among entries: [PlanStore.Entry]) -> [PlanStore.Entry] {
    var line = [entry]
    var place = entry.place
    for other in entries where other.number < place {
      line.append(other)
      place = other.place
    }
    return line
  }

  /// Which list files are not to be read when a plan comes back, as their contents are among what is changed back or
  /// forth on the way to it, and the plan whose contents they have then.
  ///
  /// - Parameter waiting: list files whose contents are changed by a plan that waits to be confirmed.
  func lists(undoing waiting: [String], to target: PlanStore.Entry) -> [String: PlanStore.Entry] {
    let goal = Self.line(to: target, among: entries)
    let fork = steps.firstIndex { step in goal.contains { $0.place == step.place } } ?? steps.endIndex
    var lists: [String: PlanStore.Entry] = [:]
    if let last = steps.first { for path in waiting { lists[path] = last } }
    // The newest first: what was there before the oldest change is what counts.
    for (step, before) in zip(steps[..<fork], steps.dropFirst()) {
      for path in step.lists { lists[path] = before }
    }
    let common = goal.firstIndex { fork < steps.endIndex && $0.place == steps[fork].place } ?? goal.endIndex
    for path in goal[..<common].flatMap(\.lists) { lists[path] = target }
    return lists
  }

  /// - Parameter steps: 0 is what was confirmed last.
  func plan(_ steps: Int) throws(ChangeRefusal) -> PlanStore.Entry {
    guard self.steps.indices.contains(steps) else {
      throw .failed(
        entries.isEmpty
          ? "no plan was confirmed yet"
          : "there is no plan so far back: 'ocean history' lists what there is")
    }
    return self.steps[steps]
  }

  /// - Parameter digest: of the plan, or its first digits.
  func plan(_ digest: String) throws(ChangeRefusal) -> PlanStore.Entry {
    let found = entries.filter { $0.mark.plan.begins(with: digest) }
    guard let first = found.first else {
      throw .failed("no plan \(digest) was confirmed: 'ocean history' lists those that were")
    }
    guard found.allSatisfy({ $0.mark.plan == first.mark.plan }) else {
      throw .failed("several plans begin with \(digest): give more digits")
    }
    return first
  }

  func history(waiting: PlanHistory.Waiting?, takenBack marks: [TakenBackPlan]) -> PlanHistory {
    // One that waits is the first step itself.
    let first = waiting == nil ? 0 : 1
    return PlanHistory(
      plans: entries.map { entry in
        PlanHistory.Entry(
          digest: entry.mark.plan, number: entry.since, confirmed: entry.confirmed, source: entry.source,
          back: steps.firstIndex { $0.number == entry.number }.map { $0 + first },
          takenBack: takenBack[entry.number])
      }, waiting: waiting, takenBack: marks)
  }
}
