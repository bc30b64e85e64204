/// The outcome of settings that another server's config has and ocean's has not.
package struct Findings {
  package enum Kind: CaseIterable {
    /// Something is missing: without it the server does not run, or not as it did.
    case open
    /// The setting is taken over, or covered by what ocean does anyway, but it is not the same.
    case different
    case withoutCounterpart
  }

  struct Finding {
    let kind: Kind
    /// The line; 0 if it is not written anywhere.
    let line: Int
    let setting: String
    let advice: String
    /// Commands to paste, each on a line of its own.
    let commands: [String]
  }

  private(set) var findings: [Finding] = []
  /// Lines of settings that nobody will miss, by reason.
  private(set) var needless: [(reason: String, lines: [Int])] = []

  /// - Parameter line: 0 if the setting is not written anywhere.
  mutating func add(
    _ kind: Kind, _ line: Int, _ setting: String, _ advice: String, commands: [String] = []
  ) {
    findings.append(
      Finding(kind: kind, line: line, setting: setting, advice: advice, commands: commands))
  }

  mutating func addNeedless(_ lines: [Int], _ reason: String) {
    let lines = lines.filter { $0 > 0 }
    guard !lines.isEmpty else { return }
    guard let index = needless.firstIndex(where: { $0.reason == reason }) else {
      return needless.append((reason, lines))
    }
    needless[index].lines += lines
  }

  /// How many decisions must be made: several settings may wait for one.
  package var openCount: Int { Set(findings.filter { $0.kind == .open }.map(\.advice)).count }
}
