import OceanHost
package import OceanPlan
package import OceanSyntax

extension DiffText {
  /// The whole output of `ocean diff`.
  package static func whole(_ diff: PlanDiff, on screen: Screen) -> String {
    let (text, meaning) = inParallel {
      DiffText(diff: diff, on: screen)
    } _: {
      diff.hasEffect ? Self.meaning(of: diff, on: screen) : []
    }
    guard !diff.isEmpty else { return text.summary }
    var lines = diff.hasEffect ? text.changes.joined() + [""] + meaning : []
    lines += text.expectations(holding: nil) + diff.classText(on: screen)
    return (lines + ["", text.summary]).joined(separator: "\n")
  }

  /// What the changes mean: who gets in, and which certificate is shown to whom.
  var meaning: [String] { Self.meaning(of: diff, on: screen) }

  private static func meaning(of diff: PlanDiff, on screen: Screen) -> [String] {
    AccessText(diff: diff, on: screen).lines + PresentedText(diff: diff, on: screen).lines
  }
}

extension PlanDiff {
  /// The names of classes as `--fail-on` takes them, and what gets weaker or stronger.
  func classText(on screen: Screen) -> [String] {
    let lines = screen.field("classes", classes.map(\.rawValue).sorted())
    let first = lines.count
    return [Direction.weakened, .strengthened].reduce(lines) { lines, direction in
      let words = subjects(of: direction)
      guard !words.isEmpty else { return lines }
      let label = screen.fieldStart(lines.count > first ? "" : "direction")
      let word = screen.paint("\(direction.rawValue):", direction == .weakened ? .warning : .good)
      return lines
        + screen.wrapped(
          words.map(\.escapedForDisplay), after: "\(label)\(word) ", separator: " ", indent: 12
        )
    }
  }

  /// What gets weaker or stronger, each with its classes, as words: `pop3 access-widened, plaintext-login; …`.
  package func subjects(of direction: Direction) -> [String] {
    var classes: [String: [String]] = [:]
    var order: [String] = []
    func add(_ subject: String, _ changeClass: ChangeClass) {
      if classes[subject] == nil { order.append(subject) }
      if classes[subject]?.contains(changeClass.rawValue) != true {
        classes[subject, default: []].append(changeClass.rawValue)
      }
    }
    for effect in effects where effect.direction?.goes(direction) == true {
      add(effect.subject, effect.changeClass)
    }
    for change in changes where changeClass(of: change) == .certificate {
      if self.direction(of: change)?.goes(direction) == true { add("certificates", .certificate) }
    }
    if let expectations, expectations.direction?.goes(direction) == true {
      add("expect", direction == .weakened ? .expectationRemoved : .expectationAdded)
    }
    return order.enumerated().flatMap { place, subject in
      let names = (classes[subject] ?? []).sorted()
      return names.enumerated().map { index, name in
        let isLast = index == names.count - 1
        let end = isLast ? (place == order.count - 1 ? "" : ";") : ","
        return (index == 0 ? "\(subject) " : "") + name + end
      }
    }
  }
}

extension Effect {
  /// What it is about, in a word.
  var subject: String { endpoint?.description ?? service ?? (isOfMonitor ? "the monitor" : "server") }
}

extension Direction {
  /// Whether it goes one way, and perhaps the other as well.
  fileprivate func goes(_ direction: Direction) -> Bool {
    direction == .weakened ? isWeakened : isStrengthened
  }
}
