package import OceanControlAPI

/// The plans that were confirmed, for people.
package enum HistoryText {
  package static func text(of history: PlanHistory, color: Bool) -> String {
    let damaged = StatusText.damaged(history.damaged)
    if history.plans.isEmpty {
      return damaged.isEmpty ? "no plan was confirmed yet" : damaged.joined(separator: "\n")
    }
    var table = Table([
      ("BACK", .right), ("PLAN", .left), ("CONFIRMED", .left), ("MADE FROM", .left), ("", .left),
    ])
    if let waiting = history.waiting {
      table.add([
        "0", waiting.digest.short, "not yet", waiting.source, "runs, reverts \(waiting.revertsAt)",
      ])
    }
    var never = history.takenBack.filter { !$0.isConfirmed }[...]
    func addNever(since number: Int) {
      while let plan = never.first, plan.after >= number {
        table.add(["", plan.mark.plan.short, "never", plan.source, "reverted \(plan.at)"])
        never = never.dropFirst()
      }
    }
    for (index, entry) in history.plans.enumerated() {
      addNever(since: entry.number)
      let note =
        index == 0 && history.waiting == nil ? "runs" : entry.takenBack.map { "reverted \($0)" } ?? ""
      table.add([
        entry.back.map(String.init) ?? "", entry.digest.short, entry.confirmed, entry.source, note,
      ])
    }
    addNever(since: 0)
    return ([table.text(color: color)] + damaged).joined(separator: "\n")
  }
}
