import Logging
import OceanControlAPI

extension ChangeMessage {
  func log(to logger: Logger) {
    switch self {
    case .applied(let report, let author): Self.log("applied", report, by: author, to: logger)
    case .renewed(let report): Self.log("renewed", report, to: logger)
    case .ended(let report): Self.log("ended", report, to: logger)
    case .rolledBack(let report, let author): Self.log("rolled back", report, by: author, to: logger)
    case .waiting(let plan, let seconds):
      logger.notice(
        "waiting for 'ocean confirm'", metadata: ["plan": "\(plan.short)", "seconds": "\(seconds)"])
    case .confirmed(let plan, let author):
      logger.notice("confirmed", metadata: ["plan": "\(plan.short)", "by": "\(author.name)"])
    case .expired(let plan):
      logger.warning(
        "not confirmed in time: reverting to the previous plan", metadata: ["plan": "\(plan.short)"])
    case .list(let warning): logger.warning("\(warning)")
    case .cannotGoBack(let reason): logger.error("cannot go back to the previous plan: \(reason)")
    case .notKept(let reason): logger.warning("'ocean rollback' will not know this plan: \(reason)")
    case .notNoted(let reason): logger.warning("\(reason)")
    }
  }

  private static func log(
    _ what: Logger.Message, _ report: ApplyReport, by author: ChangeAuthor? = nil, to logger: Logger
  ) {
    for change in report.changes {
      var metadata: Logger.Metadata = ["change": "\(change.text)", "plan": "\(report.to.short)"]
      if let author { metadata["by"] = "\(author.name)" }
      logger.notice(what, metadata: metadata)
    }
    if report.sessions.ended > 0 {
      logger.notice("sessions ended", metadata: ["count": "\(report.sessions.ended)"])
    }
  }
}
