package import Logging
import OceanBase
import OceanCompiler
package import OceanHost
package import OceanPlan

/// The source of plans: a config, compiled each time, or a saved plan, which stays as it is.
package enum PlanSource: Sendable {
  case config(path: String)
  case saved(PlanFile, path: String)

  package init(_ path: String) throws(Failure) {
    self = try PlanFile.read(path).map { .saved($0, path: path) } ?? .config(path: path)
  }

  /// - Parameters:
  ///   - starting: whether the server starts: then warnings and notes are reported too, not only errors.
  ///   - report: is told the config if there is something to say about it.
  package func load(
    starting: Bool, _ logger: Logger, reporting report: (CompiledConfig) -> Void
  ) throws(Failure) -> PreparedPlan {
    switch self {
    case .saved(let file, let path):
      try recheck(file, path, logger)
      let runnable = try PreparedPlan(renewing: file, from: nil)
      try runnable.requireRenewals(of: file)
      return runnable
    case .config(let path):
      let begin = SystemClock.wall.now
      let config = try CompiledConfig(path, for: starting ? .starting : .reloading)
      if starting || config.result.plan == nil { report(config) }
      guard let plan = config.result.plan else {
        throw Failure("\(path): \(config.reasonForNoPlan)")
      }
      var prepared = PreparedPlan(
        try config.planFile(plan), config.identities, config.facts.certificates)
      prepared.unusableLists = config.result.unusableLists
      prepared.unmetExpectations = config.unmetExpectations
      prepared.inputs = PlanInputs(config, readAfter: begin)
      return prepared
    }
  }

  /// Logs what there is to say about accounts in long files, for which the start did not wait. Blocks.
  func logAccounts(to logger: Logger) {
    guard case .config(let path) = self,
      let config = try? CompiledConfig(path, for: .starting, isThorough: true)
    else { return }
    config.logAccounts(to: logger)
  }

  /// Checks that the inputs of a saved plan are still there; if the config has changed since, the log says
  /// so.
  private func recheck(_ file: PlanFile, _ path: String, _ logger: Logger) throws(Failure) {
    for input in file.inputs where input.role != .certificate {
      let bytes: [UInt8]
      do {
        if input.role == .accounts {
          // The server reads it; a plan does not depend on what is in it.
          try Files.requireAccounts(input.path)
          continue
        }
        bytes = try Files.read(input.path, limit: Files.configLimit)
      } catch {
        if input.role == .config { continue }
        if input.role == .addresses {
          logger.error(
            "cannot read the address list \(input.path): \(error.reason); the plan runs with the entries that it has"
          )
          continue
        }
        throw Failure("cannot read \(input.path), which \(path) needs: \(error.reason)")
      }
      if let expected = input.sha256, Digest(of: bytes) != expected {
        logger.warning("\(input.path) has changed since \(path) was made; the plan runs as it is")
      }
    }
  }
}
