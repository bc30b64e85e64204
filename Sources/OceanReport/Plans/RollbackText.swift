import OceanHost
package import OceanControlAPI
import OceanPlan
package import OceanSyntax

/// What a rollback would do: where it goes back to, what changes, and what it does not bring back.
package struct RollbackText {
  private let preview: RollbackPreview
  private let changes: PreviewText
  /// What the running plan was made from.
  private let source: String
  private let screen: Screen

  /// - Parameters:
  ///   - live: the server as it is now, with the plan that the preview was made over.
  package init(_ preview: RollbackPreview, over live: LiveComparison, on screen: Screen) {
    self.preview = preview
    source = live.status.file
    self.screen = screen
    let diff = PlanDiff.onThisHost(from: PlanVersion(live.running), to: PlanVersion(preview.plan))
    changes = PreviewText(
      diff, heading: Self.heading(preview, on: screen) + LiveText(comparison: live, on: screen).against,
      live: live,
      sessions: .keep, expectations: nil, on: screen)
  }

  package var text: String {
    let notes = notes.flatMap { screen.fitted("note: \($0)".escapedForDisplay, indent: 6) }
    return (["\(changes.text) Nothing was changed."] + notes).joined(separator: "\n")
  }

  private static func heading(_ preview: RollbackPreview, on screen: Screen) -> [String] {
    let target = preview.target
    var words = target.digest.short
    if let confirmed = target.confirmed { words += ", confirmed \(confirmed)" }
    if let by = target.by { words += " by \(by.name)" }
    let comment = target.by?.comment ?? ""
    return screen.field("back to", "\(words), made from \(target.source)".escapedForDisplay)
      + (comment.isEmpty ? [] : screen.field("", comment.escapedForDisplay))
  }

  /// What is not as it was, and what else a rollback cannot do or does not know.
  private var notes: [String] {
    let files = Dictionary(
      preview.plan.plan.certificates.map { ($0.name, $0.chain) }, uniquingKeysWith: { first, _ in first })
    let isNothing = preview.from == preview.plan.digest
    return preview.warnings
      + preview.otherCertificates.map {
        "the certificate '\($0)' is as it is now in \(files[$0] ?? "its file")"
      }
      + preview.todaysLists.map { "the list \($0) is today's" }
      + preview.otherLists.map { ListNote.text($0) }
      + opened.map { "whether \($0) can be opened is not tried" }
      + (isNothing ? [] : ["\(source) stays as it is, and does not run until it is edited, or applied again"])
  }

  private var opened: [Endpoint] {
    changes.diff.changes.compactMap { change in
      if case .opened(let listener, _) = change { listener.endpoint } else { nil }
    }
  }

  // MARK: - JSON

  package var json: [UInt8] {
    get throws {
      // The first key in order has been written before the others.
      try Array(#"{"diff":"#.utf8) + changes.diff.json().dropLast() + [UInt8(ascii: ",")]
        + CanonicalJSON.line(Rest(preview: preview, notes: notes)).dropFirst()
    }
  }

  private struct Rest: Encodable {
    let preview: RollbackPreview
    let notes: [String]

    private enum CodingKeys: CodingKey { case formatVersion, from, notes, plan, refusal, target, to }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(preview.formatVersion, forKey: .formatVersion)
      try container.encode(preview.from, forKey: .from)
      try container.encode(notes, forKey: .notes)
      try container.encode(preview.plan, forKey: .plan)
      try container.encodeIfPresent(preview.refusal, forKey: .refusal)
      try container.encode(preview.target, forKey: .target)
      try container.encode(preview.plan.digest, forKey: .to)
    }
  }
}
