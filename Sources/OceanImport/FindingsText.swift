import OceanSyntax

extension Findings {
  /// The findings for people.
  ///
  /// - Parameter source: what the lines belong to.
  package func text(source: String) -> String {
    var text = "Lines are those of \(source.escapedForDisplay)\n"
    for kind in Kind.allCases {
      let findings = findings.filter { $0.kind == kind }.sorted { $0.line < $1.line }
      guard !findings.isEmpty else { continue }
      text += "\n\(kind.heading)\n"
      for group in Self.groups(findings) {
        for finding in group {
          let line = finding.line > 0 ? "\(finding.line)" : "-"
          text += "\(Self.column(line))  \(finding.setting.escapedForDisplay)\n"
        }
        guard let first = group.first else { continue }
        text += Self.wrapped(first.advice.escapedForDisplay)
        for command in first.commands { text += "           \(command.escapedForDisplay)\n" }
      }
    }
    if !needless.isEmpty {
      text += "\nNOT NEEDED\n"
      for (reason, lines) in needless { text += Self.wrapped("\(reason): \(Self.ranges(lines))") }
    }
    return text
  }

  /// The open decisions as comments of the config: they are read when what was printed is gone.
  package var comments: [String] {
    let open = Self.groups(findings.filter { $0.kind == .open }.sorted { $0.line < $1.line })
    guard !open.isEmpty else { return [] }
    var lines = ["", "TO BE DECIDED (remove each of these notes once it is)"]
    for group in open {
      guard let first = group.first else { continue }
      for finding in group { lines.append("- \(finding.setting.escapedForDisplay)") }
      lines += Self.wrappedLines(first.advice.escapedForDisplay).map { "  \($0)" }
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

  private static func wrapped(_ text: String) -> String {
    wrappedLines(text).map { "       \($0)\n" }.joined()
  }

  private static func wrappedLines(_ text: String) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if !last.isEmpty, last.unicodeScalars.count + word.unicodeScalars.count >= 90 {
        lines.append(String(word))
      } else {
        lines[lines.count - 1] = last.isEmpty ? String(word) : "\(last) \(word)"
      }
    }
    return lines
  }

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
  fileprivate var heading: String {
    switch self {
    case .open: "TO BE DECIDED"
    case .different: "NOT QUITE THE SAME"
    case .withoutCounterpart: "NO COUNTERPART"
    }
  }
}
