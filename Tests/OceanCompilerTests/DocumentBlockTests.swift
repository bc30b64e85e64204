import Foundation
import OceanCompiler
import OceanSyntax
import TestSupport
import Testing

/// Compiles the YAML that documents show, as it stands. What is only a part of a config is put into one.
@Suite struct DocumentBlockTests {
  /// A block with its place, for the names of test cases.
  struct Example: CustomStringConvertible, Sendable {
    let path: String
    let block: DocumentBlock

    var description: String { "\(path):\(block.line)" }
  }

  static let documents = [
    "README.md", "docs/getting-started.md", "docs/running.md", "docs/access.md", "docs/certificates.md",
    "docs/monitoring.md", "docs/accounts.md", "docs/testing.md", "docs/ci.md", "docs/packaging.md",
    "docs/several-machines.md",
  ]

  static let examples: [Example] = documents.flatMap { path in
    DocumentBlock.blocks(of: (try? Repository.text(path)) ?? "").filter { $0.language == "yaml" }
      .map { Example(path: path, block: $0) }
  }

  /// What a part of a config is put into: its own sections take the place of these.
  private static let base = [
    "server": "server: { bind: [192.0.2.10] }\n",
    "address_lists": "address_lists: { office: [198.51.100.8/29], printers: [198.51.100.8] }\n",
    "certificates":
      "certificates: { main: { chain: tls/mail.example.org.crt, key: tls/mail.example.org.key } }\n",
    "accounts": "accounts: { main: { passwd_file: users.passwd } }\n",
    "mail": "mail: { maildir: \"/var/mail/{domain}/{user}/Maildir\" }\n",
    "services": "services: { pop3: { ports: [110], tls: { explicit: required, implicit: [995] } } }\n",
  ]

  private static func config(_ text: String) -> String {
    if text.hasPrefix("version:") { return text }
    var text = text
    if text.hasPrefix("black_list:") || text.hasPrefix("white_list:") {
      let lines = text.split(separator: "\n").map { "      \($0)\n" }.joined()
      text = "services:\n  pop3:\n    ports: [110]\n    ip_control:\n\(lines)"
    }
    // As they are added to a section of the reader's own config.
    if text.hasPrefix("  limits:") || text.hasPrefix("  protect:") {
      text = "server:\n  bind: [192.0.2.10]\n\(text)"
    }
    if text.hasPrefix("server:\n"), !text.contains("bind:") {
      text = "server:\n  bind: [192.0.2.10]\n" + text.dropFirst("server:\n".count)
    }
    if text.hasPrefix("    ip_control:") { text = "services:\n  pop3:\n    ports: [110]\n\(text)" }
    let own = text.split(separator: "\n").filter { $0.first?.isLetter == true }
      .compactMap { $0.split(separator: ":").first.map(String.init) }
    let others = base.filter { !own.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
    return "version: 1\n" + others.joined() + text
  }

  /// The words are right if the host may be another: what is said of files, addresses and who gets in is about that.
  @Test(arguments: examples) func `what is shown is what the compiler understands`(_ example: Example) throws
  {
    let text = example.block.text
    if text.hasPrefix("name: ") { return }  // A workflow of GitHub.
    if text.hasPrefix("fleet:") {
      let loaded = try LoadedFleet("fleet.yaml", files: .inMemory(["fleet.yaml": text]))
      #expect(loaded.diagnostics.map(\.message) == [])
      return
    }
    if text.contains("tests:\n") || text.hasPrefix("  - {") {
      let compiled = try Compiled(Self.config(""))
      var tests = LoadedTests(for: compiled.loaded)
      let whole = text.contains("tests:\n") ? text : "tests:\n" + text
      try tests.add("cases.yaml", files: .inMemory(["cases.yaml": whole]))
      let lowered = LoweredTests(
        tests, for: compiled.loaded, TestHost().facts(for: compiled.loaded.factRequest))
      #expect(lowered.diagnostics.map(\.message) == [])
      return
    }
    var host = TestHost()
    for name in ["drop", "crowdsec"] {
      host.lists["\(name).netset"] = (0..<200).map { "198.18.\($0).0/25\n" }.joined()
    }
    let compiled = try Compiled(
      Self.config(text), files: ["domains/example.org.yaml": "address_lists: { school: [203.0.113.9] }\n"],
      host: host)
    let errors = compiled.errors.filter { $0.code.id != "OC0327" }
    #expect(errors.map(\.message) == [], "\(compiled.report)")
  }

  /// What nothing runs or compiles, and why: documents, and the first words of blocks. Commands in `console` blocks are run
  /// by ConsoleTests.
  private static let untested: KeyValuePairs<String, [String: String]> = [
    "README.md": ["make demo": "builds the program; DemoTests run what `make demo` starts"],
    "docs/running.md": [
      "make release": "needs systemd, and installs into /usr/local; Tests/release builds it",
      "umask 077": "asks for a password on a terminal; PermissionTests and SecretTests run it",
      "sudo journalctl": "needs a journal", "pop3: login": "lines of the log; LoginTests look at them",
    ],
    "docs/getting-started.md": [
      "sudo make packages": "builds and installs; Tests/package does", "sudo systemctl": "needs systemd",
      "curl -k": "asks for a password on a terminal; ClientTests run curl",
    ],
    "docs/access.md": [
      "#!/bin/sh": "a job of cron, with a download", "# haproxy.cfg": "not ocean's; ProxyTests run HAProxy",
      "error[OC0327]": "from another config; the texts are those of BadConfigTests",
      "{\"time\"": "lines of logs; AccessLogTests and LogTests look at them",
    ],
    "docs/accounts.md": [
      "CREATE ROLE": "needs a server with a table; DatabaseServerTests start some",
      "apt-get install sasl2-bin": "changes the host; SocketServerTests start a saslauthd",
      "service auth": "is of Dovecot's configuration; SocketServerTests start a Dovecot with it",
    ],
    "docs/certificates.md": [
      "apt-get install": "installs a package",
      "ocean cert hook": "needs certbot; CertHookTests run the hooks",
    ],
    "docs/packaging.md": [
      "make release": "Tests/package installs what is built", "tar -C": "a backup of a host that has ocean",
    ],
    "docs/testing.md": ["$ ocean test": "needs 14 cases; TestCommandTests run --coverage"],
    "docs/ci.md": ["#!/bin/sh": "a hook of git"],
    "docs/changes.md": [
      "edit ": "how changes are made, in short; the commands are run further down",
      "ocean plan --format html": "ReportTests open the page; FormatTests have the comment",
    ],
    "docs/several-machines.md": [
      "# haproxy.cfg": "not ocean's; BalancedTests run HAProxy",
      "# sentinel.conf": "not ocean's; SentinelTests run redis-sentinel",
      "ocean facts": "what nodes are asked; FleetTests ask some",
      "$ ocean fleet plan": "needs five hosts; FleetApplyTests bring configs to three",
      "ocean fleet status": "needs a rollout that waits; FleetApplyTests have one",
      "HALF CONFIRMED": "needs a command that is killed; FleetApplyTests kill it",
      "$ ocean fleet rollback": "needs five hosts; FleetApplyTests take back what three have",
    ],
    "docs/moving-in.md": [
      "cut -d:": "needs a running Cyrus, as MovingFromCyrusTests have it",
      "mkdir -p /etc/systemd": "needs systemd; ServerStartTests have the lines",
    ],
  ]

  @Test func `what is not tested is known`() throws {
    for (path, reasons) in Self.untested {
      let text = try Repository.text(path)
      let blocks = DocumentBlock.blocks(of: text)
      let others = blocks.filter { !["yaml", "console"].contains($0.language) }
      for block in others {
        #expect(
          reasons.contains { block.text.hasPrefix($0.key) },
          "\(path):\(block.line) is neither run nor explained")
      }
      for words in reasons.keys {
        #expect(others.contains { $0.text.hasPrefix(words) }, "\(path) has no block '\(words)' any more")
      }
      let commands = text.split(separator: "\n").filter { line in
        line.hasPrefix("    ")
          && ["$ ", "ocean ", "sudo "].contains { line.drop { $0 == " " }.hasPrefix($0) }
          && !blocks.contains { $0.text.contains(line.drop { $0 == " " }) }
      }
      #expect(commands == [], "\(path): write them as console blocks, and have them run")
    }
  }
}
