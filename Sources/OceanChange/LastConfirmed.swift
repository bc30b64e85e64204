package import Logging
package import OceanHost
import OceanPlan
import OceanReport

extension Runnable {
  /// What is to run: the plan, unless it was applied and not confirmed; then the last one that was.
  package func orLastConfirmed(_ logger: Logger) throws(Failure) -> Runnable {
    let store = PlanStore(state: plan.server.state)
    let (mark, withheld) = (PlanMark(file), store.withheld)
    guard withheld.contains(mark) else { return self }
    if let trouble = withheld.trouble {
      logger.error("it is not known which plans were taken back, as \(trouble)")
      // No plan waits to be confirmed, and none was taken back, before one was confirmed.
      guard let last = store.last, last.mark.plan != mark.plan else { return self }
    }
    let kept = try store.file(of: PlanLine(store.entries).plan(0))
    let last: Runnable
    if withheld.trouble != nil || withheld.waiting?.mark.isFound(in: mark) == true {
      // It comes back as it ran.
      last = try Runnable(renewing: kept, from: plan)
    } else {
      last = try kept.refreshed(from: plan, lists: ListChoice(withheld: withheld.lists)) {
        logger.warning("\($0)")
      }
    }
    let complete = try last.completed(from: plan, identities)
    let (wanted, running) = (file.digest.short, complete.file.digest.short)
    logger.warning(
      "plan \(wanted) was not confirmed, or was taken back: running \(running), the last that was confirmed")
    for path in complete.file.otherLists { logger.warning("\(ListNote.text(path))") }
    return complete
  }
}
