import OceanPlan

extension DiffText {
  /// The whole output of `ocean diff`.
  package var text: String {
    guard !diff.isEmpty else { return summary }
    var lines = diff.hasEffect ? changes.joined() + [""] + AccessText(diff: diff).lines : []
    lines += expectations(holding: nil) + diff.classText(diff.classes)
    return (lines + ["", summary]).joined(separator: "\n")
  }
}

extension PlanDiff {
  /// The names of classes as `--fail-on` takes them.
  func classText(_ classes: Set<ChangeClass>) -> [String] {
    wrapped(classes.map(\.rawValue).sorted(), after: "classes   ", indent: 10)
  }
}
