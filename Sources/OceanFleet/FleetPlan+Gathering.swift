import OceanBase
package import OceanCompiler
import OceanHost
package import OceanPlan
import OceanSyntax

extension FleetPlan {
  /// Compiles the config of each node with the facts of that node, and compares it with what runs there. What no file has
  /// is asked for over ssh: the node gets the config and what it includes, and answers as if it had them.
  ///
  /// - Parameter report: is told what is done, and how far it has come.
  package init(
    of fleet: Fleet, asking questions: FleetQuestions, _ report: (String) -> Void = { _ in }
  ) {
    func ask(_ question: NodeQuestion, _ what: String, _ isNeeded: (Fleet.Node) -> Bool)
      -> FleetQuestions.Answers
    {
      let nodes = fleet.nodes.filter { isNeeded($0) && $0.ssh != nil }
      guard !nodes.isEmpty else { return [:] }
      return questions.ask(question, nodes) { report("\(what): \($0) of \($1)") }
    }
    var configs = RemoteConfigs()
    var mistakes: FleetQuestions.Answers = [:]
    let commands = fleet.nodes.compactMap { node -> (node: Fleet.Node, command: NodeCommand)? in
      guard node.facts == nil, node.ssh != nil else { return nil }
      do throws(Failure) {
        let archive = try configs.archive(of: node.config, as: node.remoteConfig)
        return (node, NodeQuestion.facts.command(for: node, input: try archive.bytes))
      } catch {
        mistakes[node.name] = .failure(NodeTrouble(.invalid, error.message))
        return nil
      }
    }
    var facts = mistakes.merging(
      questions.ask(commands) { report("facts: \($0) of \($1)") }, uniquingKeysWith: { $1 })
    let older = Set(facts.filter { $0.value.isUnknownOption }.keys)
    facts.merge(ask(.factsOfItsConfig, "facts") { older.contains($0.name) }) { $1 }
    // Who does not tell its facts is not asked again.
    let plans = ask(.plan, "plans") { node in
      if node.plan != nil { return false }
      if case .failure = facts[node.name] { return false }
      return true
    }
    self.init(
      fleet,
      fleet.nodes.enumerated().map { index, node in
        report("compiled: \(index) of \(fleet.nodes.count)")
        return Node(node) { () throws(NodeTrouble) in
          try Self.planned(
            node, facts[node.name], plans[node.name], &configs, isOlder: older.contains(node.name))
        }
      })
  }

  private static func planned(
    _ node: Fleet.Node, _ facts: FleetQuestions.Answer?, _ plan: FleetQuestions.Answer?,
    _ configs: inout RemoteConfigs, isOlder: Bool
  ) throws(NodeTrouble) -> Planned {
    let given = try self.facts(of: node, facts)
    let config: CompiledConfig
    do throws(Failure) {
      config = try configs.compiled(node.config, given, from: node.facts)
    } catch {
      throw NodeTrouble(.invalid, error.message)
    }
    guard let compiled = config.result.plan else {
      let reason =
        config.result.diagnostics.firstError(in: config.loaded.sources, of: config.path)
        ?? "\(config.path): \(config.reasonForNoPlan)"
      throw NodeTrouble(
        .invalid,
        isOlder
          ? "\(reason); ocean there is too old to be asked about a new config: update it, or write its facts to a file for 'facts'"
          : reason)
    }
    let running = try self.running(on: node, plan)
    do {
      let file = try config.planFile(compiled)
      return try Planned(
        file, of: NodeFile.all(of: file, config, given, for: node), over: running.map { try Running($0) })
    } catch {
      throw NodeTrouble(.invalid, "\(error)")
    }
  }

  private static func facts(
    of node: Fleet.Node, _ answer: FleetQuestions.Answer?
  ) throws(NodeTrouble) -> FactsFile {
    if let path = node.facts {
      do throws(Failure) { return try FactsFile.read(path) } catch {
        throw NodeTrouble(.wrong, error.message)
      }
    }
    guard let answer else { throw NodeTrouble(.unreachable, "it has neither 'facts' nor 'ssh'") }
    let bytes = try answer.get()
    do {
      return try FactsFile(json: bytes)
    } catch {
      throw NodeTrouble(
        .wrong, "'\(NodeQuestion.facts.text(for: node))' printed something else than facts: \(error)")
    }
  }

  /// The plan that runs on a node; nil if nothing says which.
  package static func running(
    on node: Fleet.Node, _ answer: FleetQuestions.Answer?
  ) throws(NodeTrouble) -> PlanFile? {
    if let path = node.plan {
      do throws(Failure) {
        guard let file = try PlanFile.read(path) else { throw Failure("\(path) is not a saved plan") }
        return file
      } catch {
        throw NodeTrouble(.wrong, error.message)
      }
    }
    guard let answer else { return nil }
    let bytes = try answer.get()
    do {
      return try PlanFile(json: bytes)
    } catch {
      throw NodeTrouble(
        .wrong, "'\(NodeQuestion.plan.text(for: node))' printed a plan that cannot be used: \(error)")
    }
  }
}

extension FleetQuestions.Answer {
  /// Whether ocean on the node does not know the option that brings a config along.
  fileprivate var isUnknownOption: Bool {
    if case .failure(let trouble) = self { trouble.reason.contains("Unknown option '--tar'") } else { false }
  }
}
