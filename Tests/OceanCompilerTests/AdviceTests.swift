import Foundation
import OceanCompiler
import OceanPlan
import OceanSyntax
import TestSupport
import Testing

/// "remove it" can be followed blindly: one by one or all at once, the plan stays what it was.
@Suite struct AdviceTests {
  @Test(arguments: 0..<120) func `following every hint changes nothing`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let config = RandomConfig(using: &random)
    let compiled = try config.compiled(config.text)
    let digest = try #require(compiled.result.plan, "\(config.text)\n\(compiled.report)").digest
    let hints = compiled.result.diagnostics.filter { $0.help == "remove it" }
    for hint in hints {
      let edited = try #require(Self.following([hint], in: config.text))
      let again = try config.compiled(edited)
      #expect(try again.result.plan?.digest == digest, "\(hint.message) in\n\(config.text)")
    }
    let edited = try #require(Self.following(hints, in: config.text))
    let again = try config.compiled(edited)
    #expect(try again.result.plan?.digest == digest, "all of\n\(compiled.report)\nin\n\(config.text)")
    // Once the hints were followed no hint is left, except about lists that nothing names any more.
    #expect(!again.result.diagnostics.contains { $0.help == "remove it" }, "\(again.report)")
    for hint in compiled.result.diagnostics where hint.code.id == "OC0419" {
      #expect(hint.help?.contains("remove") == false)
    }
  }

  /// Removes from the text what the hints are about; nil if it is not where they say.
  static func following(_ hints: [Diagnostic], in text: String) -> String? {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let places = hints.compactMap { hint in hint.span.map { ($0, hint) } }.sorted { $0.0 > $1.0 }
    var removed: Set<Int> = []
    for (span, hint) in places {
      let number = Int(span.start.line) - 1
      guard lines.indices.contains(number), !removed.contains(number) else { continue }
      let line = Array(lines[number].unicodeScalars)
      var (start, end) = (Int(span.start.column) - 1, Int(span.end.column) - 1)
      let trimmed = lines[number].drop { $0 == " " }
      if hint.message.hasPrefix("earlier exceptions") || trimmed.hasPrefix("- { file:") {
        removed.insert(number)
        continue
      }
      guard start >= 0, end <= line.count, start < end else { return nil }
      // A span covers what is between the quotes.
      if start > 0, line[start - 1] == "\"", end < line.count, line[end] == "\"" {
        (start, end) = (start - 1, end + 1)
      }
      func isSeparator(_ index: Int) -> Bool {
        line.indices.contains(index) && [",", ";"].contains(line[index])
      }
      if isSeparator(end) {
        end = min(end + 2, line.count)
      } else if isSeparator(start - 2) {
        start -= 2
      }
      let rest = String(String.UnicodeScalarView(line[..<start] + line[end...]))
      if rest.drop(while: { $0 == " " }).allSatisfy({ $0 == "-" || $0 == " " }) {
        removed.insert(number)
      } else {
        lines[number] = rest
      }
    }
    return lines.indices.filter { !removed.contains($0) }.map { lines[$0] }.joined(separator: "\n")
  }

  // MARK: - Acknowledgements

  /// A server that starts does not ask the facts for damage.
  @Test func `what nobody looked for is acknowledged all the same`() throws {
    let text = """
      version: 1
      server: { state: /srv/state }
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "/var/mail/{user}" }
      services:
        one: { ports: [1110], bind: [127.0.0.1] }
      acknowledge: [{ code: OC0435, reason: "the disk was replaced" }]
      """
    let loaded = try loadConfig("ocean.yaml", files: .inMemory(["ocean.yaml": text]))
    var facts = TestHost().facts(for: loaded.factRequest)
    let message = "there is no warning OC0435 to acknowledge"
    #expect(compile(loaded, facts).diagnostics.map(\.message) == [message])
    facts.damaged = nil
    #expect(compile(loaded, facts, for: .starting).diagnostics.isEmpty)
  }

  // MARK: - The setting that gets the hint

  private func report(_ text: String, lists: [String: String] = [:]) throws -> String {
    var host = TestHost()
    host.lists = lists
    return try Compiled(
      """
      version: 1
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "/var/mail/{user}" }
      \(text)
      """, host: host
    ).report
  }

  @Test func `a name is blamed where it is named`() throws {
    let report = try report(
      """
      server: { bind: [127.0.0.1], anti_hammering: { never_block: [office] } }
      address_lists: { office: [198.51.100.8/29] }
      services:
        pop3: { ip_control: { white_list: [office, 198.51.100.0/24], black_list: [office, office] } }
      """)
    #expect(report.contains("warning[OC0216]: 'office' is part of 198.51.100.0/24\n --> ocean.yaml:7:38\n"))
    #expect(report.contains("warning[OC0216]: 'office' is listed twice\n --> ocean.yaml:7:85\n"), "\(report)")
    #expect(!report.contains(" ocean.yaml:5"))
  }

  @Test func `an entry of the shared list is blamed for its own list alone`() throws {
    let report = try report(
      """
      server: { bind: [127.0.0.1] }
      address_lists: { office: [10.0.0.1, 10.0.0.0/24] }
      services:
        pop3: { ip_control: { white_list: [office, 10.0.0.7] } }
      """)
    #expect(report.contains("warning[OC0216]: 10.0.0.1 is part of 10.0.0.0/24\n --> ocean.yaml:5:27\n"))
    #expect(
      report.contains("10.0.0.7 is part of 'office' (10.0.0.0/24, ocean.yaml:5)\n --> ocean.yaml:7:46\n"),
      "\(report)")
  }

  @Test func `overruled by name and file`() throws {
    let report = try report(
      """
      server: { bind: [127.0.0.1] }
      address_lists: { office: [10.0.0.1], far: [10.0.0.1, 11.0.0.1] }
      services:
        pop3: { ip_control: { black_list: [office, far, { file: drop.netset }], white_list: [10.0.0.0/8] } }
      """, lists: ["drop.netset": "10.0.0.2\n"])
    #expect(
      report.contains("warning[OC0419]: the white list overrules all of 'office'\n --> ocean.yaml:7:38\n"))
    #expect(
      report.contains("warning[OC0419]: the white list overrules all of drop.netset\n --> ocean.yaml:7:59\n"),
      "\(report)")
    #expect(!report.contains("all of 'far'"))
  }

  @Test func `a black list of several services`() throws {
    let text = """
      server: { bind: [127.0.0.1] }
      service_defaults: { ip_control: { black_list: [10.0.0.1] } }
      services:
        pop3: { ip_control: { white_list: [10.0.0.0/8] } }
        second: { ports: [1111] }
      """
    #expect(
      try report(text).contains(
        """
        warning[OC0419]: in 'pop3' the white list overrules all of 10.0.0.1
         --> ocean.yaml:5:48
          |
        5 | service_defaults: { ip_control: { black_list: [10.0.0.1] } }
          |                                                ^^^^^^^^
          = it refuses nobody there; leave it for 'second', which has this black list too

        """))
    let everywhere = try report(
      text.replacing("ports: [1111]", with: "ports: [1111], ip_control: { white_list: [10.0.0.1] }"))
    #expect(everywhere.contains("OC0419]: the white list overrules all of 10.0.0.1\n"))
    #expect(everywhere.contains("it refuses nobody; if it should, the white list must not hold it\n"))
  }

  @Test func `lines of a file count once`() throws {
    let report = try report(
      """
      server: { bind: [127.0.0.1] }
      address_lists: { l: { file: drop.netset } }
      services: { pop3: { ip_control: { black_list: [l, l, 10.1.0.0/16], white_list: { file: drop.netset } } } }
      """, lists: ["drop.netset": "10.0.0.1\n10.0.0.2\n10.0.0.0/24\n"])
    #expect(
      report.contains("drop.netset: 2 lines covered by others, line 1 by 10.0.0.0/24 on line 3\n"),
      "\(report)")
    #expect(report.components(separatedBy: "OC0421").count == 2)
  }
}
