package import OceanPlan
package import OceanSyntax

/// The plan that a new one is compared with.
package enum PreviousPlan {
  /// Nothing to compare with, and why.
  case nothing(String)
  /// - sources: the config that the plan was made from, if it was made now.
  case plan(PlanVersion, name: String, sources: SourceSet?)
  case server(LiveComparison)

  package var version: PlanVersion? {
    switch self {
    case .nothing: nil
    case .plan(let version, _, _): version
    case .server(let live): PlanVersion(live.running)
    }
  }

  package var live: LiveComparison? { if case .server(let live) = self { live } else { nil } }

  package var sources: SourceSet? { if case .plan(_, _, let sources) = self { sources } else { nil } }

  package var words: String {
    switch self {
    case .nothing(let reason): "nothing: \(reason)"
    case .plan(_, let name, _): name
    case .server(let live): live.againstText
    }
  }

  package func heading(on screen: Screen) -> [String] {
    switch self {
    case .nothing, .plan: screen.field("against", words.escapedForDisplay)
    case .server(let live): LiveText(comparison: live, on: screen).heading
    }
  }
}
