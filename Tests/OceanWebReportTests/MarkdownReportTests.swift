import Foundation
import OceanHost
import OceanPlan
import OceanWebReport
import Testing

/// Tests reports as comments on pull requests.
@Suite struct MarkdownReportTests {
  @Test func `a change`() throws {
    let example = try Example.usual()
    try expectGolden(example.masked(example.report.markdown), "change.md")
  }

  @Test func `no change`() throws {
    let example = try Example { $0 + "# a comment\n" }
    try expectGolden(example.masked(example.report.markdown), "none.md")
  }

  @Test func `a whole plan`() throws {
    let example = try Example.usual()
    let diff = PlanDiff(from: nil, to: example.diff.new)
    var context = example.context
    context.against = "nothing: --against none"
    try expectGolden(example.masked(ChangeReport(diff, context).markdown), "whole.md")
  }

  /// A row of a table stays a row, and nothing of a config is markup, code that ends early, or a mention.
  @Test func `words from outside stay words`() throws {
    let hostile = "x|y`z<b>@root [a](b) \\"
    let example = try Example { config in
      config + "log: { access: '\(hostile).jsonl' }   # </details>|`` <script>alert(1)</script>\n"
    }
    let markdown = example.report.markdown
    try expectGolden(example.masked(markdown), "hostile.md")
    for text in ["<b>", "<script", "</details>|", "](b"] {
      let isOwn = markdown.components(separatedBy: text).count > 1
      #expect(!isOwn, "\(text) in\n\(markdown)")
    }
    for line in markdown.split(separator: "\n") where line.hasPrefix("| ") {
      #expect(line.hasSuffix(" |"), "\(line)")
    }
  }

  @Test func `a long report ends at a row, and says so`() throws {
    let names = (1...250).map { "service-number-\($0)" }
    let services = names.enumerated().map { index, name in
      "  \(name): { ports: [\(2000 + index)], plaintext_login: always }\n"
    }
    let example = try Example { config in
      config.replacing("services:\n", with: "services:\n\(services.joined())")
    }
    let markdown = example.report.markdown
    #expect(markdown.utf8.count <= 65_536 && markdown.utf8.count > 50_000, "\(markdown.utf8.count)")
    #expect(markdown.hasSuffix("`--format json` everything.\n"), "\(markdown.suffix(300))")
    func count(_ text: String) -> Int { markdown.components(separatedBy: text).count }
    #expect(count("<details>") == count("</details>"))
    for line in markdown.split(separator: "\n") where line.hasPrefix("| ") {
      #expect(line.hasSuffix(" |"), "\(line)")
    }
  }
}
