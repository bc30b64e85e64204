import ArgumentParser
import OceanHost
import OceanReport
import OceanSyntax

extension LoadedPlan {
  /// Loads a plan that is to run. What is wrong with a config is printed.
  init(_ path: String, overriding: Set<String>, on screen: Screen) throws(Failure) {
    self = try Progress.showing("compiling \(path)", on: screen) { _ throws(Failure) in
      try LoadedPlan(path, overriding: overriding) { Self.show($0, on: screen) }
    }
  }

  /// Loads a plan that is only asked about. What is wrong with a config is printed.
  init(asking path: String, facts: String? = nil, on screen: Screen) throws(Failure) {
    self = try Progress.showing("compiling \(path)", on: screen) { _ throws(Failure) in
      try LoadedPlan(asking: path, facts: facts) { Self.show($0, on: screen) }
    }
  }

  /// Loads a plan that is only asked about. A name that looks like a digest is that of a kept plan; a file of
  /// such a name is written `./name`.
  ///
  /// - Parameter state: finds the state directory of the server that keeps it.
  init(
    asking name: String, facts: String? = nil, on screen: Screen, keptIn state: () throws(Failure) -> String
  ) throws(Failure) {
    guard name.isDigest else {
      try self.init(asking: name, facts: facts, on: screen)
      return
    }
    do {
      try self.init(kept: name, in: try state())
    } catch {
      guard name.isFile else { throw error }
      throw Failure("\(error.message); for the file, write ./\(name)")
    }
  }

  private static func show(_ config: CompiledConfig, on screen: Screen) {
    printError(config.report(on: screen))
  }

  /// Ends a command that has answered, if the config is not valid.
  ///
  /// - Parameter code: the command's exit code for an invalid config.
  func exitIfBroken(_ code: Int32) throws {
    guard isBroken else { return }
    printSentence(
      "\(path): not valid, because an expectation is broken; this answer is for the config without it")
    throw ExitCode(code)
  }
}
