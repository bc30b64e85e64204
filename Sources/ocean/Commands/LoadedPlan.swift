import Glibc
import OceanCompiler
import OceanPlan

/// A plan from a file, which is a config or a saved plan: for commands that ask about plans and run none.
struct LoadedPlan {
  let path: String
  let file: PlanFile
  /// Nil for a saved plan.
  let config: CompiledConfig?

  var plan: Plan { file.plan }
  var version: PlanVersion { PlanVersion(file) }

  /// - Parameter overriding: the places of a config's expectations that need not hold.
  /// - Throws: a sentence. What is wrong with a config is printed before.
  init(_ path: String, overriding: Set<String> = []) throws(CommandError) {
    self.path = path
    // Read once: what comes from standard input is a config.
    if path != Files.standardInput, let file = try PlanFile.read(path) {
      guard overriding.isEmpty else {
        throw CommandError(
          "the expectations of a saved plan were checked when it was made: override them there")
      }
      self.file = file
      config = nil
      return
    }
    let config = try CompiledConfig(path, for: .planning, overriding: overriding)
    guard let plan = config.result.plan else {
      printError(config.report(color: Terminal.hasColor(STDERR_FILENO)))
      throw CommandError("\(path): \(config.reasonForNoPlan)")
    }
    file = try config.planFile(plan)
    self.config = config
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
        plan: plan, inputs: result.inputs, provenance: result.provenance, expectations: result.expectations)
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
