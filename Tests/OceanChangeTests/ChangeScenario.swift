import OceanPlan
import Testing

@testable import OceanChange

/// A change that all tests are run with.
struct ChangeScenario: Sendable, CustomTestStringConvertible {
  let name: String
  /// The steps before, and the number of the plan that runs then.
  let before: @Sendable (ChangeBench) throws -> Void
  let old: Int
  /// The request; nil means that time runs out.
  let request: (@Sendable () throws -> ChangeRequest)?
  /// The plan that runs once it is done.
  let new: Int
  /// The plan that the config on disk compiles to.
  let config: Int
  /// The plan that runs after a restart, once somebody was told that it is done.
  let restarted: Int
  let steps: [String]

  var testDescription: String { name }

  func begin() throws -> ChangeBench {
    let bench = try ChangeBench()
    _ = try bench.report(.start(1))
    try before(bench)
    bench.clear()
    return bench
  }

  /// - Returns: the number of the answer, nil if nobody gets one.
  @discardableResult
  func run(on bench: ChangeBench) throws -> Int? {
    guard let request else {
      bench.expire()
      return nil
    }
    return bench.ask(try request())
  }

  static let all = [
    ChangeScenario(
      name: "apply", before: { _ in }, old: 1, request: { try .apply(2, expecting: 1) }, new: 2, config: 2,
      restarted: 2,
      steps: ["read", "prepare reviewed", "apply 2", "keep 2 applied", "log applied", "answer 2"]),
    ChangeScenario(
      name: "apply of what runs", before: { _ in }, old: 1, request: { try .apply(1, expecting: 1) }, new: 1,
      config: 1, restarted: 1,
      steps: ["read", "prepare reviewed", "apply 1", "keep 1 again", "log applied", "answer 2"]),
    ChangeScenario(
      name: "apply of what was taken back",
      before: {
        _ = try $0.report(.apply(2, expecting: 1))
        _ = try $0.report(.rollback())
      }, old: 1, request: { try .apply(2, expecting: 1) }, new: 2, config: 2, restarted: 2,
      steps: [
        "read", "prepare reviewed", "apply 2", "note 0 taken back", "keep 2 applied", "log applied",
        "answer 4",
      ]),
    ChangeScenario(
      name: "apply that is to be confirmed", before: { _ in }, old: 1,
      request: { try .apply(2, expecting: 1, seconds: 60) }, new: 2, config: 2, restarted: 1,
      steps: [
        "read", "prepare reviewed", "keep 1 outside", "note one that waits 0 taken back", "apply 2",
        "timer 1 of 60 s", "log waiting", "log applied", "answer 2, waiting",
      ]),
    ChangeScenario(
      name: "more time", before: { _ = try $0.report(.apply(2, expecting: 1, seconds: 60)) }, old: 2,
      request: { try .apply(2, expecting: 2, seconds: 90) }, new: 2, config: 2, restarted: 1,
      steps: [
        "read", "prepare reviewed", "apply 2", "timer 2 of 90 s", "log waiting", "answer 3, waiting",
      ]),
    ChangeScenario(
      name: "confirm", before: { _ = try $0.report(.apply(2, expecting: 1, seconds: 60)) }, old: 2,
      request: { try .confirm(plan: 2) }, new: 2, config: 2, restarted: 2,
      steps: ["read", "keep 2 applied", "stop timer", "note 0 taken back", "log confirmed", "answer 3"]),
    ChangeScenario(
      name: "time runs out", before: { _ = try $0.report(.apply(2, expecting: 1, seconds: 60)) }, old: 2,
      request: nil, new: 1, config: 2, restarted: 1,
      steps: [
        "log expired", "read", "prepare previous", "note 1 taken back", "apply 1", "stop timer",
        "keep 1 outside", "log rolledBack", "log lists",
      ]),
    ChangeScenario(
      name: "rollback of what waits", before: { _ = try $0.report(.apply(2, expecting: 1, seconds: 60)) },
      old: 2, request: { try .rollback() }, new: 1, config: 2, restarted: 1,
      steps: [
        "read", "prepare previous", "note 1 taken back", "apply 1", "stop timer", "keep 1 outside",
        "log rolledBack", "answer 3",
      ]),
    ChangeScenario(
      name: "rollback", before: { _ = try $0.report(.apply(2, expecting: 1)) }, old: 2,
      request: { try .rollback() }, new: 1, config: 2, restarted: 1,
      steps: [
        "read", "prepare kept", "note 1 taken back", "apply 1", "keep 1 returned", "log rolledBack",
        "answer 3",
      ]),
    ChangeScenario(
      name: "rollback behind what waits",
      before: {
        _ = try $0.report(.apply(2, expecting: 1))
        _ = try $0.report(.apply(3, expecting: 2, seconds: 60))
      }, old: 3, request: { try .rollback(plan: 1) }, new: 1, config: 3, restarted: 1,
      steps: [
        "read", "prepare kept", "note 1 taken back", "apply 1", "stop timer", "keep 1 returned",
        "log rolledBack", "answer 4",
      ]),
    ChangeScenario(
      name: "rollback that is to be confirmed", before: { _ = try $0.report(.apply(2, expecting: 1)) },
      old: 2, request: { try .rollback(plan: 1, seconds: 60) }, new: 1, config: 2, restarted: 2,
      steps: [
        "read", "prepare kept", "keep 2 outside", "note one that waits 0 taken back", "apply 1",
        "timer 1 of 60 s", "log waiting", "log rolledBack", "answer 3, waiting",
      ]),
    ChangeScenario(
      name: "confirm of a rollback",
      before: {
        _ = try $0.report(.apply(2, expecting: 1))
        _ = try $0.report(.rollback(plan: 1, seconds: 60))
      }, old: 1, request: { try .confirm(plan: 1) }, new: 1, config: 2, restarted: 1,
      steps: ["read", "keep 1 returned", "stop timer", "note 1 taken back", "log confirmed", "answer 4"]),
    ChangeScenario(
      name: "reload", before: { _ in }, old: 1, request: { try .reload(2) }, new: 2, config: 2, restarted: 2,
      steps: ["read", "prepare reloaded", "apply 2", "keep 2 outside", "log applied", "answer 2"]),
    ChangeScenario(
      name: "renewal", before: { _ in }, old: 1, request: { try .renew(2, expecting: 1) }, new: 2, config: 2,
      restarted: 2, steps: ["read", "prepare renewed", "apply 2", "log renewed", "answer 2"]),
    ChangeScenario(
      name: "end of a rule", before: { _ in }, old: 1, request: { try .end(2, expecting: 1) }, new: 2,
      config: 2, restarted: 2,
      steps: ["read", "prepare ended", "apply 2", "keep 2 outside", "log ended", "answer 2"]),
    ChangeScenario(
      name: "end of a rule of what waits",
      before: { _ = try $0.report(.apply(2, expecting: 1, seconds: 60)) }, old: 2,
      request: { try .end(3, expecting: 2) }, new: 3, config: 2, restarted: 1,
      steps: ["read", "prepare ended", "apply 3", "log ended", "answer 3, waiting"]),
  ]
}
