import ArgumentParser
import Glibc
import OceanCompiler
import OceanPlan

/// A plan from a file, which is a config or a saved plan: for commands that ask about plans and run none.
struct LoadedPlan {
  let path: String
  let file: PlanFile
  /// Nil for a saved plan.
  let config: CompiledConfig?
  /// Whether expectations of the config are broken, and this is what it comes to all the same.
  let isBroken: Bool

  var plan: Plan { file.plan }
  var version: PlanVersion { PlanVersion(file) }

  /// A plan that is to run.
  ///
  /// - Parameter overriding: the places of a config's expectations that need not hold.
  /// - Throws: a sentence. What is wrong with a config is printed before.
  init(_ path: String, overriding: Set<String>) throws(CommandError) {
    if let file = try Self.saved(path) {
      guard overriding.isEmpty else {
        throw CommandError(
          "the expectations of a saved plan were checked when it was made: override them there")
      }
      self.init(path, file)
      return
    }
    let config = try CompiledConfig(path, for: .planning, overriding: overriding)
    try self.init(config, isBroken: false)
  }

  /// A plan that is only asked about. Broken expectations are no reason to have no answer: whom they are about is what
  /// somebody wants to see.
  ///
  /// - Parameter facts: a file with the facts for a config; nil gathers them here.
  /// - Throws: a sentence. What is wrong with a config is printed before, broken expectations too.
  init(asking path: String, facts: String? = nil) throws(CommandError) {
    if let file = try Self.saved(path) {
      self.init(path, file)
      return
    }
    let config = try CompiledConfig(path, for: .planning, factsPath: facts)
    guard let despite = config.despiteExpectations(for: .planning) else {
      try self.init(config, isBroken: false)
      return
    }
    printError(config.report(color: Terminal.hasColor(STDERR_FILENO)))
    try self.init(despite, isBroken: true)
  }

  private init(_ path: String, _ file: PlanFile) {
    self.path = path
    self.file = file
    config = nil
    isBroken = false
  }

  private init(_ config: CompiledConfig, isBroken: Bool) throws(CommandError) {
    path = config.path
    guard let plan = config.result.plan else {
      printError(config.report(color: Terminal.hasColor(STDERR_FILENO)))
      throw CommandError("\(path): \(config.reasonForNoPlan)")
    }
    file = try config.planFile(plan)
    self.config = config
    self.isBroken = isBroken
  }

  /// Nil for a config. Read once: what comes from standard input is a config.
  private static func saved(_ path: String) throws(CommandError) -> PlanFile? {
    path == Files.standardInput ? nil : try PlanFile.read(path)
  }

  /// Ends a command that has answered, if the config is not valid.
  ///
  /// - Parameter code: what the command exits with for an invalid config.
  func exitIfBroken(_ code: Int32) throws {
    guard isBroken else { return }
    printError(
      "ocean: \(path): not valid, as an expectation is broken; the answer is what comes of it without that")
    throw ExitCode(code)
  }
}

extension PlanFile {
  /// Nil if the file at `path` is no saved plan, and so a config.
  static func read(_ path: String) throws(CommandError) -> PlanFile? {
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: Files.planLimit)
    } catch {
      throw CommandError("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
    }
    guard isPlausible(bytes) else { return nil }
    do {
      return try PlanFile(json: bytes)
    } catch {
      throw CommandError("\(path) is no usable plan: \(error)")
    }
  }
}

extension CompiledConfig {
  /// What it compiled to, as it is saved.
  func planFile(_ plan: Plan) throws(CommandError) -> PlanFile {
    do {
      return try PlanFile(
        plan: plan, inputs: result.inputs, provenance: result.provenance, rules: result.rules,
        expectations: result.expectations)
    } catch {
      throw CommandError("\(error)")
    }
  }

  /// Half a sentence.
  var reasonForNoPlan: String {
    let errors = count(.error)
    if errors > 0 { return counted(errors, "error") }
    return "not everything could be read: \(result.notChecked.first ?? "")"
  }
}
