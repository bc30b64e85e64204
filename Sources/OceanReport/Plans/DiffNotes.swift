package import OceanPlan
package import OceanSyntax

extension PlanDiff {
  /// The changes in the form of diagnostics, for their renderers: each is a note, under the name of its
  /// class.
  package var notes: ([Diagnostic], SourceSet) {
    var sources = SourceSet()
    var known: [String: SourceID] = [:]
    func span(_ origin: Provenance.Origin?) -> Span? {
      guard let origin else { return nil }
      let source = known[origin.file] ?? sources.add(path: origin.file, bytes: [])
      known[origin.file] = source
      let start = Position(line: Int32(clamping: origin.line), column: Int32(clamping: origin.column))
      return Span(source: source, start: start, end: Position(line: start.line, column: start.column &+ 1))
    }
    var notes = changes.map { change in
      Diagnostic(
        changeClass(of: change).code, text(of: change), at: span(origin(of: change)), help: change.effect)
    }
    for difference in access where difference.relation != .equivalent {
      let place = span(new.provenance.origin(around: Plan.Service.IPControl.path(of: difference.service)))
      for (kind, what, addresses) in [
        (ChangeClass.accessNarrowed, "newly refused", difference.newlyRefused),
        (.accessWidened, "newly allowed", difference.newlyAllowed),
      ] where !addresses.isEmpty {
        notes.append(
          Diagnostic(kind.code, "\(difference.service): \(what): \(addresses.summary)", at: place))
      }
      let listeners = span(new.provenance.origin(around: "services.\(difference.service)"))
      for reach in difference.reachTexts {
        let kind: ChangeClass = reach.isWider ? .accessWidened : .accessNarrowed
        notes.append(Diagnostic(kind.code, "\(difference.service): \(reach.text)", at: listeners))
      }
    }
    for (kind, what, those) in [
      (ChangeClass.expectationRemoved, "no longer expected", expectations?.removed ?? []),
      (.expectationAdded, "newly expected", expectations?.added ?? []),
    ] {
      notes += those.map { Diagnostic(kind.code, "\(what): \($0.text)", at: span($0.span)) }
    }
    return (notes, sources)
  }
}

extension ChangeClass {
  fileprivate var code: DiagnosticCode {
    DiagnosticCode(
      id: rawValue, severity: .note, title: rawValue.replacing("-", with: " "),
      explanation:
        "A change of this class; --fail-on \(rawValue) makes ocean diff and ocean plan exit with 3 for it.")
  }
}
