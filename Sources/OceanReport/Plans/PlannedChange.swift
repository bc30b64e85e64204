package import OceanControlAPI
package import OceanHost
package import OceanPlan
package import OceanSyntax

/// What a config would run, and what that would change: the answer of `ocean plan`.
package struct PlannedChange {
  package let config: CompiledConfig
  package let previous: PreviousPlan
  package let version: PlanVersion
  /// The plan as it is saved. Connected clients are not part of it.
  package let saved: PlanFile
  private let plan: Plan
  private let preview: PreviewText?
  private let screen: Screen

  /// - Parameters:
  ///   - sessions: what happens to sessions that the new plan would not let in.
  ///   - screen: where the answer is shown.
  ///   - errors: where it is shown that this takes long.
  package init(
    _ plan: Plan, _ config: CompiledConfig, after previous: PreviousPlan, sessions: SessionTreatment,
    on screen: Screen, errors: Screen
  ) throws {
    (self.plan, self.config, self.previous, self.screen) = (plan, config, previous, screen)
    let version = try PlanVersion(
      plan, config.result.provenance, rules: config.result.rules,
      expectations: config.result.expectations)
    let diff = previous.version.map { old in
      Progress.showing("comparing plans", on: errors) { _ in PlanDiff.onThisHost(from: old, to: version) }
    }
    self.version = version
    preview = diff.map {
      PreviewText(
        $0, heading: previous.heading(on: screen), live: previous.live, sessions: sessions,
        expectations: config.heldExpectations, on: screen)
    }
    saved = try PlanFile(
      plan: plan, inputs: config.result.inputs, provenance: config.result.provenance,
      rules: config.result.rules, expectations: config.result.expectations, against: diff)
  }

  /// What changes, with its meaning for the connected clients; nil if there is nothing to compare with.
  package var diff: PlanDiff? { preview?.diff }

  /// For people: what changes or, if there is nothing to compare with, the whole plan.
  package var text: String {
    preview.map { "\($0.text) Nothing was applied." }
      ?? previous.heading(on: screen).joined(separator: "\n") + "\n\n"
      + PlanText(plan, saved.digest, config, on: screen).text
  }

  /// The changes as annotations of GitHub Actions, and the last line of the text.
  package var annotations: String {
    let notes = diff.map { diff in
      let (notes, sources) = diff.notes
      return DiagnosticRenderer.github(notes, in: sources)
    }
    let last = text.split(separator: "\n").last.map(String.init) ?? ""
    return (notes ?? "") + DiagnosticRenderer.githubNotice(last)
  }

  package var json: [UInt8] {
    get throws {
      var shown = saved
      shown.against = diff
      return try shown.json
    }
  }

  /// - Parameter program: the version of this program.
  package func sarif(version program: String) -> String { config.sarif(version: program, with: diff) }
}

extension CompiledConfig {
  /// How many expectations hold: `6 of 6`; nil without expectations.
  package var heldExpectations: String? { result.expectations.isEmpty ? nil : holding }
}
