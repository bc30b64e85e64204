import OceanSyntax

/// What became of settings that another server's config has and ocean's has not.
struct ImportFindings {
  enum Kind: CaseIterable {
    /// Something is missing without which it does not run, or not as it did.
    case open
    /// Taken over, or covered by what ocean does anyway, and yet not the same.
    case different
    case withoutCounterpart

    fileprivate var heading: String {
      switch self {
      case .open: "TO BE DECIDED"
      case .different: "NOT QUITE THE SAME"
      case .withoutCounterpart: "NO COUNTERPART"
      }
    }
  }

  private struct Finding {
    let kind: Kind
    let line: Int
    let setting: String
    let advice: String
  }

  private var findings: [Finding] = []
  /// Lines of what nobody will miss, by reason.
  private var needless: [(reason: String, lines: [Int])] = []

  /// - Parameter line: 0 if it stands nowhere.
  mutating func add(_ kind: Kind, _ line: Int, _ setting: String, _ advice: String) {
    findings.append(Finding(kind: kind, line: line, setting: setting, advice: advice))
  }

  mutating func addNeedless(_ line: Int, _ reason: String) {
    guard let index = needless.firstIndex(where: { $0.reason == reason }) else {
      return needless.append((reason, [line]))
    }
    needless[index].lines.append(line)
  }

  var openCount: Int { findings.count { $0.kind == .open } }

  /// - Parameter source: what the lines are of.
  func text(source: String) -> String {
    var text = "Lines are those of \(source.escapedForDisplay)\n"
    for kind in Kind.allCases {
      let findings = findings.filter { $0.kind == kind }.sorted { $0.line < $1.line }
      guard !findings.isEmpty else { continue }
      text += "\n\(kind.heading)\n"
      for finding in findings {
        let line = finding.line > 0 ? "\(finding.line)" : "-"
        text += "\(Self.column(line))  \(finding.setting.escapedForDisplay)\n"
        text += Self.wrapped(finding.advice.escapedForDisplay)
      }
    }
    if !needless.isEmpty {
      text += "\nNOT NEEDED\n"
      for (reason, lines) in needless { text += Self.wrapped("\(reason): \(Self.ranges(lines))") }
    }
    return text
  }

  private static func column(_ text: String) -> String {
    String(repeating: " ", count: max(0, 5 - text.count)) + text
  }

  private static func wrapped(_ text: String) -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if !last.isEmpty, last.unicodeScalars.count + word.unicodeScalars.count >= 90 {
        lines.append(String(word))
      } else {
        lines[lines.count - 1] = last.isEmpty ? String(word) : "\(last) \(word)"
      }
    }
    return lines.map { "       \($0)\n" }.joined()
  }

  /// `3, 7-9`
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
    return (lines.count == 1 ? "line " : "lines ") + texts.joined(separator: ", ")
  }
}
