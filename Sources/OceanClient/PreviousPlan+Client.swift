package import OceanHost
package import OceanPlan
package import OceanReport
package import OceanSyntax

extension PreviousPlan {
  /// Finds the plan that a new one is compared with: that of the server on its state directory, unless somebody names another.
  ///
  /// - Parameters:
  ///   - against: `none`, a control socket, a config, a saved plan, or the digest of a plan that the server keeps.
  ///   - isElsewhere: whether the new plan is for another host: what runs on this one has nothing to do with it.
  ///   - option: the option that cannot be judged if a server may run and does not answer; nil goes on without it.
  ///   - screen: where it is shown that this takes long, and what is wrong with a config.
  ///   - warn: is told why a server that may run was not asked.
  package init(
    before plan: Plan, against: String?, isElsewhere: Bool, judging option: String?, on screen: Screen,
    warn: (String) -> Void
  ) throws(Failure) {
    if against == "none" {
      self = .nothing("--against none")
      return
    }
    if isElsewhere, against == nil {
      self = .nothing("the facts are from another host")
      return
    }
    if let against, against.isDigest || !Files.isSocket(against) {
      let loaded = try LoadedPlan(asking: against, on: screen) { () throws(Failure) in plan.server.state }
      self = .plan(
        loaded.version, name: "\(loaded.path), \(loaded.version.digest.short)",
        sources: loaded.config?.loaded.sources)
      return
    }
    do {
      self = .server(
        try LiveComparison(ControlClient(path: against ?? ControlPath.socket(in: plan.server.state))))
    } catch {
      guard against == nil else { throw error }
      if error.kind == .noServer {
        self = .nothing("no server runs on \(plan.server.state)")
        return
      }
      // A server may be running, but its plan is not known.
      if let option { throw Failure("\(option) cannot be judged: \(error.message)") }
      warn("not compared with a running server: \(error.message)")
      self = .nothing(error.message)
    }
  }
}
