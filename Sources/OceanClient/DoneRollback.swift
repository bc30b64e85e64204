import OceanBase
package import OceanControlAPI
package import OceanHost
import OceanPlan
package import OceanReport
package import OceanSyntax

/// A rollback that was done, and what it changed.
package struct DoneRollback {
  package let report: ApplyReport
  private let diff: PlanDiff
  /// What brings the plan back that ran before; nil if the server keeps that plan.
  private let source: String?

  /// Asks the server for it.
  package init(_ request: RollbackRequest, _ client: ControlClient) throws(Failure) {
    let before = try client.plan()
    let status = try client.status()
    report = try client.rollback(request)
    diff = PlanDiff.onThisHost(from: PlanVersion(before), to: PlanVersion(try client.plan()))
    // A plan that was never confirmed is not kept: only its source can bring it back.
    source = status.unconfirmed != nil && report.from != report.to ? status.file : nil
  }

  package func text(of server: ServerName, on screen: Screen) -> String {
    var text = ReportText(report, diff, server: server, on: screen, now: SystemClock.wall.seconds)
    if let source { text.undo = server.apply(source) }
    return text.text
  }
}

extension RollbackText {
  /// Asks the server what a rollback would do.
  ///
  /// - Returns: that, and why the server would refuse it; nil if it would not.
  package static func preview(
    _ request: RollbackRequest, _ client: ControlClient, on screen: Screen
  ) throws(Failure) -> (text: RollbackText, refusal: String?) {
    let live = try LiveComparison(client)
    let preview = try client.preview(request)
    guard preview.from == live.running.digest else {
      throw Failure("another plan began to run meanwhile: ask again", .stale)
    }
    return (RollbackText(preview, over: live, on: screen), preview.refusal)
  }
}
