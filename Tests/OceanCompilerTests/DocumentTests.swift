import Foundation
import OceanPlan
import OceanSyntax
import Testing

@testable import OceanCompiler

/// The documents about settings and codes come from the tables, and are true.
@Suite struct DocumentTests {
  @Test func `checked in as generated`() throws {
    #expect(try Repository.text("docs/settings.md") == SettingsReference.markdown, "make docs writes it anew")
    #expect(try Repository.text("docs/plan-file.md") == Plan.reference, "make docs writes it anew")
    #expect(try Repository.text("docs/diagnostics.md") == diagnosticsReference(), "make docs writes it anew")
  }

  /// Writing out a default as the reference shows it does not change the meaning.
  @Test(arguments: Settings.root.rows.compactMap { row in row.fallback.map { (row.path, $0) } })
  func `defaults are true`(_ path: String, _ fallback: Fallback) throws {
    guard case .written(let value) = fallback else { return }
    let keys = path.replacing("NAME", with: "pop3").split(separator: ".").map(String.init)
    var sections: [String: String] = [
      "version": "1", "certificates": "{ main: { chain: main.pem, key: main.key } }",
      "accounts": "{ main: { passwd_file: users.passwd } }",
      "mail": "{ maildir: \"/var/mail/{user}\" }", "services": "{ pop3: {} }",
    ]
    let sources = [
      "sql": "{ sql: { url: \"sqlite:/x\", query: \"SELECT {user}\"",
      "ldap": "{ ldap: { url: \"ldap://h\", base: \"o=x\", filter: \"(a={user})\"",
      "saslauthd": "{ saslauthd: { socket: /run/saslauthd/mux",
      "dovecot": "{ dovecot: { auth: /run/dovecot/auth-client",
    ]
    if keys[0] == "accounts" {
      sections["accounts"] = "{ pop3: \(sources.first { keys.contains($0.key) }?.value ?? "") } } }"
    }
    if keys.last == "cache" { sections["accounts"] = "{ pop3: { saslauthd: /run/saslauthd/mux } }" }
    if keys[0] == "monitor" { sections["monitor"] = "{}" }
    if keys.contains("shared_state") { sections["server"] = "{ shared_state: { url: valkey://h } }" }
    func digest() throws -> String {
      let text = sections.map { "\($0): \($1)\n" }.joined()
      return try #require(try Compiled(text).result.plan).digest.description
    }
    let implicit = try digest()
    let section = keys.dropFirst().reversed().reduce(value) { "{ \($1): \($0) }" }
    // These are the only sections that need more than the setting.
    sections[keys[0]] =
      switch keys[0] {
      case "accounts":
        sources.reduce(section) { $0.replacing("{ \($1.key): {", with: "\($1.value),") }
          .replacing("{ cache:", with: "{ saslauthd: /run/saslauthd/mux, cache:")
      case "mail":
        ["uidl", "locks"].reduce(section) {
          $0.replacing("{ \($1)", with: "{ maildir: \"/var/mail/{user}\", \($1)")
        }
      case "server":
        section.replacing("{ shared_state: {", with: "{ shared_state: { url: valkey://h,")
      case "services": section.replacing("{ without_tls", with: "{ mechanism: plain, without_tls")
      case "expect": section.replacing("{ ", with: "{ from: 127.0.0.1, verdict: allow, ")
      default: section
      }
    #expect(try digest() == implicit)
  }

  /// Each setting of the plan can be written, or is fixed, or is read from a certificate or from rules.
  @Test func `settings of the plan are settings`() {
    let written = Set(Settings.root.rows.map(\.path))
    let others = Plan.reference.matches(of: /^\| `([a-zA-Z0-9_.]+)` \|/.anchorsMatchLineEndings()).map {
      String($0.output.1)
    }
    .filter { !written.contains($0) }
    let read = [
      "subject", "names", "issuer", "valid_from", "expires", "key_type", "key_fingerprint", "fingerprint",
      "issuers", "root",
    ]
    #expect(
      others == read.map { "certificates.NAME.\($0)" }
        + ["handshake_timeout", "failure_delay", "line_octets", "output_octets", "listeners"].map {
          "services.NAME.\($0)"
        } + ["ends"])
  }

  /// A list file is read wherever addresses can be written, and without its contents there is no plan.
  @Test(
    arguments: Settings.root.rows
      .filter { $0.summary.contains("list of addresses") && !$0.path.hasSuffix(".bind") }.map(\.path))
  func `list files are asked for`(_ path: String) throws {
    var sections: [String: String] = [
      "version": "1", "accounts": "{ main: { passwd_file: users.passwd } }",
      "mail": "{ maildir: \"/var/mail/{user}\" }", "services": "{ pop3: {} }",
    ]
    let keys = path.split(separator: ".").map { $0 == "NAME" ? "pop3" : String($0) }
    let value = keys.dropFirst().reversed().reduce("[{ file: some.list }]") { "{ \($1): \($0) }" }
    sections[keys[0]] =
      switch path {
      case "expect.from": "{ from: [{ file: some.list }], verdict: allow }"
      case "server.limits.except.from":
        "{ limits: { except: { from: [{ file: some.list }], connections_per_ip: 50 } } }"
      default: value
      }
    let text = sections.map { "\($0): \($1)\n" }.joined()
    let loaded = try loadConfig("ocean.yaml", files: .inMemory(["ocean.yaml": text]))
    #expect(loaded.factRequest.listFiles == ["/etc/ocean/some.list"], "\(text)")
    var host = TestHost()
    // The listener is on loopback, and these clients have to get in.
    if path.hasSuffix("plaintext_login") || path.hasPrefix("expect") || path.hasSuffix("protect") {
      host.lists["some.list"] = "127.0.0.0/8\n::1"
    }
    var facts = host.facts(for: loaded.factRequest)
    #expect(compile(loaded, facts).plan != nil, "\(text)")
    facts.listFiles = [:]
    let result = compile(loaded, facts)
    #expect(result.plan == nil)
    #expect(result.notChecked == ["/etc/ocean/some.list (not among the facts)"])
  }

  @Test func `codes are unique and in order`() {
    let ids = DiagnosticCode.all.map(\.id)
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == ids.count)
  }

  @Test(arguments: DiagnosticCode.all) func `is explained`(_ code: DiagnosticCode) {
    #expect(code.title.first?.isUppercase == false)
    #expect(code.explanation.count > 100)
    #expect(code.explanation.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(code.explanation.components(separatedBy: "```").count % 2 == 1)
  }
}
