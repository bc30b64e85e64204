package import OceanReport
import OceanHost
import OceanPlan

extension PlannedChange {
  /// The report about it. If there is nothing to compare with, everything is new.
  ///
  /// - Parameter program: the version of this program.
  package func report(version program: String) -> ChangeReport {
    var context = ChangeReport.Context(against: previous.words, new: config.path, version: program)
    context.inputs = previous.live?.inputsText
    context.oldSources = previous.sources
    context.newSources = config.loaded.sources
    context.holding = config.heldExpectations
    return ChangeReport(diff ?? PlanDiff(from: nil, to: version), context)
  }
}
