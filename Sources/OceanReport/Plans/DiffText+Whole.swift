import OceanPlan

extension DiffText {
  /// All that `ocean diff` prints.
  package var text: String {
    guard !diff.isEmpty else { return summary }
    var lines = diff.hasEffect ? changes.joined() + [""] + AccessText(diff: diff).lines : []
    lines += expectations(holding: nil) + diff.classText(diff.classes)
    return (lines + ["", summary]).joined(separator: "\n")
  }
}

extension PlanDiff {
  /// What `--fail-on` would know them by.
  func classText(_ classes: Set<ChangeClass>) -> [String] {
    wrapped(classes.map(\.rawValue).sorted(), after: "classes   ", indent: 10)
  }
}
