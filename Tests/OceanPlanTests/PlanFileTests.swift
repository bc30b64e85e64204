import Foundation
import OceanAddresses
import OceanPlan
import TestSupport
import Testing

@Suite struct PlanFileTests {
  let file: PlanFile
  let text: String

  init() throws {
    var provenance = Provenance()
    provenance["services.myService.ports"] = Provenance.Origin(file: "ocean.yaml", line: 3, column: 7)
    file = try PlanFile(
      plan: #require(Plan.example),
      inputs: [
        PlanFile.Input(role: .config, path: "/etc/ocean.yaml", sha256: Digest(of: [1])),
        PlanFile.Input(role: .accounts, path: "/etc/users", sha256: nil),
      ], provenance: provenance, rules: PlanRules(),
      expectations: [
        Plan.Expectation(
          from: .localhost, to: nil, verdict: .allow, span: .init(file: "ocean.yaml", line: 5, column: 3)),
        Plan.Expectation(
          from: AddressSet(), to: ["one"], verdict: .refuse,
          span: .init(file: "ocean.yaml", line: 6, column: 3)),
      ])
    text = String(decoding: try file.json, as: UTF8.self)
  }

  private func read(_ text: String) throws(PlanFile.ReadError) -> PlanFile {
    try PlanFile(json: Array(text.utf8))
  }

  @Test func `survives the round trip`() throws {
    let again = try read(text)
    #expect(again.plan == file.plan)
    #expect(again.digest == file.digest)
    #expect(again.inputs == file.inputs)
    #expect(again.provenance == file.provenance)
    #expect(again.expectations == file.expectations && again.expectations?.count == 2)
    #expect(try again.json == file.json)
    #expect(PlanFile.isPlausible(Array(text.utf8)))
  }

  @Test func `envelope is the contract`() throws {
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "format_version", "digest", "policy", "plan", "against", "inputs", "provenance", "rules",
        "expectations",
      ])
    #expect(object["format_version"] as? Int == 6)
    #expect(object["digest"] as? String == file.digest.description)
    #expect(object["against"] is NSNull)
    let plan = try #require(object["plan"] as? [String: Any])
    let services = try #require(plan["services"] as? [[String: Any]])
    let listeners = try #require(services.first?["listeners"] as? [[String: Any]])
    #expect(listeners.first?["address"] as? String == "127.0.0.1")
    #expect(listeners.first?["port"] as? Int == 110)
    #expect(listeners.first?["tls"] as? String == "none")
    #expect(try #require(object["provenance"] as? [String: Any])["services.myService.ports"] != nil)
  }

  @Test(arguments: [
    ("\"port\" : 110", "\"port\" : 111"), ("/var/mail/", "/var/mial/"),
    ("\"enabled\" : false", "\"enabled\" : true"),
  ])
  func `edited plan`(_ old: String, _ new: String) {
    #expect(throws: PlanFile.ReadError.self) { try read(text.replacing(old, with: new)) }
    do {
      _ = try read(text.replacing(old, with: new))
    } catch {
      #expect(error.description.hasPrefix("it says \(file.digest.short), but holds "))
    }
  }

  @Test(arguments: [
    (Plan.SecretSource.file("/a"), #"{"file":"/a"}"#), (.env("A_B"), #"{"env":"A_B"}"#),
    (.credential("c"), #"{"credential":"c"}"#),
  ])
  func `secret sources`(_ source: Plan.SecretSource, _ json: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    #expect(try String(decoding: encoder.encode(source), as: UTF8.self) == json)
    #expect(try JSONDecoder().decode(Plan.SecretSource.self, from: Data(json.utf8)) == source)
  }

  @Test(arguments: ["{}", #"{"file":"/a","env":"B"}"#, #"{"secret":"hunter2"}"#, #""/a""#])
  func `no secret source`(_ json: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Plan.SecretSource.self, from: Data(json.utf8))
    }
  }

  @Test(arguments: [0, 1, 2, 3, 999]) func `other version`(_ version: Int) {
    let other = text.replacing("\"format_version\" : 6", with: "\"format_version\" : \(version)")
    #expect(throws: PlanFile.ReadError.version(version)) { try read(other) }
  }

  @Test func `older version`() {
    #expect(
      PlanFile.ReadError.version(1).description
        == "an older ocean wrote it (format 1, this one reads 6): make it again from its config with 'ocean plan --out'"
    )
  }

  @Test(arguments: [
    "", "{", "null", "[]", "{}", "version: 1", "{\"format_version\": 6}", "{\"format_version\": \"2\"}",
    "{\"format_version\": 1e400}",
  ])
  func `foreign`(_ text: String) {
    do {
      _ = try read(text)
      Issue.record("taken for a plan")
    } catch .malformed(let reason) {
      #expect(!reason.isEmpty)
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func `cut short anywhere`() {
    for length in stride(from: 0, to: text.count - 2, by: 37) {
      #expect(throws: PlanFile.ReadError.self) { try read(String(text.prefix(length))) }
    }
  }

  @Test(arguments: ["version: 1", "{ version: 1 }", "", "  \n", "# { \"digest\" }"])
  func `config is no plan`(_ text: String) {
    #expect(!PlanFile.isPlausible(Array(text.utf8)))
  }

  /// The changes of the plan come before everything else, and may be long.
  @Test(arguments: [0, 1, 10_000]) func `said by what it is`(_ changes: Int) throws {
    var old = file.plan
    old.accounts += (0..<changes).map { .init(name: "a\($0)", passwdFile: "/before/\($0)") }
    let diff = PlanDiff(
      from: try PlanVersion(old, Provenance()), to: try PlanVersion(file.plan, Provenance()))
    #expect(diff.changes.count == changes)
    let saved = try PlanFile(
      plan: file.plan, inputs: [], provenance: Provenance(), rules: PlanRules(), against: diff
    ).json
    #expect(PlanFile.isPlausible(saved))
    let again = try PlanFile(json: saved)
    #expect(again.plan == file.plan && again.madeAgainst == diff.from)
    // The file is cut short after the first key.
    #expect(changes < 2 || PlanFile.isPlausible(Array(saved.prefix(5000))))
  }

  /// A plan file is recognized whoever wrote it: with another order, other blanks, foreign keys, a byte-order
  /// mark.
  @Test(arguments: 0..<8) func `recognised wherever its keys stand`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let padding = ["note": String(repeating: "\\\"digest{[", count: 2000)] as [String: Any]
    let members = try object.merging(padding) { first, _ in first }.shuffled(using: &random).map {
      key, value in
      "\"\(key)\" : "
        + String(
          decoding: try JSONSerialization.data(
            withJSONObject: value, options: [.fragmentsAllowed, .withoutEscapingSlashes]), as: UTF8.self)
    }
    let written = "\u{FEFF}\n {\t" + members.joined(separator: ",\r\n") + "}"
    #expect(PlanFile.isPlausible(Array(written.utf8)))
    let again = try PlanFile(json: Array(written.utf8))
    #expect(again.plan == file.plan && again.provenance == file.provenance)
  }

  @Test(arguments: [
    "{\"version\": 1, \"mail\": {\"digest\": \"format_version\"}}", "{\"digest\"",
    "{\"version\": 1, \"plan\": {}}",
    "{ version: 1, \"digest\": x }", "{version: 1} # \"digest\":", "[{\"digest\": 1}]", "\"digest\": 1",
    "{\"a\": \"digest\"}", "{'digest': 1}", "{\"note\": \"\\\"digest\\\":\"}",
  ])
  func `no plan`(_ text: String) { #expect(!PlanFile.isPlausible(Array(text.utf8))) }

  /// Plans with a digest that fits, as somebody may have made them, must still not hold anything that an
  /// engine could trip over.
  static let flaws: [@Sendable (inout Plan) -> Void] = [
    { $0.services[0].listeners[0].port = 65_536 }, { $0.services[0].listeners[0].port = 0 },
    { $0.services[0].limits.idleSeconds = .max }, { $0.services[0].limits.lineOctets = -1 },
    { $0.server.drainSeconds = 86_401 }, { $0.services[0].accounts = ["nobody"] },
    { $0.services[1].name = "one" }, { $0.certificates[1].name = "ec" },
    { $0.services[0].tls?.certificates = [] }, { $0.services[0].tls?.certificates = ["ec", "ec"] },
    { $0.services[0].tls?.certificates = ["main"] },
    {
      $0.services[0].tls = nil
      $0.services[0].listeners[0].tls = .implicit
    },
    { $0.accounts[1].name = "main" },
    {
      $0.services[1] = $0.services[0]
      $0.services[1].name = "two"
    },
  ]

  @Test(arguments: flaws.indices) func `plan that no config makes`(_ index: Int) throws {
    var plan = file.plan
    Self.flaws[index](&plan)
    let flaw = try #require(plan.flaw)
    let json = try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: PlanRules()).json
    #expect(throws: PlanFile.ReadError.malformed(flaw)) { try PlanFile(json: json) }
  }

  /// Rules decide who may connect, and the digest does not cover them: they must have exactly the plan's
  /// addresses.
  @Test(arguments: [
    "services.one.ip_control.black_list", "services.one.ip_control.white_list",
    "services.one.plaintext_login",
    "services.one.proxy_from", "services.two.proxy_from", "server.anti_hammering.never_block",
    "server.limits.except.50",
  ])
  func `rules of another list`(_ place: String) throws {
    let path = SettingPath(place)
    func made(_ addresses: AddressSet, _ rules: String) throws -> PlanFile {
      var plan = file.plan
      plan.setAddresses(addresses, at: path)
      var list = PlanRules()
      var entries = RuleList()
      entries.append(
        try AddressPattern(parsing: rules),
        from: RuleOrigin(text: rules, place: .init(file: "ocean.yaml", line: 1, column: 1)))
      list[path] = entries
      return try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: list)
    }
    let network = AddressSet([try AddressPattern(parsing: "198.51.100.8/29")])
    let good = try made(network, "198.51.100.8/29")
    #expect(good.plan != file.plan)
    #expect(try PlanFile(json: good.json).rules == good.rules)
    let json = try made(network, "198.51.100.9").json
    #expect(throws: PlanFile.ReadError.malformed("the rules of '\(path)' are not its addresses")) {
      try PlanFile(json: json)
    }
  }

  @Test func `rules of no list`() throws {
    var rules = PlanRules()
    rules["services.three.proxy_from"] = RuleList(.localhost)
    let json = try PlanFile(plan: file.plan, inputs: [], provenance: Provenance(), rules: rules).json
    #expect(
      throws: PlanFile.ReadError.malformed(
        "it has rules for 'services.three.proxy_from', which is not one of its lists")
    ) { try PlanFile(json: json) }
  }

  /// Each address has the number of one exception; only the config knows which of two comes first.
  @Test func `exceptions of other addresses`() throws {
    var plan = file.plan
    let network = AddressSet([try AddressPattern(parsing: "198.51.100.8/29")])
    plan.setAddresses(network, at: "server.limits.except.200")
    plan.setAddresses(network.union(.localhost), at: "server.limits.except.50")
    #expect(
      plan.server.limits.exceptions == [
        .init(from: .localhost, connectionsPerIP: 50), .init(from: network, connectionsPerIP: 200),
      ])
    plan.setAddresses(AddressSet(), at: "server.limits.except.200")
    #expect(plan.server.limits.exceptions.map(\.connectionsPerIP) == [50])
  }

  @Test(arguments: [
    "sha256:", "md5:00", "sha256:" + String(repeating: "G", count: 64), String(repeating: "0", count: 71),
  ])
  func `digests are strict`(_ digest: String) {
    #expect(throws: PlanFile.ReadError.self) {
      try read(text.replacing(file.digest.description, with: digest))
    }
  }

  @Test func `digest of known text`() {
    // FIPS 180-2, appendix B.1.
    #expect(
      Digest(of: Array("abc".utf8)).description
        == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(Digest(of: Array("abc".utf8)).short == "ba7816")
  }
}
