/// The lines of app passwords in a password file, by their accounts. Most accounts have none, and cost nothing here.
struct AppPasswordTable: Sendable {
  /// The place of a line. 32 bits are enough, because the length of a file is bounded.
  struct Line: Sendable {
    let start: UInt32
    let line: UInt32
  }

  /// Why a line does not count.
  enum Refusal: Error {
    case repeatedLabel(firstLine: Int)
    case tooMany
  }

  private struct Labelled: Sendable {
    let label: String
    let line: Line
  }

  private var lines: [AccountName: [Labelled]] = [:]

  var isEmpty: Bool { lines.isEmpty }

  /// The accounts with the lines of their app passwords, in the order of lines.
  var entries: [(account: AccountName, lines: [Line])] {
    lines.map { ($0.key, $0.value.map(\.line)) }.sorted { a, b in
      (a.lines.first?.line ?? 0) < (b.lines.first?.line ?? 0)
    }
  }

  /// The lines of an account's app passwords; the first line of a label wins.
  func lines(of account: AccountName) -> [Line] { lines[account]?.map(\.line) ?? [] }

  mutating func insert(_ line: Line, labelled label: String, of account: AccountName) throws(Refusal) {
    let others = lines[account] ?? []
    if let other = others.first(where: { $0.label == label }) {
      throw .repeatedLabel(firstLine: Int(other.line.line))
    }
    guard others.count < AppPassword.limit else { throw .tooMany }
    lines[account, default: []].append(Labelled(label: label, line: line))
  }
}
