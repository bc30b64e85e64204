package import OceanHost
package import OceanSyntax

extension LoadedPlan {
  /// Loads a plan that is to run. What is wrong with a config is printed.
  package init(_ path: String, overriding: Set<String>, on screen: Screen) throws(Failure) {
    self = try Progress.showing("compiling \(path)", on: screen) { _ throws(Failure) in
      try LoadedPlan(path, overriding: overriding) { Self.show($0, on: screen) }
    }
  }

  /// Loads a plan that is only asked about. What is wrong with a config is printed.
  package init(asking path: String, facts: String? = nil, on screen: Screen) throws(Failure) {
    self = try Progress.showing("compiling \(path)", on: screen) { _ throws(Failure) in
      try LoadedPlan(asking: path, facts: facts) { Self.show($0, on: screen) }
    }
  }

  /// A plan that was loaded, or not, and what is wrong with its config, which was not printed yet.
  package struct Unshown {
    fileprivate var wrong: CompiledConfig?
    fileprivate var result: Result<LoadedPlan, Failure>

    /// Prints what is wrong.
    package func shown(on screen: Screen) throws(Failure) -> LoadedPlan {
      if let wrong { LoadedPlan.show(wrong, on: screen) }
      return try result.get()
    }
  }

  /// Loads a plan that is only asked about. A name that looks like a digest is that of a kept plan; a file of
  /// such a name is written `./name`.
  ///
  /// - Parameter state: finds the state directory of the server that keeps it.
  package static func quietly(
    asking name: String, facts: String? = nil, keptIn state: () throws(Failure) -> String
  ) -> Unshown {
    var wrong: CompiledConfig?
    func load() throws(Failure) -> LoadedPlan {
      guard name.isDigest else { return try LoadedPlan(asking: name, facts: facts) { wrong = $0 } }
      do {
        return try LoadedPlan(kept: name, in: try state())
      } catch {
        guard name.isFile else { throw error }
        throw Failure("\(error.message); for the file, write ./\(name)")
      }
    }
    let result = Result { () throws(Failure) in try load() }
    return Unshown(wrong: wrong, result: result)
  }

  /// The same, with progress; what is wrong with a config is printed.
  package init(
    asking name: String, on screen: Screen, keptIn state: () throws(Failure) -> String
  ) throws(Failure) {
    let loaded = Progress.showing("compiling \(name)", on: screen) { _ in
      Self.quietly(asking: name, keptIn: state)
    }
    self = try loaded.shown(on: screen)
  }

  private static func show(_ config: CompiledConfig, on screen: Screen) {
    printError(config.report(on: screen))
  }

  /// What a command says that has answered although the config is not valid; nil if it is.
  package var flaw: String? {
    guard isBroken else { return nil }
    return "\(path): not valid, because an expectation is broken; this answer is for the config without it"
  }
}
