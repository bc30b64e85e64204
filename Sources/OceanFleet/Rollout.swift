package import OceanCompiler
package import OceanControlAPI
package import OceanPlan

/// A plan that comes to the nodes of a fleet, as a state machine: answers of nodes go in, and what is to be done next comes
/// out. It asks nobody, knows no clock, and waits for nothing; `RolloutDriver` carries out its actions.
///
///     comparing ─▶ staging ─▶ applying ─▶ watching ⇄ renewing, pausing ─▶ the next step, or confirming ─▶ checking ─▶ settling
///                     │          └────────────┴──▶ goingBack ◀───────────────────────┘
///                     └─▶ clearing ◀──────────────────┘
///
/// Every node that has the plan goes back by itself unless it is confirmed, and all are confirmed together at the end. So
/// whoever carries this out may stop between any two actions.
package struct Rollout: Sendable {
  /// A node that takes part.
  package struct Member: Sendable {
    package let node: Fleet.Node
    /// The plan that runs there.
    package let from: Digest
    package let to: Digest
    /// That of ``to``.
    package let policy: Digest
    /// Whether a plan waits there to be confirmed, and ``to`` is the one before that: it is gone back to at the end, and would
    /// be in any case.
    let isWaiting: Bool

    package init(_ node: Fleet.Node, from: Digest, to: Digest, policy: Digest, isWaiting: Bool = false) {
      (self.node, self.from, self.to) = (node, isWaiting ? to : from, to)
      (self.policy, self.isWaiting) = (policy, isWaiting)
    }

    /// Whether it gets another plan; if not, only files.
    package var changes: Bool { from != to }
  }

  package enum State: Sendable, Hashable {
    /// It runs the plan that it had.
    case behind
    /// It runs the new plan, and goes back by itself at this time; seconds since 1970.
    case waiting(until: Int64)
    /// Whether it has the new plan is not known. If so, it goes back by itself until then.
    case unknown(until: Int64)
    /// It keeps the new plan.
    case confirmed
    /// It keeps the new plan, and its files are those of the plan.
    case settled
    /// It had the new plan, and runs the one before again.
    case wentBack
  }

  /// Something that has happened, for people.
  package struct Note: Sendable, Equatable {
    /// Nil if it is about all nodes.
    package let node: String?
    package let text: String
  }

  private enum Turn: Sendable {
    case new
    case comparing, staging
    case applying(step: Int)
    case watching(step: Int, since: Int64)
    case renewing(step: Int, since: Int64)
    case pausing(step: Int, since: Int64)
    case confirming(attempt: Int)
    case checking(attempt: Int, FleetQuestions.Answers)
    case settling, goingBack, clearing
    case ended
  }

  /// How often a node may not be reached while it is watched, and how often confirming is tried.
  private static let maxAttempts = 3

  package let members: [Member]
  /// The names of the nodes that get the plan together, in order.
  package let steps: [[String]]
  private let limits: Fleet.Rollout
  /// How long a node waits to be confirmed before it goes back by itself.
  private let confirmSeconds: Int

  package private(set) var states: [String: State]
  package private(set) var troubles: [String: NodeTrouble] = [:]
  /// What is not well with all nodes together.
  package private(set) var fleetTroubles: [String] = []
  package private(set) var wasInterrupted = false
  private var before: [String: ServerStatus] = [:]
  /// The plan that runs, as the node says: a certificate that was renewed gives it another digest.
  private var running: [String: Digest] = [:]
  private var silences: [String: Int] = [:]
  private var turn = Turn.new
  private var notes: [Note] = []

  package init(_ members: [Member], _ limits: Fleet.Rollout, confirmSeconds: Int) {
    (self.members, self.limits, self.confirmSeconds) = (members, limits, confirmSeconds)
    let changing = members.filter(\.changes)
    let canaries = changing.filter(\.node.isCanary).map(\.node.name)
    let others = changing.filter { !$0.node.isCanary }.map(\.node.name)
    let size = max(1, (changing.count * limits.batchPercent + 99) / 100)
    let batches = stride(from: 0, to: others.count, by: size).map {
      Array(others[$0..<min($0 + size, others.count)])
    }
    steps = (canaries.isEmpty ? [] : [canaries]) + batches
    states = Dictionary(members.map { ($0.node.name, .behind) }, uniquingKeysWith: { first, _ in first })
  }

  /// The plan that is confirmed on a node.
  package func plan(of member: Member) -> Digest { running[member.node.name] ?? member.to }

  package mutating func takeNotes() -> [Note] {
    defer { notes = [] }
    return notes
  }

  /// Whether it may end here: nodes that have the plan go back by themselves. Once they are confirmed or told to go back, it
  /// takes no time to come to the end.
  package var mayBeInterrupted: Bool {
    switch turn {
    case .new, .comparing, .staging, .applying, .watching, .renewing, .pausing: true
    case .confirming, .checking, .settling, .goingBack, .clearing, .ended: false
    }
  }

  /// Nothing more is done.
  package mutating func interrupt() { (turn, wasInterrupted) = (.ended, true) }

  /// What is waited for, and for how long.
  ///
  /// - Parameter now: seconds since 1970.
  package func pause(at now: Int64) -> (words: String, seconds: Int)? {
    guard case .pausing(let step, let since) = turn else { return nil }
    let left = Int(clamping: Int64(limits.soakSeconds) - (now - since))
    return ("step \(step + 1) of \(steps.count), watching \(waiting.count) of \(members.count) nodes", left)
  }

  // MARK: - Events

  /// Takes an event. One that nothing waits for ends the rollout as an interruption does.
  ///
  /// - Parameter now: seconds since 1970.
  package mutating func handle(_ event: RolloutEvent, at now: Int64) -> RolloutAction {
    switch (turn, event) {
    case (.new, .begun):
      turn = .comparing
      return .look(members.map(\.node.name))
    case (.comparing, .looked(let found)): return compare(found, now)
    case (.staging, .answered(let answers)):
      note(answers, failed: "it could not be prepared")
      guard troubles.isEmpty else { return clear() }
      return begin(step: 0, at: now)
    case (.applying(let step), .answered(let answers)): return applied(answers, step, now)
    case (.watching(let step, let since), .looked(let found)): return watch(found, step, since, now)
    case (.renewing(let step, let since), .answered(let answers)):
      for (name, answer) in answers.sorted(by: { $0.key < $1.key }) {
        switch answer {
        case .success: states[name] = .waiting(until: now + Int64(confirmSeconds))
        // It may be that only the answer was lost; the next look tells.
        case .failure(let trouble): say(name, "its time could not be extended: \(trouble.reason)")
        }
      }
      return go(on: step, since, now)
    case (.pausing(let step, let since), .waited):
      turn = .watching(step: step, since: since)
      return .look(waiting)
    case (.confirming(let attempt), .answered(let answers)):
      turn = .checking(attempt: attempt, answers)
      return .look(waiting)
    case (.checking(let attempt, let answers), .looked(let found)): return check(found, answers, attempt, now)
    case (.settling, .answered(let answers)):
      for (name, answer) in answers {
        switch answer {
        case .success: states[name] = .settled
        case .failure(let trouble): troubles[name] = trouble
        }
      }
      turn = .ended
      return .end
    case (.goingBack, .answered(let answers)): return wentBack(answers)
    case (.clearing, .answered):
      turn = .ended
      return .end
    default:
      turn = .ended
      return .end
    }
  }

  /// Takes what the nodes ran before anything was done.
  private mutating func compare(
    _ found: [String: Result<ServerStatus, NodeTrouble>], _ now: Int64
  ) -> RolloutAction {
    for member in members {
      let name = member.node.name
      switch found[name] {
      case .success(let status):
        before[name] = status
        if member.isWaiting, status.unconfirmed?.previous == member.to { continue }
        if status.unconfirmed != nil {
          troubles[name] = NodeTrouble(
            .stale,
            "plan \(status.plan.short) waits to be confirmed there: 'ocean fleet confirm' or 'ocean fleet rollback' comes first"
          )
        } else if status.plan != member.from {
          troubles[name] = NodeTrouble(
            .stale, "plan \(status.plan.short) runs there by now, and \(member.from.short) was compared with")
        }
      case .failure(let trouble): troubles[name] = trouble
      case nil: troubles[name] = Self.silence
      }
    }
    guard troubles.isEmpty else {
      turn = .ended
      return .end
    }
    turn = .staging
    return .stage(members.map(\.node.name))
  }

  private mutating func begin(step: Int, at now: Int64) -> RolloutAction {
    guard steps.indices.contains(step) else { return confirm(attempt: 1, at: now) }
    turn = .applying(step: step)
    let isCanary = step == 0 && members.contains { $0.node.name == steps[step].first && $0.node.isCanary }
    say(
      nil,
      "\(isCanary ? "canaries" : "batch") \(step + 1) of \(steps.count): \(steps[step].joined(separator: ", "))"
    )
    return .apply(steps[step])
  }

  private mutating func applied(
    _ answers: FleetQuestions.Answers, _ step: Int, _ now: Int64
  ) -> RolloutAction {
    let until = now + Int64(confirmSeconds)
    for name in steps[step] {
      switch answers[name] ?? .failure(Self.silence) {
      case .success:
        states[name] = .waiting(until: until)
        if let member = member(name) {
          say(
            name,
            "applied \(member.to.short); goes back by itself to \(member.from.short) unless it is confirmed")
        }
      case .failure(let trouble):
        troubles[name] = trouble
        // It may have come to the server all the same.
        if trouble.kind == .unreachable || trouble.kind == .wrong { states[name] = .unknown(until: until) }
        say(name, "not applied: \(trouble.reason)")
      }
    }
    guard troubles.isEmpty else { return goBack() }
    turn = .watching(step: step, since: now)
    return .look(waiting)
  }

  private mutating func watch(
    _ found: [String: Result<ServerStatus, NodeTrouble>], _ step: Int, _ since: Int64, _ now: Int64
  ) -> RolloutAction {
    let check = HealthCheck(limits.healthy)
    var (short, known): ([String], [(after: ServerStatus, before: ServerStatus)]) = ([], [])
    for member in members {
      let name = member.node.name
      guard case .waiting(let until)? = states[name] else { continue }
      switch found[name] ?? .failure(Self.silence) {
      case .failure(let trouble):
        silences[name, default: 0] += 1
        guard silences[name, default: 0] < Self.maxAttempts, until > now else {
          troubles[name] = trouble
          continue
        }
        say(name, "not seen: \(trouble.reason)")
      case .success(let status):
        silences[name] = 0
        guard isNew(status, member) else {
          states[name] = .wentBack
          troubles[name] = NodeTrouble(.unwell, "plan \(status.plan.short) runs there again")
          continue
        }
        running[name] = status.plan
        guard let waiting = status.unconfirmed else {
          // Somebody was faster.
          states[name] = .confirmed
          continue
        }
        states[name] = .waiting(until: now + waiting.boundedSeconds)
        if waiting.boundedSeconds <= confirmSeconds / 2 { short.append(name) }
        guard let before = before[name] else { continue }
        known.append((status, before))
        if let trouble = check.troubles(status, before: before).first {
          troubles[name] = NodeTrouble(.unwell, trouble)
        }
      }
      if let trouble = troubles[name] { say(name, "not well: \(trouble.reason)") }
    }
    if troubles.isEmpty { fleetTroubles = check.troubles(known) }
    for trouble in fleetTroubles { say(nil, "not well: \(trouble)") }
    guard troubles.isEmpty, fleetTroubles.isEmpty else { return goBack() }
    guard short.isEmpty else {
      turn = .renewing(step: step, since: since)
      return .renew(short)
    }
    return go(on: step, since, now)
  }

  /// Goes on once the nodes were well for long enough.
  private mutating func go(on step: Int, _ since: Int64, _ now: Int64) -> RolloutAction {
    let left = Int64(limits.soakSeconds) - (now - since)
    guard left > 0 else {
      say(nil, "\(waiting.count) of \(members.count) have the plan, and are well")
      return begin(step: step + 1, at: now)
    }
    turn = .pausing(step: step, since: since)
    return .wait(
      seconds: min(Int(clamping: left), max(1, min(30, limits.soakSeconds / 4, confirmSeconds / 4))))
  }

  private mutating func confirm(attempt: Int, at now: Int64) -> RolloutAction {
    guard !waiting.isEmpty else { return settle() }
    turn = .confirming(attempt: attempt)
    say(nil, attempt == 1 ? "confirming all" : "confirming, attempt \(attempt)")
    let end =
      states.values.compactMap { if case .waiting(let until) = $0 { until } else { nil } }.min() ?? now
    return .confirm(waiting, within: max(1, Int(clamping: (end - now) / 2)))
  }

  /// Looks what has become of a confirmation: an answer may be lost on the way.
  private mutating func check(
    _ found: [String: Result<ServerStatus, NodeTrouble>], _ answers: FleetQuestions.Answers, _ attempt: Int,
    _ now: Int64
  ) -> RolloutAction {
    var failed: [String: NodeTrouble] = [:]
    for member in members {
      let name = member.node.name
      guard case .waiting? = states[name] else { continue }
      let answer = answers[name] ?? .failure(Self.silence)
      if case .failure(let trouble) = answer { failed[name] = trouble }
      switch found[name] ?? .failure(Self.silence) {
      case .failure(let trouble):
        // What it said itself is known.
        if case .success = answer { states[name] = .settled } else { failed[name] = trouble }
      case .success(let status):
        if !isNew(status, member) {
          states[name] = .wentBack
          troubles[name] = NodeTrouble(.unwell, "plan \(status.plan.short) runs there again")
        } else if status.unconfirmed == nil {
          if case .success = answer { states[name] = .settled } else { states[name] = .confirmed }
          say(name, "confirmed \(status.plan.short)")
        } else if let waiting = status.unconfirmed {
          states[name] = .waiting(until: now + waiting.boundedSeconds)
        }
      }
    }
    if !waiting.isEmpty, attempt < Self.maxAttempts, troubles.isEmpty {
      return confirm(attempt: attempt + 1, at: now)
    }
    for name in waiting {
      troubles[name] = failed[name] ?? Self.silence
      say(name, "not confirmed: \(troubles[name]?.reason ?? "")")
    }
    if !troubles.isEmpty, !states.values.contains(where: { $0 == .confirmed || $0 == .settled }) {
      return goBack()
    }
    return settle()
  }

  /// Brings the files that are not in their places yet there.
  private mutating func settle() -> RolloutAction {
    let names = members.filter { member in
      let state = states[member.node.name]
      return state == .confirmed || !member.changes && troubles.isEmpty
    }.map(\.node.name)
    guard !names.isEmpty else {
      turn = .ended
      return .end
    }
    turn = .settling
    return .settle(names)
  }

  private mutating func goBack() -> RolloutAction {
    let names = members.map(\.node.name).filter { name in
      switch states[name] {
      case .waiting, .unknown: true
      default: false
      }
    }
    guard !names.isEmpty else { return clear() }
    turn = .goingBack
    say(nil, "going back: \(names.joined(separator: ", "))")
    return .goBack(names)
  }

  private mutating func wentBack(_ answers: FleetQuestions.Answers) -> RolloutAction {
    for (name, answer) in answers.sorted(by: { $0.key < $1.key }) {
      switch answer {
      case .success:
        states[name] = .wentBack
        say(name, "went back to \(member(name)?.from.short ?? "")")
      case .failure(let trouble):
        // It goes back by itself.
        if troubles[name] == nil { troubles[name] = trouble }
        say(name, "not told to go back, and does so by itself: \(trouble.reason)")
      }
    }
    return clear()
  }

  /// Removes what was prepared on nodes that did not get the plan.
  private mutating func clear() -> RolloutAction {
    turn = .clearing
    return .clear(members.map(\.node.name).filter { states[$0] == .behind })
  }

  // MARK: -

  static let silence = NodeTrouble(.unreachable, "it was not asked")

  /// The nodes that have the plan and wait, in order.
  private var waiting: [String] {
    members.map(\.node.name).filter { if case .waiting? = states[$0] { true } else { false } }
  }

  private func member(_ name: String) -> Member? { members.first { $0.node.name == name } }

  /// Whether a server runs the new plan. With a renewed certificate it has another digest.
  private func isNew(_ status: ServerStatus, _ member: Member) -> Bool {
    status.plan == member.to || status.plan != member.from && status.policy == member.policy
  }

  private mutating func say(_ node: String?, _ text: String) { notes.append(Note(node: node, text: text)) }

  private mutating func note(_ answers: FleetQuestions.Answers, failed: String) {
    for (name, answer) in answers.sorted(by: { $0.key < $1.key }) {
      guard case .failure(let trouble) = answer else { continue }
      troubles[name] = trouble
      say(name, "\(failed): \(trouble.reason)")
    }
  }
}

/// An event for a ``Rollout``.
package enum RolloutEvent: Sendable {
  case begun
  /// What became of a command.
  case answered(FleetQuestions.Answers)
  /// What servers say of themselves.
  case looked([String: Result<ServerStatus, NodeTrouble>])
  case waited
}

/// What a ``Rollout`` wants done on nodes, by their names. Each but the last is answered by an event.
package enum RolloutAction: Sendable, Equatable {
  /// Asks the servers for their status: answered by `looked`.
  case look([String])
  /// Puts the plan, and the files that are to replace others, on the nodes.
  case stage([String])
  case apply([String])
  /// Gives nodes that wait more time.
  case renew([String])
  /// Answered by `waited`.
  case wait(seconds: Int)
  /// Confirms all or, if not all can be reached, none; and puts the files in their places.
  ///
  /// - Parameter seconds: after which nobody is told any more: none is to go back while others are.
  case confirm([String], within: Int)
  /// Puts the files in their places.
  case settle([String])
  case goBack([String])
  /// Removes what `stage` has put there.
  case clear([String])
  case end
}
