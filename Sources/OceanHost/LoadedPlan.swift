import OceanBase
import OceanCompiler
package import OceanPlan

/// A plan from a file, which is a config or a saved plan: for commands that ask about plans and run no plan.
package struct LoadedPlan {
  package let path: String
  package let file: PlanFile
  /// The config; nil for a saved plan.
  package let config: CompiledConfig?
  /// Whether expectations of the config are broken; the plan is what it compiles to all the same.
  package let isBroken: Bool

  package var plan: Plan { file.plan }
  package var version: PlanVersion { PlanVersion(file) }

  /// Loads a plan that is to run.
  ///
  /// - Parameters:
  ///   - overriding: the places of a config's expectations that need not hold.
  ///   - report: is told the config if something is wrong with it.
  package init(
    _ path: String, overriding: Set<String>, reporting report: (CompiledConfig) -> Void
  ) throws(Failure) {
    if let file = try Self.saved(path) {
      guard overriding.isEmpty else {
        throw Failure(
          "the expectations of a saved plan were checked when it was made: override them there")
      }
      self.init(path, file)
      return
    }
    let config = try CompiledConfig(path, for: .planning, overriding: overriding)
    try self.init(config, isBroken: false, report)
  }

  /// Loads a plan that is only asked about. Broken expectations are no reason to give no answer: somebody
  /// wants to see which clients they affect.
  ///
  /// - Parameters:
  ///   - facts: a file with the facts for a config; nil gathers them here.
  ///   - report: is told the config if something is wrong with it, a broken expectation too.
  package init(
    asking path: String, facts: String? = nil, reporting report: (CompiledConfig) -> Void
  ) throws(Failure) {
    if let file = try Self.saved(path) {
      self.init(path, file)
      return
    }
    let config = try CompiledConfig(path, for: .planning, factsPath: facts)
    guard let despite = config.despiteExpectations(for: .planning) else {
      try self.init(config, isBroken: false, report)
      return
    }
    report(config)
    try self.init(despite, isBroken: true, report)
  }

  /// Loads a plan that a server keeps.
  ///
  /// - Parameters:
  ///   - digits: its digest, or the first digits.
  ///   - state: the server's state directory.
  package init(kept digits: String, in state: String) throws(Failure) {
    let plan = try KeptPlans(in: state, isThorough: false).plan(named: digits)
    self.init(plan.path, try plan.file)
  }

  private init(_ path: String, _ file: PlanFile) {
    self.path = path
    self.file = file
    config = nil
    isBroken = false
  }

  private init(
    _ config: CompiledConfig, isBroken: Bool, _ report: (CompiledConfig) -> Void
  ) throws(Failure) {
    path = config.path
    guard let plan = config.result.plan else {
      report(config)
      throw Failure("\(path): \(config.reasonForNoPlan)")
    }
    file = try config.planFile(plan)
    self.config = config
    self.isBroken = isBroken
  }

  /// The saved plan as a server would run it now; nil for a config. The file is read once: what comes from
  /// standard input is a config.
  private static func saved(_ path: String) throws(Failure) -> PlanFile? {
    path == Files.standardInput ? nil : try PlanFile.read(path)?.endedByNow()
  }
}

extension PlanFile {
  /// The same plan without the rules whose end has come: they are never to run again.
  package func endedByNow() throws(Failure) -> PlanFile {
    do {
      return try ended(by: SystemClock.wall.seconds)
    } catch {
      throw Failure("\(error)")
    }
  }

  /// Whether the file at `path` is a saved plan and not a config, as its form tells; whether it can be used is not
  /// looked at. False if it cannot be read.
  package static func isSaved(at path: String) -> Bool {
    (try? Files.read(path, limit: Files.planLimit)).map(isPlausible) ?? false
  }

  /// Reads a saved plan; nil if the file at `path` is not one, and so a config.
  package static func read(_ path: String) throws(Failure) -> PlanFile? {
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: Files.planLimit)
    } catch {
      throw Failure("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
    }
    guard isPlausible(bytes) else { return nil }
    do {
      return try PlanFile(json: bytes)
    } catch {
      throw Failure("\(path) is not a usable plan: \(error)")
    }
  }
}

extension PlanFile {
  /// The state directory that a config or a saved plan names; nil if a config's mistakes leave none.
  package static func state(in path: String) throws(Failure) -> String? {
    if let saved = try read(path) { return saved.plan.server.state }
    do {
      return try loadConfig(path, files: Files.access).stateDirectory
    } catch {
      throw Failure("cannot read \(path): \(error.reason)")
    }
  }
}

extension CompiledConfig {
  /// The plan that the config compiled to, in the form in which it is saved.
  package func planFile(_ plan: Plan) throws(Failure) -> PlanFile {
    do {
      return try PlanFile(
        plan: plan, inputs: result.inputs, provenance: result.provenance, rules: result.rules,
        expectations: result.expectations)
    } catch {
      throw Failure("\(error)")
    }
  }

  /// Half a sentence: why there is no plan.
  package var reasonForNoPlan: String {
    let errors = count(.error)
    if errors > 0 { return counted(errors, "error") }
    return "not everything could be read: \(result.notChecked.first ?? "")"
  }
}
