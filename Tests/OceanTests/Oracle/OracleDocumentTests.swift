import Foundation
import Testing

@Test func `docs/deviations.md lists the deviations that the tests allow`() throws {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()
  let text = try String(contentsOf: root / "docs/deviations.md", encoding: .utf8)
  let headings = text.split(separator: "\n").filter { $0.hasPrefix("### ") }.map { String($0.dropFirst(4)) }
  #expect(headings.sorted() == OracleDeviation.allCases.map(\.rawValue).sorted())
}
