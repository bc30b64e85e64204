import OceanAddresses
package import OceanPlan
package import OceanSyntax

/// The answer to `--prove`, for people.
package struct ProofText {
  private let text: String
  package let isProved: Bool

  package init(_ claim: Claim, about diff: PlanDiff) {
    let witness = diff.witness(against: claim)
    isProved = witness == nil
    switch (witness, claim) {
    case (nil, .noEffect): text = "proved: nobody is treated otherwise"
    case (nil, .noWider):
      text = "proved: nobody can connect or log in who could not"
    case (.client(let client, let aim, let service, let isAllowed, let before, let after)?, _):
      let can = isAllowed ? "can \(aim.words) from now on" : "can no longer \(aim.words)"
      text =
        "not proved: at \(service.map { "'\($0)'" } ?? "the monitor") \(client) \(can): \(before.text) -> \(after.text)"
        .escapedForDisplay
    case (.proxy(let proxy, let service)?, _):
      text =
        "not proved: at '\(service)' \(proxy) is a proxy from now on, and may name any client's address"
        .escapedForDisplay
    case (.change(let change)?, .noEffect): text = "not proved: \(change)".escapedForDisplay
    case (.change(let change)?, .noWider):
      text = "not proved: \(change); nothing can be said about what that lets clients do".escapedForDisplay
    }
  }

  package func text(on screen: Screen) -> String {
    let word = isProved ? "proved" : "not proved"
    let painted = screen.paint(word, isProved ? .good : .error) + text.dropFirst(word.count)
    return screen.fitted(painted, indent: 2).joined(separator: "\n")
  }
}
