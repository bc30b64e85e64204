package import Logging
package import OceanHost
import OceanControlAPI
import OceanReport

extension Runnable {
  /// Returns this plan, unless it is withheld: then the last one that was confirmed.
  package func orLastConfirmed(_ logger: Logger) throws(Failure) -> Runnable {
    let store = PlanStore(state: plan.server.state)
    let (mark, withheld) = (PlanMark(file), store.withheld)
    let start = withheld.start(wanting: mark, last: store.last?.mark)
    if let trouble = withheld.trouble {
      logger.error("it is not known which plans were taken back, as \(trouble)")
    }
    guard case .lastConfirmed(let isAsItRan) = start else { return self }
    guard let entry = store.last else { throw Failure("no plan was confirmed yet") }
    let kept = try store.file(of: entry)
    let last: Runnable
    if isAsItRan {
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
