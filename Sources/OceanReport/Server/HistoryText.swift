import OceanBase
package import OceanControlAPI
package import OceanSyntax

/// The plans that were confirmed, for people.
package enum HistoryText {
  package static func text(of history: PlanHistory, on screen: Screen) -> String {
    let damaged = StatusText.damaged(history.damaged, on: screen)
    if history.plans.isEmpty {
      return damaged.isEmpty ? "no plan was confirmed yet" : damaged.joined(separator: "\n")
    }
    var table = Table([
      ("BACK", .right), ("PLAN", .left), ("CONFIRMED", .left), ("BY", .left), ("MADE FROM", .left),
      ("", .left),
    ])
    if let waiting = history.waiting {
      table.add(
        [
          "0", waiting.digest.short, "not yet", waiting.by?.name ?? "", waiting.source,
          "runs, reverts \(waiting.revertsAt)",
        ], style: .warning, notes: comments(waiting.by))
    }
    var never = history.takenBack.filter { !$0.isConfirmed }[...]
    func addNever(since number: Int) {
      while let plan = never.first, plan.after >= number {
        table.add(
          [
            "", plan.mark.plan.short, "never", plan.by?.name ?? "", plan.source,
            reverted(plan.at, by: plan.revertedBy),
          ],
          style: .removed, notes: comments(plan.by) + comments(plan.revertedBy).map { "reverted: \($0)" })
        never = never.dropFirst()
      }
    }
    for (index, entry) in history.plans.enumerated() {
      addNever(since: entry.number)
      let note =
        index == 0 && history.waiting == nil
        ? "runs" : entry.takenBack.map { reverted($0, by: entry.takenBackBy) } ?? ""
      table.add(
        [
          entry.back.map(String.init) ?? "", entry.digest.short, entry.confirmed, entry.by?.name ?? "",
          entry.source, note,
        ], style: entry.takenBack == nil ? nil : .removed, notes: comments(entry.by))
    }
    addNever(since: 0)
    return ([table.text(on: screen)] + damaged).joined(separator: "\n")
  }

  private static func comments(_ author: ChangeAuthor?) -> [String] {
    [author?.comment].compactMap(\.self).filter { !$0.isBlank }
  }

  /// When, and by whom; a plan that nobody confirmed in time was reverted by nobody.
  private static func reverted(_ time: String, by author: ChangeAuthor?) -> String {
    let user = author.flatMap { $0.event == .rollback ? " by \($0.name)" : nil } ?? ""
    return "reverted \(time)\(user)"
  }
}
