import Foundation
import OceanCompiler
import OceanAddresses
import OceanPlan
import OceanUIDL
import Testing

/// The digest covers the whole meaning of a config, and nothing else.
@Suite struct CanonicalFormTests {
  static let config = """
    version: 1
    log: { access: /var/log/ocean/access.jsonl }
    server: { hostname: mail.example.org, bind: [127.0.0.1, 192.0.2.10], user: vmail, default_domain: example.org }
    accounts: { a: { passwd_file: a.passwd }, b: { passwd_file: b.passwd } }
    mail: { maildir: "/var/mail/{domain}/{user}" }
    services:
      one: { ports: [110, 1110], accounts: [a, b], plaintext_login: [127.0.0.0/8, 10.0.0.0/8] }
      two: { ports: [2110], plaintext_login: always, enabled: false, idle_timeout: 20m }

    """

  private static func plan(_ config: String, files: [String: String] = [:]) throws -> Plan {
    let compiled = try Compiled(config, files: files)
    #expect(compiled.errors == [])
    return try #require(compiled.result.plan)
  }

  @Test(arguments: [
    ("version: 1", "# a comment\nversion: 1   # and another"),
    ("mail.example.org", "MAIL.example.org."),
    ("[127.0.0.1, 192.0.2.10]", "[192.0.2.10, 127.0.0.1]"),
    ("[127.0.0.1, 192.0.2.10]", "\"127.0.0.1 ; 192.0.2.10;\""),
    (
      "ports: [110, 1110], accounts: [a, b]",
      "accounts: [a, b], ports: [1110, 110, 110], bind: default"
    ),
    ("enabled: false, idle_timeout: 20m", "idle_timeout: 1200s, enabled: 'false'"),
    ("[2110]", "\"2110\""),
    ("a.passwd }", "./a.passwd }"), ("a.passwd }", "/etc/ocean//a.passwd }"),
    ("[127.0.0.0/8, 10.0.0.0/8]", "[10.0.0.0/9, 127.0.0.0/8, 10.128.0.0/9, 10.1.0.0/16]"),
    ("{domain}/{user}\"", "{domain}//{user}/\""), ("{user}\" }", "{user}\", uidl: ocean }"),
    ("{ passwd_file: b.passwd }", "{\n    \"passwd_file\": 'b.passwd' }"),
    ("idle_timeout: 20m", "idle_timeout: 10m60s540s, max_connections: 200, login_timeout: 1m"),
  ])
  func `same meaning`(_ text: String, _ other: String) throws {
    let changed = Self.config.replacing(text, with: other)
    #expect(changed != Self.config)
    let plan = try Self.plan(Self.config)
    let same = try Self.plan(changed)
    #expect(same == plan)
    #expect(try same.digest == plan.digest)
    #expect(Plan.diff(plan, same) == [])
  }

  @Test(arguments: ["dovecot", "{ dovecot: \"%{uid | hex(8)}%{uidvalidity | hex(8)}\" }"])
  func `formats of unique IDs`(_ text: String) throws {
    func plan(_ uidl: String) throws -> Plan {
      try Self.plan(Self.config.replacing("{user}\" }", with: "{user}\", uidl: \(uidl) }"))
    }
    #expect(try plan(text).mail.uidl == .dovecot(format: .standard))
    #expect(try plan(text).digest == plan("{ dovecot: \"%08Xu%08Xv\" }").digest)
  }

  @Test func `defaults of services and files do not matter`() throws {
    let moved = Self.config.replacing("accounts: { a", with: "include: [more.yaml]\naccounts: { a")
      .replacing(", idle_timeout: 20m", with: "")
      .replacing("one: {", with: "one: { idle_timeout: 10m, ")
      .replacing(
        "mail: { maildir: \"/var/mail/{domain}/{user}\" }", with: "service_defaults: { idle_timeout: 20m }")
    let same = try Self.plan(moved, files: ["more.yaml": "mail: { maildir: \"/var/mail/{domain}/{user}\" }"])
    #expect(try same.digest == Self.plan(Self.config).digest)
  }

  @Test(arguments: [
    ("mail.example.org", "mx.example.org", "server.hostname"), ("user: vmail, ", "", "server.user"),
    ("default_domain: example.org", "default_domain: example.net", "server.default_domain"),
    (", user: vmail", ", user: vmail, state: /srv/state", "server.state"),
    (", user: vmail", ", user: vmail, drain_timeout: 1s", "server.drain_timeout"),
    ("access.jsonl", "access.log", "log.access"),
    ("log: { access: /var/log/ocean/access.jsonl }", "", "log.access"),
    ("{domain}/{user}", "{user}", "mail.maildir"), ("{user}\" }", "{user}\", uidl: courier }", "mail.uidl"),
    ("a.passwd", "c.passwd", "accounts.a.passwd_file"),
    (", b: { passwd_file: b.passwd }", ", c: { passwd_file: b.passwd }", "accounts.b.passwd_file"),
    ("[a, b]", "[b, a]", "services.one.accounts"),
    ("10.0.0.0/8", "10.0.0.0/9", "services.one.plaintext_login"),
    ("enabled: false", "enabled: true", "services.two.enabled"),
    ("[2110]", "[3110]", "services.two.listeners"), ("20m", "21m", "services.two.idle_timeout"),
    ("20m", "20m, login_timeout: 2m", "services.two.login_timeout"),
    ("20m", "20m, max_connections: 1", "services.two.max_connections"),
    ("20m", "20m, max_login_attempts: 1", "services.two.max_login_attempts"),
    ("20m", "20m, max_bad_commands: 1", "services.two.max_bad_commands"),
    ("  two:", "  three:", "services.two.enabled"),
  ])
  func `other meaning`(_ text: String, _ other: String, _ path: String) throws {
    let known =
      text == "[a, b]" || !path.hasPrefix("accounts.b")
      ? Self.config : Self.config.replacing("[a, b]", with: "[a]")
    let plan = try Self.plan(known)
    let changed = try Self.plan(known.replacing(text, with: other))
    #expect(try changed.digest != plan.digest)
    let paths = Plan.diff(plan, changed).compactMap {
      if case .setting(let path, _, _) = $0 { path.description } else { nil }
    }
    #expect(paths.contains(path))
  }

  @Test(arguments: [("1110]", "1111]"), ("192.0.2.10]", "10.0.0.5]")])
  func `other listeners`(_ text: String, _ other: String) throws {
    let plan = try Self.plan(Self.config)
    let changes = Plan.diff(plan, try Self.plan(Self.config.replacing(text, with: other)))
    #expect(changes.contains { if case .opened = $0 { true } else { false } })
    #expect(changes.contains { if case .closed = $0 { true } else { false } })
  }

  /// A certificate is enough for TLS, and the defaults that follow can be written out.
  @Test func `certificate brings TLS`() throws {
    let certificate = "certificates: { main: { chain: main.pem, key: main.key } }\n"
    let config =
      certificate
      + Self.config.replacing(", plaintext_login: [127.0.0.0/8, 10.0.0.0/8]", with: "")
      .replacing("plaintext_login: always, ", with: "")
    let plan = try Self.plan(config)
    let service = try #require(plan.services.first)
    #expect(
      service.tls == Plan.Service.TLS(explicit: .required, certificates: ["main"], profile: .intermediate))
    #expect(service.listeners.filter { $0.tls == .implicit }.map(\.port) == [995, 995])
    #expect(service.plaintextLogin == AddressSet())
    let explicit = "tls: { explicit: required, implicit: [995], certificate: [main], profile: intermediate }"
    let written = config.replacing("one: {", with: "one: { plaintext_login: never, \(explicit), ")
    #expect(try Self.plan(written).digest == plan.digest)
    // Settings are inherited one by one from the defaults; here one switch is off.
    let inherited =
      config.replacing("one: {", with: "one: { tls: { implicit: { enabled: false, ports: [995] } }, ")
      + "service_defaults: { tls: { explicit: optional, implicit: [2995] } }\n"
    let other = try #require(try Self.plan(inherited).services.first)
    #expect(other.tls?.explicit == .optional)
    #expect(other.listeners.allSatisfy { $0.tls == .none })
    #expect(other.plaintextLogin == AddressSet.loopback)
  }

  /// Compares with a foreign implementation.
  @Test(arguments: [config, config.replacing("/var/mail/", with: "/var/mail/Zoë \\\" \\\\ ☃/")])
  func `digest is that of sorted JSON`(_ config: String) throws {
    let result = try Compiled(config).result
    let file = try PlanFile(
      plan: #require(result.plan), inputs: result.inputs, provenance: result.provenance, rules: result.rules)
    let script = """
      import hashlib, json, sys
      plan = json.load(sys.stdin)["plan"]
      text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
      print("sha256:" + hashlib.sha256(text.encode()).hexdigest())
      """
    #expect(try Python.run(["-c", script], input: file.json) == file.digest.description + "\n")
  }

  @Test func `compiles the same twice`() throws {
    func json() throws -> [UInt8] {
      let result = try Compiled(Self.config).result
      return try PlanFile(
        plan: #require(result.plan), inputs: result.inputs, provenance: result.provenance, rules: result.rules
      ).json
    }
    #expect(try json() == json())
  }
}
