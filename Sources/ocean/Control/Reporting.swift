import ArgumentParser
import OceanHost
import OceanReport

/// Runs a command. A failure that one sentence explains becomes that sentence and an exit code.
///
/// - Parameter code: the exit code of a failure; 4 is that of a stale plan.
func reporting<Result>(_ code: Int32 = 1, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as Failure {
    printSentence(error.message)
    throw ExitCode(error.kind == .stale ? 4 : code)
  }
}

extension LoadedPlan {
  /// Ends a command that has answered, if the config is not valid.
  ///
  /// - Parameter code: the command's exit code for an invalid config.
  func exitIfBroken(_ code: Int32) throws {
    guard let flaw else { return }
    printSentence(flaw)
    throw ExitCode(code)
  }
}
