import OceanCompiler
package import OceanHost
package import OceanSyntax

/// What `ocean check` says to a config that was just written, and what is left to do.
package struct FirstCheck {
  package let config: CompiledConfig
  /// The commands that are left, in the order in which they work; empty if there is nothing to do.
  package let commands: [String]
  /// The findings that the commands do not put right.
  package let others: [Diagnostic]
  let taken: TakenPorts
  /// The config's path.
  let path: String

  /// - Parameters:
  ///   - path: the config's.
  ///   - written: the files that were written.
  ///   - program: the path of `ocean`.
  package init(
    _ choices: Choices, at path: String, written: [String], program: String, host: InitHost
  ) throws(Failure) {
    config = try CompiledConfig(path)
    self.path = path
    taken = TakenPorts(choices, host.sockets)
    var facts = config.facts
    if facts.users[choices.user] == .missing, facts.isRoot {
      facts = try Self.factsForAnybody(choices, at: path)
      facts.users[choices.user] = .missing
    }
    let steps = RemainingSteps(
      choices, for: path, in: Files.directory(of: path), written: written, facts: facts, program: program,
      exists: host.exists)
    commands = steps.commands
    others = config.result.diagnostics.filter { !steps.codes.contains($0.code.id) }
  }

  /// The facts of the same config for a user who is there and may do nothing special.
  private static func factsForAnybody(_ choices: Choices, at path: String) throws(Failure) -> Facts {
    var choices = choices
    choices.user = RemainingSteps.anyUser
    let text = Array(FirstConfig(choices, in: Files.directory(of: path)).text.utf8)
    var files = Files.access
    files.read = { _ in text }
    let loaded: LoadedConfig
    do {
      loaded = try loadConfig(path, files: files)
    } catch {
      throw Failure("cannot read \(path): \(error.reason)")
    }
    let request = loaded.factRequest
    return Facts.gather(
      request, certificates: GatheredCertificates(request.certificates),
      defaultDomain: loaded.config.defaultDomain, wantsDamage: false, offline: true, now: nil)
  }
}
