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
}

extension PlanDiff {
  /// Ends the command like `diff` and `plan` do. Returns if there is no effect.
  func exit(failOn: ClassList?, only: ClassList? = nil, classes: Set<ChangeClass>) throws {
    if let failOn, !failOn.classes.isDisjoint(with: classes) { throw ExitCode(3) }
    if let only { throw ExitCode(classes.isSubset(of: only.classes) ? 0 : 3) }
    if !isEmpty || classes.contains(.sessionsEnded) { throw ExitCode(2) }
  }
}
