import OceanAddresses
import OceanPlan
import OceanSyntax

/// An entry of an address list whose end is still to come.
struct EndingEntry {
  let text: String
  let until: RuleEnd
  let span: Span
}

extension Lowering {
  /// Notes an entry with an end, and reports one whose end has come.
  mutating func noteEnd(of text: String, _ until: RuleEnd, at span: Span, isEnded: Bool) {
    guard isEnded else {
      addressLists.ending.append(EndingEntry(text: text, until: until, span: span))
      return
    }
    report(
      .endedEntry, span, "\(text) was to be here until \(until): it no longer counts",
      help: "remove the entry, or give it a later end")
  }

  /// Reports which entry ends first, of those whose end changes something.
  mutating func reportNextEnd() {
    // A list that is named in several places is resolved once.
    var seen: Set<Span> = []
    let (all, leaving) = addressLists.endsInForce
    let ending = addressLists.ending.filter { entry in
      let place = origin(of: entry.span)
      return seen.insert(entry.span).inserted && (leaving.contains(place) || !all.contains(place))
    }
    guard let next = ending.min(by: { ($0.until, $0.span) < ($1.until, $1.span) }) else { return }
    let others = ending.count - 1
    report(
      .nextEnd, next.span,
      "\(next.text) is here until \(next.until), which is \(next.until.distance(from: facts.now))",
      label: others > 0 ? "\(counted(others, "other entry", plural: "other entries")) with an end" : nil)
  }

  /// Reports entries whose end changes nothing, because others of the list stay and hold all of their addresses.
  mutating func reportVainEnds(_ list: LoweredAddresses) {
    guard purpose.wantsAdvice, list.rules.hasEnds else { return }
    let lasting = list.rules.lasting
    for entry in list.entries {
      guard case .pattern(let pattern, let text, let until?) = entry.entry, !until.isPast(at: facts.now),
        lasting.contains(pattern)
      else { continue }
      let other = list.entries.first { other in
        guard case .pattern(_, _, nil) = other.entry else { return false }
        return other.addresses.contains(pattern)
      }
      report(
        .vainEnd, entry.span, "the end of \(text) changes nothing: the list holds it all the same",
        related: other.map { [Diagnostic.Related("holds it", at: $0.span)] } ?? [],
        help: "remove what holds it, or this entry")
    }
  }

  /// Reports ends where none can be: which exception holds for an address depends on those before it.
  mutating func requireNoEnds(_ list: LoweredAddresses, at span: Span) {
    guard list.rules.hasEnds else { return }
    report(
      .badEnd, span, "an exception of the limits cannot have an end",
      help: "name its addresses without 'until'")
  }
}

/// The most ends at which expectations are checked beforehand: each costs as much as compiling the config, for which
/// an entry counts as much as twenty lines of a list file.
private func maxEnds(_ rules: PlanRules) -> Int {
  let work = rules.sorted.reduce(0) { $0 + $1.rules.entries.count + $1.rules.rules.count / 20 }
  return min(1000, max(32, 50_000 / max(1, work)))
}

/// Reports expectations that hold now, and will not once rules have ended. The config is lowered again as it
/// will be then.
func reportLaterExpectations(
  _ loaded: LoadedConfig, _ plan: Plan, _ lowering: inout Lowering
) {
  guard !lowering.expectations.isEmpty else { return }
  // What ends in a list that expectations alone name is not in the plan.
  let ends = Set(plan.ends.map(\.at)).union(lowering.addressLists.ending.map(\.until)).sorted()
  let most = maxEnds(lowering.rules)
  if ends.count > most {
    lowering.reportNotChecked(
      "expectations from \(ends[most]) on: they are checked after the first \(most) of \(ends.count) ends of rules"
    )
  }
  var reported: Set<Span?> = []
  for end in ends.prefix(most) {
    var later = lowering.later(loaded, at: end)
    _ = later.run()
    for broken in later.diagnostics where broken.code == .brokenExpectation && broken.severity == .error {
      guard reported.insert(broken.span).inserted else { continue }
      lowering.report(
        .laterExpectation, broken.span, "after \(end), when a rule has ended, \(broken.message)",
        label: broken.label, help: "give the expectation the same end, or the rule a later one")
    }
  }
}
