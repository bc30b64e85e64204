import ArgumentParser
import OceanPlan

/// Classes of change as an option takes them: `access-widened,sessions-locked-out`.
struct ClassList: ExpressibleByArgument {
  let criterion: ChangeCriterion

  init?(argument: String) {
    guard let criterion = ChangeCriterion(classes: argument) else { return nil }
    self.criterion = criterion
  }

  static var allValueStrings: [String] { ChangeCriterion.classNames }

  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

/// What `--fail-on` takes: classes of change, and `weakened` for everything that makes protection weaker.
struct FailOn: ExpressibleByArgument {
  let criterion: ChangeCriterion

  init?(argument: String) {
    guard let criterion = ChangeCriterion(argument) else { return nil }
    self.criterion = criterion
  }

  static var allValueStrings: [String] { ChangeCriterion.names }

  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

extension PlanDiff {
  /// Ends the command like `diff` and `plan` do. Returns if there is no effect.
  func exit(failOn: FailOn?, only: ClassList?) throws {
    switch verdict(failOn: failOn?.criterion, only: only?.criterion) {
    case .fine: return
    case .changes: throw ExitCode(2)
    case .objection: throw ExitCode(3)
    }
  }
}
