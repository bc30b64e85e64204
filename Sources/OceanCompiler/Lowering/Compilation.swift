package import OceanBase
package import OceanPlan
package import OceanSyntax

/// The result of compiling: a plan if nothing is wrong, and all diagnostics.
package struct Compilation: Sendable {
  /// A warning that the config acknowledges, and the reason it gives.
  package struct Acknowledged: Sendable, Hashable {
    package let diagnostic: Diagnostic
    package let reason: String
  }

  /// The plan. Nil if there is an error, or a certificate could not be read, which is among `notChecked`
  /// then.
  @Indirect package private(set) var plan: Plan?
  @Indirect package private(set) var provenance: Provenance
  /// The rules of the plan's address lists.
  package let rules: PlanRules
  package let inputs: [PlanFile.Input]
  /// Sorted by place.
  package let diagnostics: [Diagnostic]
  package let acknowledged: [Acknowledged]
  /// The things that could not be checked: `users.passwd (not readable by this user)`.
  package let notChecked: [String]
  /// Why list files cannot be used, by absolute path; empty unless a server starts. The plan is without their
  /// entries, and must not run before it has those of a confirmed plan.
  package let unusableLists: [String: String]
  /// The places of broken expectations that were overridden.
  package let overridden: Set<String>
  /// `server.protect` and each `expect`. If there is a plan they all hold, except those that were overridden.
  package let expectations: [Plan.Expectation]

  /// The places of expectations that do not hold and are not overridden.
  package var brokenExpectations: [Span] {
    diagnostics.filter { $0.code == .brokenExpectation && $0.severity == .error }.compactMap(\.span)
  }

  /// The places of expectations that do not hold, whether that is an error or, as for a server that starts, a
  /// warning; without those that were overridden.
  package var unmetExpectations: [Span] {
    diagnostics.filter { $0.code == .brokenExpectation }.compactMap(\.span)
  }

  /// The rules and settings that no expectation would miss; nil without a plan.
  package var coverage: Coverage? {
    plan.map { plan in
      Coverage(of: plan, provenance, rules, expectations, cases: []) { _, _ in .unknown("not asked") }
    }
  }

  /// Whether something else is wrong: then it is not known whether expectations hold.
  package var hasOtherErrors: Bool {
    diagnostics.contains { $0.severity == .error && $0.code != .brokenExpectation }
  }
}

/// The purpose of compiling.
package enum Purpose: Sendable {
  case checking
  /// Like `checking`, for somebody who wants the plan, or the reason why there is no plan. Rules without
  /// effect are not looked for, because that takes longer than everything else where lists are long.
  case planning
  /// The server starts. Some errors are warnings then, so that they do not keep it from starting again.
  case starting
  /// The server runs, and will run this plan from now on. A certificate that has expired, which it may
  /// present already, is no reason to refuse everything else. Rules without effect are treated as for
  /// `planning`.
  case reloading

  /// Whether no server is stopped by the findings.
  var isChecking: Bool { self == .checking || self == .planning }
  var wantsAdvice: Bool { self == .checking || self == .starting }
  /// Whether all plans that a server keeps are read, to find damaged ones. A server that starts reads them
  /// itself and logs what is damaged; others report nothing about them.
  package var wantsDamage: Bool { self == .checking }
  /// Whether what is in long account files is of interest. A server reads them itself, and does not wait for that.
  package var wantsLongFiles: Bool { isChecking }
}

/// Compiles a config with the facts that its `factRequest` asked for. Pure: the same input gives the same
/// result.
///
/// - Parameter overriding: the places of expectations, like `ocean.yaml:20`, that need not hold: if they are
///   broken, that is a warning.
package func compile(
  _ loaded: LoadedConfig, _ facts: Facts, for purpose: Purpose = .checking, overriding: Set<String> = []
) -> Compilation {
  var lowering = Lowering(loaded, facts: facts, purpose: purpose, overriding: overriding)
  let plan = loaded.isComplete ? lowering.run() : nil
  // A server that starts has reported what is wrong when it was decided.
  if let plan, purpose != .starting { reportLaterExpectations(loaded, plan, &lowering) }
  var acknowledgement = Acknowledgement(
    of: loaded.diagnostics + lowering.diagnostics,
    isExhaustive: lowering.notChecked.isEmpty && purpose.wantsAdvice,
    without: facts.damaged == nil ? [.damagedState] : [])
  acknowledgement.apply(loaded.config.acknowledge?.value ?? [])
  let isValid = acknowledgement.remaining.allSatisfy { $0.severity != .error }
  return Compilation(
    plan: isValid ? plan : nil, provenance: lowering.provenance, rules: lowering.rules,
    inputs: loaded.inputs + lowering.inputs,
    diagnostics: acknowledgement.remaining.sorted(), acknowledged: acknowledgement.acknowledged,
    notChecked: lowering.notChecked, unusableLists: lowering.addressLists.unusable,
    overridden: lowering.overridden,
    expectations: lowering.expectations)
}

/// Removes the warnings that are acknowledged, and reports acknowledgements without a warning.
private struct Acknowledgement {
  private(set) var remaining: [Diagnostic]
  private(set) var acknowledged: [Compilation.Acknowledged] = []
  /// Whether all possible warnings have been looked for.
  private let isExhaustive: Bool
  /// Those that have not been in any case.
  private let unasked: Set<DiagnosticCode>

  init(of diagnostics: [Diagnostic], isExhaustive: Bool, without unasked: Set<DiagnosticCode>) {
    remaining = diagnostics
    self.unasked = unasked
    self.isExhaustive = isExhaustive && diagnostics.allSatisfy { $0.severity != .error }
  }

  mutating func apply(_ given: [Located<Config.Acknowledgement>]) {
    let occurring = Set(remaining.filter { $0.severity != .error }.map(\.code))
    var accepted: [DiagnosticCode: Located<String>] = [:]
    for acknowledgement in given.map(\.value) {
      guard let code = acknowledgement.code, let reason = acknowledgement.reason?.value else { continue }
      guard let known = DiagnosticCode.byID[code.value], known.severity != .error else {
        let isError = DiagnosticCode.byID[code.value] != nil
        report(
          .badAcknowledgement, isError ? "\(code.value) is an error" : "there is no code '\(code.value)'",
          code,
          help: "only warnings and notes can be acknowledged")
        continue
      }
      if let first = accepted[known] {
        report(
          .repeatedEntry, "\(known.id) is acknowledged twice", code,
          related: [Diagnostic.Related("first here", at: first.span)])
      } else if occurring.contains(known) {
        accepted[known] = Located(reason, code.span)
      } else if isExhaustive, !unasked.contains(known) {
        report(
          .unusedAcknowledgement, "there is no \(known.severity.rawValue) \(known.id) to acknowledge", code,
          help: "remove it: it would hide a new one")
      }
    }
    func reason(_ diagnostic: Diagnostic) -> String? {
      diagnostic.severity == .error ? nil : accepted[diagnostic.code]?.value
    }
    acknowledged = remaining.sorted().compactMap { diagnostic in
      reason(diagnostic).map { Compilation.Acknowledged(diagnostic: diagnostic, reason: $0) }
    }
    remaining.removeAll { reason($0) != nil }
  }

  private mutating func report(
    _ code: DiagnosticCode, _ message: String, _ place: Located<String>, related: [Diagnostic.Related] = [],
    help: String? = nil
  ) {
    remaining.append(Diagnostic(code, message, at: place.span, related: related, help: help))
  }
}
