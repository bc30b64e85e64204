import ArgumentParser
import OceanCompiler
import OceanHost
import OceanPlan
import OceanReport

/// Classes of change as an option takes them: `access-widened,sessions-locked-out`.
struct ClassList: ExpressibleByArgument {
  let classes: Set<ChangeClass>

  init?(argument: String) {
    let names = argument.split(separator: ",").map(String.init)
    let classes = names.compactMap(ChangeClass.init(rawValue:))
    guard !names.isEmpty, classes.count == names.count else { return nil }
    self.classes = Set(classes)
  }

  static var allValueStrings: [String] { ChangeClass.allCases.map(\.rawValue) }

  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

/// What `--fail-on` takes: classes of change, and `weakened` for everything that makes protection weaker.
struct FailOn: ExpressibleByArgument {
  private let classes: Set<ChangeClass>
  private let isOnWeakened: Bool

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let others = names.filter { $0 != Direction.weakened.rawValue }
    isOnWeakened = others.count < names.count
    guard !others.isEmpty else {
      classes = []
      return
    }
    guard let list = ClassList(argument: others.joined(separator: ",")) else { return nil }
    classes = list.classes
  }

  static var allValueStrings: [String] { [Direction.weakened.rawValue] + ClassList.allValueStrings }

  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }

  func holds(for diff: PlanDiff) -> Bool {
    !classes.isDisjoint(with: diff.classes) || isOnWeakened && diff.direction?.isWeakened == true
  }
}

extension PlanDiff {
  /// Ends the command like `diff` and `plan` do. Returns if there is no effect.
  func exit(failOn: FailOn?, only: ClassList?) throws {
    if let failOn, failOn.holds(for: self) { throw ExitCode(3) }
    let classes = classes
    if let only { throw ExitCode(classes.isSubset(of: only.classes) ? 0 : 3) }
    if !isEmpty || classes.contains(.sessionsEnded) { throw ExitCode(2) }
  }
}
