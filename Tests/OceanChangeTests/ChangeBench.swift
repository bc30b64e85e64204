import Glibc
import OceanControlAPI
import OceanHost
import OceanPlan
import TestSupport
import Testing
@testable import OceanChange

/// A server whose engine is a digest: it carries out the actions of a `ChangeMachine`, on a disk of its own,
/// until it crashes.
final class ChangeBench {
  struct Refused: Error, Equatable {}

  private(set) var machine: ChangeMachine
  let directory: TemporaryDirectory
  let store: PlanStore
  /// The plan that the engine runs.
  private(set) var running: Digest?
  /// The actions that were done, one per line.
  private(set) var trace: [String] = []
  private(set) var answers: [Int: Result<ApplyReport, any Error>] = [:]
  /// The rollbacks that were only shown, by the number of their answer.
  private(set) var shown: [Int: ShownRollback] = [:]
  private(set) var timer: Int?
  private(set) var time = 0
  private var lastAnswer = 0
  /// Who asks.
  var client = ChangeClient(uid: 1000, name: "anna")

  /// How many more actions are carried out before the process is killed.
  var actionsLeft = Int.max
  /// Whether the engine refuses what it is told to run.
  var isRefusing = false
  /// The plan that a rollback brings back, with certificates that were renewed; nil for the one that was kept.
  var comingBack: PlanFile?
  /// The writes that fail, by their number since this was set.
  var failingWrites: Set<Int> = [] { didSet { writes = 0 } }
  private var writes = 0
  /// Events that come before the machine is told the result of an action.
  var meanwhile: (ChangeMachine, ChangeAction) -> [ChangeEvent] = { _, _ in [] }

  init(on directory: TemporaryDirectory? = nil, source: String = "/ocean.yaml") throws {
    self.directory = try directory ?? TemporaryDirectory()
    store = PlanStore(state: self.directory.path)
    machine = ChangeMachine(source: source)
  }

  // MARK: - Events

  /// - Returns: the number of the answer.
  @discardableResult
  func ask(_ request: ChangeRequest) -> Int {
    lastAnswer += 1
    handle(.asked(ChangeOrder(request: request, client: client, answer: lastAnswer)))
    return lastAnswer
  }

  /// Returns an order to be put in `meanwhile`.
  func order(_ request: ChangeRequest) -> ChangeEvent {
    lastAnswer += 1
    return .asked(ChangeOrder(request: request, client: client, answer: lastAnswer))
  }

  func report(_ request: ChangeRequest) throws -> ApplyReport {
    let number = ask(request)
    return try #require(answers[number], "no answer to \(request.kind)").get()
  }

  func refusal(_ request: ChangeRequest) -> ChangeRefusal? {
    guard case .failure(let error) = answers[ask(request)] else { return nil }
    return error as? ChangeRefusal
  }

  /// Ends the running timer.
  func expire() {
    guard let timer else { return }
    self.timer = nil
    handle(.asked(ChangeOrder(request: .expire(timer: timer))))
  }

  /// Forgets the actions so far.
  func clear() { trace = [] }

  /// Damages the note of withheld plans.
  func damageNote() throws {
    let file = try #require(fopen(directory.path + "/plans/withheld", "w"))
    fputs("{", file)
    fclose(file)
  }

  /// The process that starts once this one has ended, with a config that compiles to a plan.
  ///
  /// - Parameter actions: how many actions it does before it is killed.
  func restarted(_ wanted: Int, actions: Int = .max) throws -> ChangeBench {
    let next = try ChangeBench(on: directory)
    next.time = time
    next.actionsLeft = actions
    let file = try PlanFile.numbered(wanted)
    switch next.store.withheld.start(
      wanting: PlanIdentity(file), isSound: true, next.store.kept(isThorough: true))
    {
    case .wanted: next.ask(.start(file.runnable))
    case .kept(let entry, _): next.ask(.start(try entry.file.runnable))
    case .nothing: break
    }
    return next
  }

  // MARK: - Actions

  private func handle(_ event: ChangeEvent) {
    var next: ChangeEvent? = event
    while let event = next {
      next = nil
      for action in machine.handle(event) {
        guard actionsLeft > 0 else { return }
        actionsLeft -= 1
        trace.append(action.text)
        next = carryOut(action)
        guard next != nil else { continue }
        for event in meanwhile(machine, action) {
          // No action is under way twice.
          for action in machine.handle(event) {
            trace.append("meanwhile " + action.text)
            #expect(carryOut(action) == nil, "\(action.text)")
          }
        }
      }
    }
  }

  private func carryOut(_ action: ChangeAction) -> ChangeEvent? {
    switch action {
    case .read:
      time += 1
      return .read(
        ChangeReading(
          withheld: store.withheld, kept: store.kept(), time: "t\(time)",
          revertTime: "later"))
    case .prepare(let preparation, _):
      do {
        return .prepared(PreparedChange(plan: KnownPlan(try prepared(preparation))))
      } catch {
        return .notPrepared(error)
      }
    case .write(let write):
      writes += 1
      guard !failingWrites.contains(writes - 1) else { return .notWritten("the disk is full") }
      return store.carryOut(write)
    case .apply(let plan, let expecting, _):
      #expect(expecting == running, "the machine knows what runs")
      if isRefusing { return .notApplied(Refused()) }
      running = plan.digest
      return .applied(ApplyResult(changes: [], sessions: .init(kept: 0, ended: 0)))
    case .startTimer(let number, _), .tryAgain(let number): timer = number
    case .stopTimer: timer = nil
    case .answer(let number, let report, _, _): answers[number] = .success(report)
    case .show(let number, let rollback): shown[number] = rollback
    case .refuse(let number, let error): answers[number] = .failure(error)
    case .log, .logLists: break
    }
    return nil
  }

  private func prepared(_ preparation: ChangePreparation) throws -> PreparedPlan {
    switch preparation {
    case .first(let runnable), .reloaded(let runnable, _), .renewed(let runnable), .ended(let runnable):
      runnable
    case .reviewed(let file, _): file.runnable
    case .previous(let waiting): comingBack?.runnable ?? waiting.previous.runnable
    case .kept(let entry, _, _): try (comingBack ?? entry.file).runnable
    }
  }
}

extension PlanFile {
  /// The plan that the config with this number compiles to.
  static func numbered(_ number: Int, state: String = "/state") throws -> PlanFile {
    try PlanFile(
      plan: Plan(
        server: .init(hostname: "mail\(number).example.org", state: state),
        log: .init(access: nil), accounts: [],
        mail: .init(maildir: try MailTemplate(parsing: "/nowhere/{user}")), services: []),
      inputs: [.init(role: .config, path: "/ocean.yaml", sha256: Digest(of: [UInt8(number)]))],
      provenance: Provenance(), rules: PlanRules())
  }

  var runnable: PreparedPlan { PreparedPlan(self, [:], [:]) }

  /// The number that the plan was made from.
  var number: String { String(plan.server.hostname.dropFirst(4).prefix { $0 != "." }) }
}

extension ChangeRequest {
  static func start(_ number: Int) throws -> Self { .start(try PlanFile.numbered(number).runnable) }

  static func reload(_ number: Int) throws -> Self {
    .reload(try PlanFile.numbered(number).runnable, source: "/ocean.yaml")
  }

  static func renew(_ number: Int, expecting: Int) throws -> Self {
    .renew(try PlanFile.numbered(number).runnable, expecting: try PlanFile.numbered(expecting).digest)
  }

  static func end(_ number: Int, expecting: Int) throws -> Self {
    .end(try PlanFile.numbered(number).runnable, expecting: try PlanFile.numbered(expecting).digest)
  }

  static func apply(
    _ number: Int, expecting: Int, seconds: Int? = nil, comment: String? = nil
  ) throws -> Self {
    .apply(
      try PlanFile.numbered(number),
      ApplyRequest(
        expecting: try PlanFile.numbered(expecting).digest, sessions: .keep, confirmSeconds: seconds,
        source: "/ocean.yaml", comment: try comment.map { try ChangeComment($0) }))
  }

  static func confirm(plan number: Int) throws -> Self {
    .confirm(ConfirmRequest(plan: try PlanFile.numbered(number).digest.description))
  }

  static func rollback(
    plan number: Int? = nil, seconds: Int? = nil, comment: String? = nil
  ) throws -> Self {
    let plan = try number.map { try PlanFile.numbered($0).digest.description }
    return .rollback(
      RollbackRequest(
        plan: plan, confirmSeconds: seconds, comment: try comment.map { try ChangeComment($0) }))
  }

  var kind: String { caseName(self) }
}

extension ChangeAction {
  /// The action on one line.
  var text: String {
    switch self {
    case .read: "read"
    case .prepare(let preparation, _): "prepare \(caseName(preparation))"
    case .write(.keep(let plan, _, _, let occasion)):
      "keep \(plan.file.number) \(caseName(occasion))"
    case .write(.note(let withheld)):
      "note" + (withheld.waiting == nil ? "" : " one that waits")
        + " \(withheld.takenBack.count(where: { !$0.isReturned })) taken back"
    case .apply(let plan, _, _): "apply \(plan.file.number)"
    case .startTimer(let number, let seconds): "timer \(number) of \(seconds) s"
    case .tryAgain(let number): "timer \(number) again"
    case .stopTimer: "stop timer"
    case .answer(let number, _, let isWaiting, _): "answer \(number)\(isWaiting ? ", waiting" : "")"
    case .show(let number, let rollback): "show \(number): \(rollback.prepared.plan.file.number)"
    case .refuse(let number, _): "refuse \(number)"
    case .log(let message): "log \(caseName(message))"
    case .logLists: "log lists"
    }
  }
}

private func caseName(_ value: Any) -> String {
  Mirror(reflecting: value).children.first?.label ?? "\(value)"
}
