import Foundation
import OceanPlan
import OceanSyntax
import Testing

@testable import OceanCompiler

/// What is written about settings and codes comes from the tables, and holds.
@Suite struct DocumentTests {
  @Test func checkedInAsGenerated() throws {
    #expect(try Repository.text("docs/settings.md") == settingsReference(), "make docs writes it anew")
    #expect(try Repository.text("docs/diagnostics.md") == diagnosticsReference(), "make docs writes it anew")
  }

  /// A default that the reference shows as it would be written means the same written as not.
  @Test(arguments: Settings.root.rows.compactMap { row in row.fallback.map { (row.path, $0) } })
  func defaultsAreTrue(_ path: String, _ fallback: Fallback) throws {
    guard case .written(let value) = fallback else { return }
    let keys = path.replacing("NAME", with: "pop3").split(separator: ".").map(String.init)
    var sections: [String: String] = [
      "version": "1", "certificates": "{ main: { chain: main.pem, key: main.key } }",
      "accounts": "{ main: { passwd_file: users.passwd } }",
      "mail": "{ maildir: \"/var/mail/{user}\" }", "services": "{ pop3: {} }",
    ]
    func digest() throws -> String {
      let text = sections.map { "\($0): \($1)\n" }.joined()
      return try #require(try Compiled(text).result.plan).digest.description
    }
    let implicit = try digest()
    let section = keys.dropFirst().reversed().reduce(value) { "{ \($1): \($0) }" }
    // The one section of these that needs more than the setting.
    sections[keys[0]] =
      keys[0] == "mail" ? section.replacing("{ uidl", with: "{ maildir: \"/var/mail/{user}\", uidl") : section
    #expect(try digest() == implicit)
  }

  @Test func codesAreUniqueAndInOrder() {
    let ids = DiagnosticCode.all.map(\.id)
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == ids.count)
  }

  @Test(arguments: DiagnosticCode.all) func isExplained(_ code: DiagnosticCode) {
    #expect(code.title.first?.isUppercase == false)
    #expect(code.explanation.count > 100)
    #expect(code.explanation.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(code.explanation.components(separatedBy: "```").count % 2 == 1)
  }
}
