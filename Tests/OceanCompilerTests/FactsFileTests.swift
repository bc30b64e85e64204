import Foundation
import OceanBase
import OceanCompiler
import OceanAddresses
import OceanPlan
import OceanSyntax
import Testing

/// Facts that are written on one host and read on another.
@Suite struct FactsFileTests {
  static let config = """
    version: 1
    server:
      hostname: mail.example.org
      bind: [192.0.2.10, mx.example.org]
      user: vmail
      default_domain: example.org
    accounts: { main: { passwd_file: users.passwd } }
    mail: { maildir: "/var/mail/{domain}/{user}" }
    certificates: { main: { chain: a.pem, key: a.key } }
    services:
      pop3:
        tls: { profile: legacy }
        ip_control: { black_list: [{ file: drop.netset }] }

    """

  private func load(_ text: String = config) throws -> LoadedConfig {
    try loadConfig("ocean.yaml", files: .inMemory(["ocean.yaml": text]))
  }

  private func file(for loaded: LoadedConfig) -> FactsFile {
    let request = loaded.config.factRequest
    return FactsFile(
      TestHost().facts(for: request), for: request, directory: "/etc/ocean",
      defaultDomain: loaded.config.defaultDomain)
  }

  /// Compiles `text` with facts that were written for the config above.
  private func compiled(_ text: String, with file: FactsFile? = nil) throws -> Compilation {
    let loaded = try load(text)
    let given = try file ?? self.file(for: load())
    return compile(
      loaded, given.facts(for: loaded.config.factRequest, defaultDomain: loaded.config.defaultDomain))
  }

  // MARK: - Coding

  @Test func `every case is read as it was written`() throws {
    var facts = Facts(
      hostname: "h", isRoot: true, hasIPv6: false, localAddresses: [IPAddress(v6: 1)], now: -5)
    facts.hosts = [
      "with_Underscore.example": .addresses([IPAddress(v4: 1)]), "b": .failed("no"), "c": .notAsked,
    ]
    facts.users = ["a": .exists, "b": .isRoot, "c": .missing]
    facts.directories = ["/a": .exists, "/b": .missing, "/c": .notADirectory, "/d": .notPermitted]
    facts.accountFiles = [
      "/a": .read(
        .init(
          active: 1, disabled: 2, homeless: 3, domainless: 4,
          issues: [.init(line: 5, message: "m", help: "h"), .init(line: nil, message: "n")])),
      "/b": .missing, "/c": .notPermitted, "/d": .unreadable("r"),
    ]
    facts.listFiles = [
      "/a": .read(.init(text: "192.0.2.1\n?\n", format: .jsonLines(key: "cidr")), Digest(of: [1])),
      "/e": .read(.init(text: "", format: nil), Digest(of: [2])), "/b": .missing, "/c": .notPermitted,
      "/d": .unreadable("r"),
    ]
    facts.suggestedUsers = ["8": "mail"]
    facts.permissions = [
      "with_Underscore": .init(
        group: "g", paths: ["/a_B": .granted, "/b": .denied(by: ["/"]), "/c": .denied(by: ["/", "/c"])]),
      "none": .init(group: nil, paths: ["/d": .readOnly(at: "/")]),
    ]
    facts.own = .init(group: nil, paths: ["/a": .granted])
    facts.places = ["/a_B": .init(owner: "o", group: "g", mode: 0o640, isDirectory: true)]
    facts.writable = ["/a_B": ["/", "/a_B"]]
    facts.writtenFiles = ["/a_B": .symbolicLink, "/b": .notPermitted]
    facts.lowestPort = 1024
    facts.cores = 2
    facts.full = ["/a_B": .inodes]
    facts.damaged = ["/a_B": .init(files: [.init(path: "/a", reason: "r")], mayKeepFromStarting: true)]
    facts.hasSetfacl = true
    facts.exposed = ["/a", "/b"]
    var database = Facts.Database(.prepared, reason: "r")
    (database.columns, database.unknown, database.password) = (["password", "X_y"], ["X_y"], .missing)
    facts.databases = ["panel_A": database, "b": Facts.Database(.missingLibrary)]
    var directory = Facts.LDAPServer(.answered, reason: "r")
    (directory.hasBase, directory.unknown, directory.password) = (true, ["X_y"], .missing)
    directory.aliases = [.init(written: "X_y", name: "Z_z")]
    facts.ldapServers = ["staff_A": directory, "b": Facts.LDAPServer(.missingLibrary)]
    facts.mailFileSystem = Facts.MailFileSystem(
      path: "/a_B", type: "nfs4", source: "h_o:/m", options: ["vers=4.2", "local_lock=none"],
      recoversLostLocks: false, leaseSeconds: 90, mountedBelow: ["/a_B/c"])
    var namesakes = Facts.SharedMailboxes()
    namesakes.count = 2
    namesakes.pairs = [
      .init(
        first: .init(account: "a@b", file: "/f", line: 1), second: .init(account: "a@c", file: "/g", line: 2))
    ]
    facts.namesakes = namesakes
    facts.protocols = ["modern": ["TLS 1.3"], "legacy": []]
    let states: [CertificateFacts.FileState] = [
      .read, .missing, .notPermitted, .notHere, .unreadable("r"),
    ]
    var request = try load().config.factRequest
    request.certificates = [:]
    request.databases["panel_A"] = Plan.SQL(
      url: try DatabaseURL(parsing: "mysql://a_B@h/d_E"), password: .env("E_f"),
      query: try SQLQuery(parsing: "SELECT 'x_Y' AS password WHERE 'z' = {user}"), tls: .verify, ca: "/c_A")
    request.ldapServers["staff_A"] = Plan.LDAP(
      url: try LDAPURL(parsing: "ldaps://h_o"), base: "ou=a_B", filter: try LDAPFilter(parsing: "(a={user})"),
      tls: .verify, ca: "/c_A")
    for (index, state) in states.enumerated() {
      facts.certificates["c\(index)"] = CertificateFacts(
        chain: state, chainDigest: Digest(of: [2]), key: state, passphrase: state, isKeyExposed: true,
        findings: CertificateFinding.examples, isMissingIssuerRoot: true, fullChain: "/f",
        refusals: ["modern": "r"])
      request.certificates["c\(index)"] = .init(chain: "/c\(index)", key: "/k", passphrase: .env("E"))
    }
    facts.certificates["whole"] = TestHost().certificate(.init(chain: "/a.pem", key: "/a.key"))

    let file = FactsFile(facts, for: request, directory: "/etc", defaultDomain: nil)
    let json = try file.json
    #expect(try FactsFile(json: json) == file)
    #expect(try FactsFile(json: json).json == json)
    let text = String(decoding: json, as: UTF8.self)
    #expect(!text.contains("_0"), "a case is written by its position")
    #expect(text.contains(#""with_Underscore.example" : {"#), "a name is not a key")
    #expect(text.contains(#""has_ipv6" : false"#))
  }

  @Test(arguments: [
    (#""format_version" : 1"#, #""format_version" : 2"#, "its format is 2, this ocean reads 1"),
    (#""state" : "read""#, #""state" : "resolved""#, "'resolved' has no meaning here"),
    (#""state" : "read""#, #""state" : "odd""#, "odd"),
    (#""vmail" : "exists""#, #""vmail" : "odd""#, "odd"),
    (#""now" : 1800000000"#, #""now" : -9223372036854775808"#, "a time in it"),
    (#""not_after" : "#, #""not_after" : 9999"#, "a time in it"),
    (#""has_ipv6" : true,"#, "", "has_ipv6|hasIpv6|No value associated"),
    (#"{"#, "[", "JSON|array"),
  ])
  func `what cannot be right is refused`(_ old: String, _ new: String, _ reason: String) throws {
    let text = try String(decoding: file(for: load()).json, as: UTF8.self)
    #expect(text.contains(old))
    let broken = text.replacingOccurrences(of: old, with: new)
    let error = #expect(throws: FactsFile.ReadError.self) { try FactsFile(json: Array(broken.utf8)) }
    #expect(try error?.description.contains(Regex(reason)) == true, "\(error?.description ?? "")")
  }

  @Test func `no truncation and no changed byte traps`() throws {
    let json = try file(for: load()).json
    for length in stride(from: 0, to: json.count - 1, by: 97) {
      #expect(throws: FactsFile.ReadError.self) { try FactsFile(json: Array(json.prefix(length))) }
    }
    for index in stride(from: 0, to: json.count, by: 13) {
      var bytes = json
      bytes[index] = Array("\"9-{\u{0}é".utf8)[index % 7]
      guard let file = try? FactsFile(json: bytes) else { continue }
      _ = try compiled(Self.config, with: file)
    }
  }

  // MARK: - Compiling

  @Test func `gives the same plan`() throws {
    let loaded = try load()
    let here = compile(loaded, TestHost().facts(for: loaded.factRequest))
    let there = try compiled(Self.config, with: FactsFile(json: file(for: loaded).json))
    let plan = try #require(here.plan)
    #expect(there.plan == plan)
    #expect(try there.plan?.digest == plan.digest)
    #expect(there.diagnostics == here.diagnostics)
    #expect(there.notChecked == [])
  }

  @Test(arguments: ExampleTests.names) func `the examples come to the same plan`(_ name: String) throws {
    let text = try Repository.text("examples/\(name).yaml")
    let file = try file(for: load(text))
    let there = try compiled(text, with: FactsFile(json: file.json))
    #expect(try there.plan == Compiled(text).result.plan)
    #expect(there.notChecked == [])
  }

  /// A different config asks different questions. They are named, and if the answers would change the plan
  /// there is no plan.
  @Test(arguments: [
    ("mx.example.org", "mx2.example.org", "mx2.example.org", false),
    ("a.pem", "b.pem", "the certificate 'main' of /etc/ocean/b.pem and /etc/ocean/a.key", false),
    ("a.key", "b.key", "the certificate 'main' of /etc/ocean/a.pem and /etc/ocean/b.key", false),
    ("drop.netset", "other.netset", "/etc/ocean/other.netset", false),
    ("users.passwd", "more.passwd", "/etc/ocean/more.passwd", true),
    ("default_domain: example.org", "default_domain: example.net", "/etc/ocean/users.passwd", true),
    ("user: vmail", "user: mail", "the user mail", true),
    ("user: vmail", "state: /srv/ocean", "/srv/ocean", true),
    ("legacy", "modern", "the TLS versions of the profile modern", true),
  ])
  func `what is missing is named`(_ old: String, _ new: String, _ what: String, _ isPlan: Bool) throws {
    let result = try compiled(Self.config.replacingOccurrences(of: old, with: new))
    #expect(result.notChecked == ["\(what) (not among the facts)"])
    #expect((result.plan != nil) == isPlan)
    #expect(!result.diagnostics.contains { $0.severity == .error })
  }

  /// Facts from before these questions existed, and from hosts that could not answer them.
  @Test func `facts without permissions do`() throws {
    var file = try file(for: load())
    (file.facts.permissions, file.facts.exposed, file.facts.suggestedUsers) = (nil, nil, nil)
    let text = try String(decoding: file.json, as: UTF8.self)
    for key in ["permissions", "exposed", "suggested_users", "namesakes", "chain_digest"] {
      #expect(!text.contains("\"\(key)\""))
    }
    let result = try compiled(Self.config, with: FactsFile(json: file.json))
    #expect(
      result.notChecked == ["what the user 'vmail' may read and write (only root or that user can tell)"])
    #expect(result.plan != nil)
  }

  @Test func `namesakes are of all the files`() throws {
    let config = Self.config.replacingOccurrences(of: "{domain}/{user}", with: "{user}")
    let file = try file(for: load(config))
    #expect(try compiled(config, with: file).notChecked == [])
    let more = config.replacingOccurrences(
      of: "accounts: {", with: "accounts: { b: { passwd_file: b.passwd },")
    let result = try compiled(more, with: file)
    #expect(
      result.notChecked == [
        "whether accounts share a mailbox (not among the facts)", "/etc/ocean/b.passwd (not among the facts)",
      ])
  }

  /// A name that was not resolved must not be taken for one without addresses.
  @Test func `an unresolved name is missing`() throws {
    var file = try file(for: load())
    file.facts.hosts["mx.example.org"] = .notAsked
    let result = try compiled(Self.config, with: file)
    #expect(result.notChecked == ["mx.example.org (not among the facts)"])
    #expect(result.plan == nil)
  }

  @Test func `a renamed certificate is the same`() throws {
    let renamed = Self.config.replacingOccurrences(of: "{ main: { chain", with: "{ other: { chain")
    let result = try compiled(renamed)
    #expect(result.notChecked == [])
    #expect(result.plan?.certificates.map(\.name) == ["other"])
  }

  /// Facts that a config no longer asks for have no effect.
  @Test func `answers to nobody are ignored`() throws {
    var file = try file(for: load())
    file.facts.listFiles["/etc/ocean/gone.netset"] = .missing
    file.facts.hosts["gone.example.org"] = .failed("no")
    #expect(try compiled(Self.config, with: file).plan != nil)
  }
}
