/// Changes that somebody wants to hear of, or to allow, as text: `access-widened,sessions-locked-out`.
package struct ChangeCriterion: Sendable, Equatable {
  private let classes: Set<ChangeClass>
  private let isOnWeakened: Bool

  /// - Parameter text: classes of change with commas between them.
  package init?(classes text: String) {
    guard let classes = Self.classes(text.split(separator: ",")) else { return nil }
    (self.classes, isOnWeakened) = (classes, false)
  }

  /// - Parameter text: classes of change, and `weakened` for everything that makes protection weaker.
  package init?(_ text: String) {
    let names = text.split(separator: ",", omittingEmptySubsequences: false)
    let others = names.filter { $0 != Direction.weakened.rawValue }
    isOnWeakened = others.count < names.count
    guard !others.isEmpty else {
      classes = []
      return
    }
    guard let classes = Self.classes(others.filter { !$0.isEmpty }) else { return nil }
    self.classes = classes
  }

  private static func classes(_ names: [Substring]) -> Set<ChangeClass>? {
    let classes = names.compactMap { ChangeClass(rawValue: String($0)) }
    return !names.isEmpty && classes.count == names.count ? Set(classes) : nil
  }

  /// What ``init(classes:)`` takes, with commas between.
  package static var classNames: [String] { ChangeClass.allCases.map(\.rawValue) }

  /// What ``init(_:)`` takes, with commas between.
  package static var names: [String] { [Direction.weakened.rawValue] + classNames }

  /// Whether one of the changes is meant.
  package func holds(for diff: PlanDiff) -> Bool {
    !classes.isDisjoint(with: diff.classes) || isOnWeakened && diff.direction?.isWeakened == true
  }

  /// Whether every change is of one of the classes.
  package func covers(_ diff: PlanDiff) -> Bool { diff.classes.isSubset(of: classes) }
}

/// What a diff comes to for a script.
package enum ChangeVerdict: Sendable, Equatable {
  /// Nothing changes, or only what may.
  case fine
  case changes
  /// Something changes that must not change unseen.
  case objection
}

extension PlanDiff {
  /// - Parameters:
  ///   - failOn: changes that must not be; nil if any may be.
  ///   - only: the changes that are fine; nil if none are.
  package func verdict(failOn: ChangeCriterion?, only: ChangeCriterion?) -> ChangeVerdict {
    if let failOn, failOn.holds(for: self) { return .objection }
    if let only { return only.covers(self) ? .fine : .objection }
    return isEmpty && !classes.contains(.sessionsEnded) ? .fine : .changes
  }
}
