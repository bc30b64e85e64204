package import OceanPlan
package import OceanSyntax

extension PlanDiff {
  /// The changes in the form of diagnostics, for their renderers: each is a note, under the name of its
  /// class.
  package var notes: ([Diagnostic], SourceSet) {
    var sources = SourceSet()
    let notes = notes(in: &sources)
    return (notes, sources)
  }

  /// The same, where others are shown with them.
  ///
  /// - Parameter sources: takes in the files in which something has changed.
  package func notes(in sources: inout SourceSet) -> [Diagnostic] {
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
        changeClass(of: change).code,
        text(of: change) + (direction(of: change).map { " (\($0.text))" } ?? ""),
        at: span(origin(of: change)),
        help: change.needsRestart ? DiffText.needsRestart : change.effect)
    }
    notes += effects.compactMap { effect in
      guard let direction = effect.direction, ![.accessWidened, .accessNarrowed].contains(effect.changeClass)
      else { return nil }
      let place = effect.service.map { "services.\($0)" } ?? (effect.isOfMonitor ? "monitor" : "server")
      return Diagnostic(
        effect.changeClass.code, "\(effect.subject): \(effect.changeClass.title) \(direction.text)",
        at: span(new.provenance.origin(around: place)))
    }
    notes += consequences.map { Diagnostic($0.kind.code, $0.text, at: span($0.place)) }
    for difference in allAccess where difference.relation != .equivalent {
      let section = difference.section
      let place = span(new.provenance.origin(around: Plan.Service.IPControl.path(in: section)))
      for (kind, what, addresses) in [
        (ChangeClass.accessNarrowed, "newly refused", difference.newlyRefused),
        (.accessWidened, "newly allowed", difference.newlyAllowed),
      ] where !addresses.isEmpty {
        notes.append(
          Diagnostic(kind.code, "\(difference.subject): \(what): \(addresses.summary)", at: place))
      }
      let listeners = span(new.provenance.origin(around: section))
      for reach in difference.reachTexts {
        let kind: ChangeClass = reach.isWider ? .accessWidened : .accessNarrowed
        notes.append(Diagnostic(kind.code, "\(difference.subject): \(reach.text)", at: listeners))
      }
      notes += difference.keptTexts.map {
        Diagnostic(ChangeClass.ipControl.code, "\(difference.subject): \($0)", at: place)
      }
    }
    for (kind, what, those) in [
      (ChangeClass.expectationRemoved, "no longer expected", expectations?.removed ?? []),
      (.expectationAdded, "newly expected", expectations?.added ?? []),
    ] {
      notes += those.map { Diagnostic(kind.code, "\(what): \($0.text)", at: span($0.span)) }
    }
    return notes
  }

  /// What changes mean for clients, which their values do not tell: a sentence each.
  private var consequences: [(kind: ChangeClass, text: String, place: Provenance.Origin?)] {
    var found: [(kind: ChangeClass, text: String, place: Provenance.Origin?)] = []
    for certificate in new.plan.certificates {
      guard let before = old?.plan.certificates.first(where: { $0.name == certificate.name }) else {
        continue
      }
      let place = new.provenance.origin(around: "certificates.\(certificate.name)")
      found += before.leaf.losses(in: certificate.leaf).map {
        (.certificate, "certificates.\(certificate.name): \($0)", place)
      }
    }
    for difference in supplement.tls {
      let place = new.provenance.origin(around: "services.\(difference.service).tls")
      found += difference.sentences.map { (.tls, "\(difference.service): \($0)", place) }
    }
    if let mailboxes = supplement.mailboxes {
      found.append((.mail, mailboxes.text, new.provenance.origin(around: "mail.maildir")))
    }
    return found
  }
}

extension ChangeClass {
  fileprivate var title: String { rawValue.replacing("-", with: " ") }

  fileprivate var code: DiagnosticCode {
    DiagnosticCode(
      id: rawValue, severity: .note, title: title,
      explanation:
        "A change of this class; --fail-on \(rawValue) makes ocean diff and ocean plan exit with 3 for it.")
  }
}
