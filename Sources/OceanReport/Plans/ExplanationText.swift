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
    let width = steps.map(\.detail.unicodeScalars.count).filter { $0 <= Self.maxWidth }.max() ?? 0
    var lines = [verdict(decisive.map { steps[$0] }, on: screen), ""]
    var previous: Explanation.Stage?
    for (index, step) in steps.enumerated() {
      if let decisive, explanation.verdict == .refused, index == decisive + 1 {
        lines.append("if it were allowed")
        previous = nil
      }
      let title = step.stage == previous ? "" : step.stage.title
      previous = step.stage
      var line = title.padded(to: 13) + step.detail.escapedForDisplay.padded(to: width)
      if let span = step.span { line += "  \("\(span)".escapedForDisplay)" }
      while line.last == " " { line.removeLast() }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }

  private func verdict(_ step: Explanation.Step?, on screen: Screen) -> String {
    let word = explanation.verdict == .allowed ? "ALLOWED" : "REFUSED"
    let painted = screen.paint(word, explanation.verdict == .allowed ? .good : .error)
    guard let step else { return painted }
    // A reason that is not written anywhere is given in its own words.
    let place = step.span.map { ", \($0)" } ?? (explanation.verdict == .refused ? ": \(step.detail)" : "")
    let stage = step.stage == .defaultAction ? "ip_control.default" : step.stage.title
    return "\(painted) by \(stage)\(place.escapedForDisplay)"
  }
}
