package import OceanPlan
package import OceanSyntax

/// What compiling gives: a plan if nothing is wrong, and everything there is to say.
package struct Compilation: Sendable {
  /// Nil if there is an error.
  package let plan: Plan?
  package let provenance: Provenance
  package let inputs: [PlanFile.Input]
  /// Sorted by place.
  package let diagnostics: [Diagnostic]
  /// Warnings that the config says are known, with the reasons it gives.
  package let acknowledged: [(diagnostic: Diagnostic, reason: String)]
  /// What could not be looked at with the rights of this user: `users.passwd (not readable by this user)`.
  package let notChecked: [String]
}

/// Compiles a config with the facts that its `factRequest` asked for. Pure: same input, same result.
package func compile(_ loaded: LoadedConfig, _ facts: Facts) -> Compilation {
  var lowering = Lowering(config: loaded.config, facts: facts, sources: loaded.sources)
  let plan = loaded.isReadable ? lowering.run() : nil
  let all = loaded.diagnostics + lowering.diagnostics
  let (kept, acknowledged, unused) = acknowledge(all, loaded.config)
  let diagnostics = (kept + unused).sorted()
  let invalid = diagnostics.contains { $0.severity == .error }
  return Compilation(
    plan: invalid ? nil : plan, provenance: lowering.provenance, inputs: loaded.inputs + lowering.inputs,
    diagnostics: diagnostics, acknowledged: acknowledged, notChecked: lowering.notChecked)
}

/// Takes out the warnings that are acknowledged, and says which acknowledgements match none.
private func acknowledge(
  _ diagnostics: [Diagnostic], _ config: Config
) -> (kept: [Diagnostic], acknowledged: [(diagnostic: Diagnostic, reason: String)], unused: [Diagnostic]) {
  var reasons: [String: String] = [:]
  var unused: [Diagnostic] = []
  for acknowledgement in config.acknowledge?.value ?? [] {
    guard let code = acknowledgement.value.code, let reason = acknowledgement.value.reason else { continue }
    let known = DiagnosticCode.all.first { $0.id == code.value }
    if known == nil || known?.severity == .error {
      unused.append(
        Diagnostic(.badAcknowledgement, known == nil ? "'\(code.value)' is no code" : "\(code.value) is an error",
          at: code.span, help: "only warnings can be acknowledged"))
    } else if !diagnostics.contains(where: { $0.code.id == code.value }) {
      unused.append(
        Diagnostic(.unusedAcknowledgement, "there is no warning \(code.value) to acknowledge",
          at: code.span, help: "remove it: it would hide a new one"))
    } else {
      reasons[code.value] = reason.value
    }
  }
  var kept: [Diagnostic] = []
  var acknowledged: [(diagnostic: Diagnostic, reason: String)] = []
  for diagnostic in diagnostics {
    if diagnostic.severity != .error, let reason = reasons[diagnostic.code.id] {
      acknowledged.append((diagnostic, reason))
    } else {
      kept.append(diagnostic)
    }
  }
  return (kept, acknowledged, unused)
}
