package import OceanPlan
package import OceanSyntax

/// An explanation for people: the verdict, then the steps that led to it, then what would have followed.
package struct ExplanationText {
  private let explanation: Explanation

  /// The width beyond which places are no longer aligned, for the sake of a long detail.
  private static let maxWidth = 48

  package init(_ explanation: Explanation) { self.explanation = explanation }

  package func text(on screen: Screen) -> String {
    let steps = explanation.steps
    let decisive = steps.firstIndex(where: \.decisive)
    var rows = Rows(maxValue: Self.maxWidth, labelWidth: 13)
    var previous: Explanation.Stage?
    var style: Style?
    for (index, step) in steps.enumerated() {
      if let decisive, explanation.verdict == .refused, index == decisive + 1 {
        rows.addHeading("if it were allowed", isApart: false)
        previous = nil
        style = .faint
      }
      let title = step.stage == previous ? "" : step.stage.title
      previous = step.stage
      rows.add(
        title, step.detail, at: step.span?.description ?? "", style: step.decisive ? verdictStyle : style)
    }
    let verdict = verdict(decisive.map { steps[$0] }, on: screen)
    return (screen.fitted(verdict, indent: 2) + [""] + rows.lines(on: screen)).joined(separator: "\n")
  }

  private var verdictStyle: Style { explanation.verdict == .allowed ? .good : .error }

  private func verdict(_ step: Explanation.Step?, on screen: Screen) -> String {
    let word = explanation.verdict == .allowed ? "ALLOWED" : "REFUSED"
    let painted = screen.paint(word, verdictStyle)
    guard let step else { return painted }
    // A reason that is not written anywhere is given in its own words.
    let place = step.span.map { ", \($0)" } ?? (explanation.verdict == .refused ? ": \(step.detail)" : "")
    let stage = step.stage == .defaultAction ? "ip_control.default" : step.stage.title
    return "\(painted) by \(stage)\(place.escapedForDisplay)"
  }
}
