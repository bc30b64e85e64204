import Foundation
import OceanCompiler
import OceanControlAPI
import OceanPlan
import Testing

@testable import OceanFleet

/// Rolls a plan out to nodes that are values: event by event, with faults, and with an end between any two actions.
@Suite struct RolloutTests {
  private static let (old, new, policy) = (digest("old"), digest("new"), digest("policy"))

  private static func digest(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }

  private static func members(_ names: [String], canaries: Set<String> = []) -> [Rollout.Member] {
    names.map { name in
      var node = Fleet.Node(
        name: name, place: .init(file: "fleet.yaml", line: 1, column: 1), ssh: name, config: "/c/ocean.yaml")
      node.isCanary = canaries.contains(name)
      return Rollout.Member(node, from: old, to: new, policy: policy)
    }
  }

  private static func limits(soak: Int = 100, batch: Int = 50) -> Fleet.Rollout {
    var limits = Fleet.Rollout()
    (limits.soakSeconds, limits.batchPercent) = (soak, batch)
    return limits
  }

  /// A server that keeps its plan only if it is told to in time.
  private struct ModelNode {
    var plan = RolloutTests.old
    var end: Int64?
    var isStaged = false
    var filesAreNew = false

    mutating func tick(_ now: Int64) {
      if let end, end <= now { (plan, self.end) = (RolloutTests.old, nil) }
    }
  }

  /// A fault of one node at one action.
  private struct Fault {
    enum Kind: CaseIterable {
      /// It is not reached.
      case away
      /// It does what it was told, and the answer is lost.
      case answerLost
      case refuses
      /// The server was started again: a plan that waited is gone.
      case restarted
      case unwell
    }

    let kind: Kind
    let action: Int
    let node: String
    /// Whether it stays so.
    var isLasting = false
  }

  private struct Model {
    var nodes: [String: ModelNode]
    var now: Int64 = 1000
    var fault: Fault?
    var count = 0
    var actions: [RolloutAction] = []

    private func isFaulty(_ name: String) -> Fault.Kind? {
      guard let fault, fault.node == name, fault.action == count || fault.isLasting && count > fault.action
      else {
        return nil
      }
      return fault.kind
    }

    private mutating func carryOut(
      _ names: [String], _ change: (inout ModelNode) -> Bool
    ) -> FleetQuestions.Answers {
      var answers: FleetQuestions.Answers = [:]
      for name in names {
        guard var node = nodes[name] else { continue }
        let kind = isFaulty(name)
        if kind == .restarted, node.end != nil { (node.plan, node.end) = (RolloutTests.old, nil) }
        let reached = kind != .away && kind != .refuses
        let done = reached && change(&node)
        nodes[name] = node
        answers[name] =
          switch kind {
          case .away, .answerLost: .failure(NodeTrouble(.unreachable, "away"))
          case .refuses: .failure(NodeTrouble(.refused, "OC0000"))
          default: done ? .success([]) : .failure(NodeTrouble(.refused, "no such plan"))
          }
      }
      return answers
    }

    mutating func event(for action: RolloutAction) -> RolloutEvent {
      now += 2
      count += 1
      actions.append(action)
      for name in nodes.keys { nodes[name]?.tick(now) }
      switch action {
      case .look(let names):
        var found: [String: Result<ServerStatus, NodeTrouble>] = [:]
        for (name, answer) in carryOut(names, { _ in true }) {
          guard case .success = answer, let node = nodes[name] else {
            found[name] = .failure(NodeTrouble(.unreachable, "away"))
            continue
          }
          found[name] = .success(status(node, isUnwell: isFaulty(name) == .unwell))
        }
        return .looked(found)
      case .stage(let names):
        return .answered(
          carryOut(names) { node in
            node.isStaged = true
            return true
          })
      case .apply(let names), .renew(let names):
        let end = now + 60
        return .answered(
          carryOut(names) { node in
            guard node.isStaged else { return false }
            (node.plan, node.end) = (RolloutTests.new, end)
            return true
          })
      case .wait(let seconds):
        now += Int64(seconds)
        for name in nodes.keys { nodes[name]?.tick(now) }
        return .waited
      case .confirm(let names, _):
        // Nobody is confirmed unless all are there, and wait.
        for name in names where isFaulty(name) == .restarted {
          nodes[name]?.plan = RolloutTests.old
          nodes[name]?.end = nil
        }
        if names.contains(where: {
          isFaulty($0) == .away || isFaulty($0) == .refuses || nodes[$0]?.end == nil
        }) {
          return .answered(
            Dictionary(uniqueKeysWithValues: names.map { ($0, .failure(NodeTrouble(.refused, "not all"))) }))
        }
        return .answered(
          carryOut(names) { node in
            guard node.end != nil else { return false }
            (node.end, node.filesAreNew, node.isStaged) = (nil, true, false)
            return true
          })
      case .settle(let names):
        return .answered(
          carryOut(names) { node in
            (node.filesAreNew, node.isStaged) = (true, false)
            return true
          })
      case .goBack(let names):
        return .answered(
          carryOut(names) { node in
            (node.plan, node.end, node.isStaged) = (RolloutTests.old, nil, false)
            return true
          })
      case .clear(let names):
        return .answered(
          carryOut(names) { node in
            node.isStaged = false
            return true
          })
      case .end: return .waited
      }
    }

    private func status(_ node: ModelNode, isUnwell: Bool) -> ServerStatus {
      ServerStatus(
        state: .serving, plan: node.plan, file: "/etc/ocean/ocean.yaml",
        unconfirmed: node.end.map { UnconfirmedPlan(previous: RolloutTests.old, secondsLeft: Int($0 - now)) },
        takenBack: [], pid: isUnwell ? 2 : 1, since: "2026-12-01T06:00:00Z", uptimeSeconds: 1, services: [],
        blocked: 0, certificates: [], accounts: .init(active: 1, disabled: 0, problems: []),
        lostLogLines: nil,
        unanswered: [], policy: node.plan == RolloutTests.new ? RolloutTests.policy : nil)
    }
  }

  /// Runs a rollout to its end, or for some actions.
  private func run(
    _ names: [String], canaries: Set<String> = [], _ limits: Fleet.Rollout = limits(), fault: Fault? = nil,
    actions: Int = .max
  ) -> (Rollout, Model) {
    var rollout = Rollout(Self.members(names, canaries: canaries), limits, confirmSeconds: 60)
    var model = Model(nodes: Dictionary(uniqueKeysWithValues: names.map { ($0, ModelNode()) }), fault: fault)
    var action = rollout.handle(.begun, at: model.now)
    while action != .end, model.count < actions {
      action = rollout.handle(model.event(for: action), at: model.now)
    }
    return (rollout, model)
  }

  private let names = ["a", "b", "c", "d", "e"]

  @Test func `canaries come first, then batches, each is watched, and all are confirmed together`() {
    let (rollout, model) = run(names, canaries: ["c"])
    #expect(rollout.steps == [["c"], ["a", "b", "d"], ["e"]])
    #expect(rollout.states.values.allSatisfy { $0 == .settled } && rollout.troubles.isEmpty)
    #expect(model.nodes.values.allSatisfy { $0.plan == Self.new && $0.end == nil && $0.filesAreNew })
    #expect(model.actions.compactMap(\.confirmed) == [names])
    let waited = model.actions.reduce(0) { if case .wait(let seconds) = $1 { $0 + seconds } else { $0 } }
    #expect(waited >= 200)
    // Three times the soak is longer than a node waits: it was told to wait on.
    #expect(model.actions.contains { if case .renew(let names) = $0 { names.contains("c") } else { false } })
  }

  @Test func `each event has its action`() {
    var rollout = Rollout(Self.members(["a"]), Self.limits(soak: 0), confirmSeconds: 60)
    var model = Model(nodes: ["a": ModelNode()])
    #expect(rollout.handle(.begun, at: 0) == .look(["a"]))
    #expect(rollout.handle(model.event(for: .look(["a"])), at: 0) == .stage(["a"]))
    #expect(rollout.handle(model.event(for: .stage(["a"])), at: 0) == .apply(["a"]))
    #expect(rollout.handle(model.event(for: .apply(["a"])), at: 0) == .look(["a"]))
    #expect(rollout.states["a"] == .waiting(until: 60) && rollout.mayBeInterrupted)
    // All are told before half of what is left of its time is over, or none.
    #expect(rollout.handle(model.event(for: .look(["a"])), at: 0) == .confirm(["a"], within: 29))
    // It is not known of a node that is being confirmed whether it goes back by itself.
    #expect(!rollout.mayBeInterrupted)
    #expect(rollout.handle(model.event(for: .confirm(["a"], within: 29)), at: 0) == .look(["a"]))
    #expect(!rollout.mayBeInterrupted)
    #expect(rollout.handle(model.event(for: .look(["a"])), at: 0) == .end)
    #expect(rollout.states["a"] == .settled)
    #expect(rollout.handle(.waited, at: 0) == .end)
  }

  @Test func `a pause says what is watched, and how much is left of the soak`() {
    var rollout = Rollout(Self.members(["a", "b"]), Self.limits(soak: 100), confirmSeconds: 60)
    var model = Model(nodes: ["a": ModelNode(), "b": ModelNode()])
    var action = rollout.handle(.begun, at: model.now)
    #expect(rollout.pause(at: 0) == nil)
    while action != .wait(seconds: 15) { action = rollout.handle(model.event(for: action), at: model.now) }
    let pause = rollout.pause(at: model.now + 10)
    #expect(pause?.words == "step 1 of 2, watching 1 of 2 nodes" && pause?.seconds == 88)
  }

  @Test func `an event that nothing waits for ends it`() {
    var rollout = Rollout(Self.members(["a"]), Self.limits(), confirmSeconds: 60)
    #expect(rollout.handle(.waited, at: 0) == .end)
    #expect(rollout.states["a"] == .behind)
  }

  @Test func `nothing is done if another plan runs on a node, or one waits there`() {
    var (rollout, model) = (
      Rollout(Self.members(["a", "b"]), Self.limits(), confirmSeconds: 60), Model(nodes: [:])
    )
    model.nodes = ["a": ModelNode(), "b": ModelNode(plan: Self.digest("other"))]
    _ = rollout.handle(.begun, at: 0)
    #expect(rollout.handle(model.event(for: .look(["a", "b"])), at: 0) == .end)
    #expect(rollout.troubles.keys.sorted() == ["b"] && rollout.troubles["b"]?.kind == .stale)

    rollout = Rollout(Self.members(["a", "b"]), Self.limits(), confirmSeconds: 60)
    model.nodes = ["a": ModelNode(end: 5000), "b": ModelNode()]
    _ = rollout.handle(.begun, at: 0)
    #expect(rollout.handle(model.event(for: .look(["a", "b"])), at: 0) == .end)
    #expect(rollout.troubles["a"]?.reason.contains("waits to be confirmed") == true)
  }

  @Test func `nodes that only get files are not confirmed`() {
    var members = Self.members(["a", "b"])
    members[1] = Rollout.Member(members[1].node, from: Self.new, to: Self.new, policy: Self.policy)
    var rollout = Rollout(members, Self.limits(soak: 0), confirmSeconds: 60)
    var model = Model(nodes: ["a": ModelNode(), "b": ModelNode(plan: Self.new)])
    var action = rollout.handle(.begun, at: 0)
    while action != .end { action = rollout.handle(model.event(for: action), at: model.now) }
    #expect(model.actions.compactMap(\.confirmed) == [["a"]] && model.actions.contains(.settle(["b"])))
    #expect(rollout.states.values.allSatisfy { $0 == .settled })
  }

  @Test func `a node that waits goes back once the others have, and not if they cannot`() {
    func run(_ fault: Fault?) -> (Rollout, Model) {
      var members = Self.members(["a", "b", "c"])
      // The nodes go back from what is old in the model to what is new.
      members[2] = Rollout.Member(
        members[2].node, from: Self.digest("other"), to: Self.old, policy: Self.policy, isWaiting: true)
      var rollout = Rollout(members, .atOnce, confirmSeconds: 60)
      var model = Model(nodes: ["a": ModelNode(), "b": ModelNode(), "c": ModelNode(end: 5000)], fault: fault)
      for name in ["a", "b"] { model.nodes[name]?.isStaged = true }
      var action = rollout.handle(.begun, at: model.now)
      while action != .end { action = rollout.handle(model.event(for: action), at: model.now) }
      return (rollout, model)
    }
    let (rollout, model) = run(nil)
    #expect(
      rollout.steps == [["a", "b"]] && !model.actions.contains { if case .wait = $0 { true } else { false } })
    #expect(rollout.states.values.allSatisfy { $0 == .settled } && rollout.troubles.isEmpty)
    #expect(model.actions.suffix(3).first?.confirmed == ["a", "b"] && model.actions.last == .settle(["c"]))
    let (failed, other) = run(Fault(kind: .refuses, action: 3, node: "b"))
    #expect(failed.states["c"] == .behind && !other.actions.contains(.settle(["c"])))
    #expect(other.nodes["a"]?.plan == Self.old)
  }

  /// Whoever carries it out dies between any two actions, or a node fails at any of them in any way. Once the time to confirm
  /// is over, all nodes run one plan; and no file was touched on a node that does not keep the plan.
  @Test func `no fleet is left half changed`() {
    let whole = run(names, canaries: ["a"]).1.count
    #expect(whole > 20)
    func check(_ model: Model, _ what: @autoclosure () -> String) {
      var model = model
      for name in model.nodes.keys { model.nodes[name]?.tick(model.now + 61) }
      #expect(Set(model.nodes.values.map(\.plan)).count == 1, "\(what())")
      #expect(model.nodes.values.allSatisfy { !$0.filesAreNew || $0.plan == Self.new }, "\(what())")
    }
    for actions in 0...whole {
      check(run(names, canaries: ["a"], actions: actions).1, "ended after \(actions)")
      for kind in Fault.Kind.allCases {
        for node in ["a", "b", "e"] {
          for isLasting in [false, true] {
            let fault = Fault(kind: kind, action: actions, node: node, isLasting: isLasting)
            let (rollout, model) = run(names, canaries: ["a"], fault: fault)
            check(model, "\(fault): \(rollout.states), \(rollout.troubles)")
          }
        }
      }
    }
  }

  @Test func `a node that is away for a moment ends nothing, one that stays away takes all back`() {
    let step =
      run(names, canaries: ["a"]).1.actions.firstIndex { if case .wait = $0 { true } else { false } } ?? 0
    let moment = run(names, canaries: ["a"], fault: Fault(kind: .away, action: step + 2, node: "a"))
    #expect(moment.0.states.values.allSatisfy { $0 == .settled })
    let lasting = run(
      names, canaries: ["a"], fault: Fault(kind: .away, action: step + 2, node: "a", isLasting: true))
    #expect(lasting.0.troubles["a"]?.kind == .unreachable)
    #expect(lasting.0.states.values.allSatisfy { $0 != .settled && $0 != .confirmed })
  }

  @Test func `a refusal takes back those that had it, and clears the others`() {
    // Three actions come before the first batch: look, stage, apply; then the canary is watched.
    let applied = run(names, canaries: ["a"], Self.limits(soak: 0)).1.actions.indices.filter { index in
      if case .apply = run(names, canaries: ["a"], Self.limits(soak: 0)).1.actions[index] {
        true
      } else {
        false
      }
    }
    let fault = Fault(kind: .refuses, action: applied[1] + 1, node: "b")
    let (rollout, model) = run(names, canaries: ["a"], Self.limits(soak: 0), fault: fault)
    #expect(rollout.troubles.keys.sorted() == ["b"] && rollout.troubles["b"]?.kind == .refused)
    #expect(
      rollout.states["a"] == .wentBack && rollout.states["b"] == .behind && rollout.states["e"] == .behind)
    #expect(model.nodes.values.allSatisfy { $0.plan == Self.old && !$0.isStaged })
    let last = model.actions.last
    #expect(last == .clear(["b", "e"]))
  }

  @Test func `an interruption leaves nodes that go back by themselves, and says when`() {
    var (rollout, model) = run(names, canaries: ["a"], actions: 6)
    #expect(rollout.mayBeInterrupted)
    rollout.interrupt()
    #expect(rollout.wasInterrupted && !rollout.mayBeInterrupted)
    guard case .waiting(let until)? = rollout.states["a"] else {
      Issue.record("\(rollout.states)")
      return
    }
    #expect(until > model.now && until <= model.now + 60)
    #expect(rollout.handle(.waited, at: model.now) == .end)
    model.now += 61
    #expect(model.nodes["a"]?.end.map { $0 <= model.now } == true)
  }
}

extension RolloutAction {
  /// The nodes that are to be confirmed.
  fileprivate var confirmed: [String]? { if case .confirm(let names, _) = self { names } else { nil } }
}
