package import OceanHost
import OceanPlan
package import OceanSyntax
import OceanCompiler

/// The cases of test files that do not hold, for people. If all hold, it is one line.
package struct TestText {
  private let run: TestRun
  private let screen: Screen

  package init(_ run: TestRun, on screen: Screen) {
    self.run = run
    self.screen = screen
  }

  package var text: String {
    let failed = run.results.filter { !$0.findings.isEmpty }
    return (failed.map(block) + [summary(failed.count)]).joined(separator: "\n\n")
  }

  /// What is wrong with the test files, and with the config if there is no plan.
  ///
  /// - Parameter screen: standard error.
  package static func mistakes(_ run: TestRun, on screen: Screen) -> String {
    var text = DiagnosticRenderer.human(run.mistakes, in: run.sources, on: screen)
    if run.config.result.plan == nil {
      text += run.config.report(on: screen) + run.config.summary(on: screen) + "\n"
    }
    if !run.mistakes.isEmpty {
      text += "\(counted(run.mistakes.count, "mistake")) in the test files: no case was judged\n"
    }
    return text
  }

  private func summary(_ failed: Int) -> String {
    let results = run.results
    let time = "(\(Seconds.text(results.reduce(0) { $0 + $1.seconds })) s)"
    if failed > 0 {
      let words = "\(failed) of \(counted(results.count, "case")) \(failed == 1 ? "does" : "do") not hold"
      return "\(screen.paint(words, .error)) \(time)"
    }
    let words = "\(counted(results.count, "case")): \(results.count == 1 ? "it holds" : "all hold")"
    return "\(screen.paint(words, .good)) \(time)"
  }

  private func block(_ result: TestRun.Result) -> String {
    let title = "\(result.test.place): \(result.test.name)".escapedForDisplay
    return
      (screen.fitted(title, after: screen.paint("FAILED", .error) + " ", indent: 7)
      + result.lines.flatMap { heading, text in
        screen.wrapped(
          text.escapedForDisplay.split(separator: " ").map(String.init), after: "  \(heading.padded(to: 9))",
          separator: " ", indent: 11)
      }).joined(separator: "\n")
  }
}

extension TestRun.Result {
  /// What is to be said of a case that does not hold, each with a heading.
  var lines: [(heading: String, text: String)] {
    findings.flatMap { finding in
      [("wanted", finding.wanted), ("found", finding.found)]
        + (finding.violation.map { $0.blame.isEmpty ? [] : [("decides", $0.blame)] } ?? [])
    } + (opposite.map { [("note", "the case at \($0) wants the opposite")] } ?? [])
  }
}

enum Seconds {
  /// Seconds with three decimals.
  static func text(_ seconds: Double) -> String {
    let milliseconds = Int((max(0, min(seconds, 1e9)) * 1000).rounded())
    let rest = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}
