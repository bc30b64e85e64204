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

  /// Reports which entry ends first.
  mutating func reportNextEnd() {
    // A list that is named in several places is resolved once.
    var seen: Set<Span> = []
    let ending = addressLists.ending.filter { seen.insert($0.span).inserted }
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

/// The most ends at which expectations are checked beforehand.
private let maxEnds = 32

/// Reports expectations that hold now, and will not once rules have ended. The config is lowered again as it
/// will be then.
func reportLaterExpectations(
  _ loaded: LoadedConfig, _ plan: Plan, _ lowering: inout Lowering
) {
  guard !lowering.expectations.isEmpty else { return }
  // What ends in a list that expectations alone name is not in the plan.
  let ends = Set(plan.ends.map(\.at)).union(lowering.addressLists.ending.map(\.until)).sorted()
  if ends.count > maxEnds {
    lowering.reportNotChecked("expectations after \(ends[maxEnds - 1]), when more rules end")
  }
  var reported: Set<Span?> = []
  for end in ends.prefix(maxEnds) {
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
