import OceanHost
import OceanPlan

extension ChangePreparation {
  /// Reads what the plan needs to run: its certificates, and its list files if they are not those of a kept
  /// plan.
  ///
  /// - Parameter running: nil if no plan runs.
  func prepared(over running: KnownPlan?) throws -> PreparedChange {
    let (plan, identities) = (running?.file.plan, running?.runnable.identities ?? [:])
    switch self {
    case .renewed(var runnable), .ended(var runnable):
      runnable.heldLists = running?.runnable.heldLists ?? []
      return PreparedChange(plan: KnownPlan(try runnable.completed(from: plan, identities)))
    case .first(let runnable), .reloaded(let runnable, _):
      return PreparedChange(plan: KnownPlan(try runnable.completed(from: plan, identities)))
    case .reviewed(let file, _):
      let runnable = try PreparedPlan(renewing: file, from: plan)
      try runnable.requireRenewals(of: file)
      return PreparedChange(plan: KnownPlan(try runnable.completed(from: plan, identities)))
    case .previous(let waiting):
      let (file, known) = (waiting.previous.file, waiting.previous.runnable.identities)
      var runnable = try PreparedPlan(renewing: file, from: plan, known: known)
      runnable.heldLists = waiting.previous.runnable.heldLists
      return PreparedChange(KnownPlan(try runnable.completed(from: file.plan, known)), again: file)
    case .kept(let entry, _, let lists):
      let choice = ListChoice(
        kept: try lists.contents, withheld: lists.withheld,
        fallback: running?.file.rules.listFiles ?? [:])
      let kept = Set(choice.kept.keys)
      let file = try entry.file
      var warnings: [String] = []
      var runnable = try file.refreshed(from: plan, lists: choice) { warnings.append($0) }
        .completed(from: plan, identities)
      let (before, after) = (running?.file.rules.listFiles ?? [:], runnable.file.rules.listFiles)
      runnable.heldLists = (running?.runnable.heldLists ?? []).filter { before[$0.path] == after[$0.path] }
      var prepared = PreparedChange(KnownPlan(runnable), again: file)
      prepared.keptLists = kept
      prepared.warnings = warnings
      return prepared
    }
  }
}

extension PreparedChange {
  /// - Parameter earlier: the plan that comes back.
  fileprivate init(_ plan: KnownPlan, again earlier: PlanFile) {
    self.init(plan: plan)
    otherCertificates = zip(earlier.plan.certificates, plan.file.plan.certificates)
      .filter { $0.leaf != $1.leaf }.map { $1.name }.sorted()
  }
}

extension ChangePreparation.KeptLists {
  /// By path.
  ///
  /// - Throws: if a kept plan cannot be read: what is on disk instead may be what is to be reverted.
  fileprivate var contents: [String: ListContents] {
    get throws(Failure) {
      var contents: [String: ListContents] = [:]
      for (number, paths) in Dictionary(grouping: sources.keys, by: { sources[$0]?.number }) {
        guard let source = paths.first.flatMap({ sources[$0] }), source.number == number else { continue }
        for (path, list) in try source.file.rules.listFiles where paths.contains(path) {
          contents[path] = list
        }
      }
      return contents
    }
  }
}
