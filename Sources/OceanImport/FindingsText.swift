package import OceanSyntax

extension Findings {
  /// The findings for people.
  ///
  /// - Parameters:
  ///   - source: what the lines belong to.
  ///   - screen: where it is read.
  package func text(source: String, on screen: Screen) -> String {
    var lines = screen.fitted("Lines are those of \(source.escapedForDisplay)", indent: 2)
    for kind in Kind.allCases {
      let findings = findings.filter { $0.kind == kind }.sorted { $0.line < $1.line }
      guard !findings.isEmpty else { continue }
      lines += ["", screen.paint(kind.heading, kind.style)]
      for group in Self.groups(findings) {
        for finding in group {
          let line = finding.line > 0 ? "\(finding.line)" : "-"
          lines.append("\(Self.column(line))  \(finding.setting.escapedForDisplay)")
        }
        guard let first = group.first else { continue }
        lines += Self.wrapped(first.advice.escapedForDisplay, on: screen)
        for command in first.commands {
          lines += screen.command(command.escapedForDisplay, after: Self.margin + "    ", indent: 11)
        }
      }
    }
    if !needless.isEmpty {
      lines += ["", screen.paint("NOT NEEDED", .heading)]
      for (reason, numbers) in needless {
        lines += Self.wrapped("\(reason): \(Self.ranges(numbers))".escapedForDisplay, on: screen)
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// A config is read in an editor: its comments are as wide as its longest usual lines.
  private static let page = Screen(width: 92)

  /// The open decisions as comments of the config: they are read when what was printed is gone.
  package var comments: [String] {
    let open = Self.groups(findings.filter { $0.kind == .open }.sorted { $0.line < $1.line })
    guard !open.isEmpty else { return [] }
    var lines = ["", "TO BE DECIDED (remove each of these notes once it is)"]
    for group in open {
      guard let first = group.first else { continue }
      for finding in group { lines.append("- \(finding.setting.escapedForDisplay)") }
      lines += Self.page.wrapped(
        Self.words(first.advice.escapedForDisplay), after: "  ", separator: " ", indent: 2)
      lines += first.commands.map { "      \($0.escapedForDisplay)" }
    }
    return lines
  }

  /// Groups findings with the same advice, at the place of the first of them.
  private static func groups(_ findings: [Finding]) -> [[Finding]] {
    var groups: [[Finding]] = []
    for finding in findings {
      let same = groups.firstIndex {
        $0.first?.advice == finding.advice && $0.first?.commands == finding.commands
      }
      if let same { groups[same].append(finding) } else { groups.append([finding]) }
    }
    return groups
  }

  private static func column(_ text: String) -> String {
    String(repeating: " ", count: max(0, 5 - text.count)) + text
  }

  private static let margin = "       "

  private static func wrapped(_ text: String, on screen: Screen) -> [String] {
    screen.wrapped(words(text), after: margin, separator: " ", indent: margin.count)
  }

  private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  /// Line numbers in words: `lines 3, 7-9`.
  private static func ranges(_ lines: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for line in Set(lines).sorted() {
      if let last = ranges.last, last.upperBound + 1 == line {
        ranges[ranges.count - 1] = last.lowerBound...line
      } else {
        ranges.append(line...line)
      }
    }
    let texts = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return (Set(lines).count == 1 ? "line " : "lines ") + texts.joined(separator: ", ")
  }
}

extension Findings.Kind {
  fileprivate var style: Style { self == .open ? .warning : .heading }

  fileprivate var heading: String {
    switch self {
    case .open: "TO BE DECIDED"
    case .different: "NOT QUITE THE SAME"
    case .withoutCounterpart: "NO COUNTERPART"
    }
  }
}
