import OceanCompiler
import OceanPlan
import OceanSyntax
import TestSupport
import Testing

@Suite struct CoverageTests {
  private func coverage(_ text: String) throws -> Coverage? {
    try Compiled(
      """
      version: 1
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "/var/mail/{user}" }
      \(text)
      service_defaults: { bind: all, plaintext_login: always }
      """
    ).result.coverage
  }

  /// The entries as `ocean check` would name them: place, rule, service, list, and how many rules.
  private func lines(_ coverage: Coverage?) throws -> [String] {
    try #require(coverage).entries.map { entry in
      let via = entry.origin.via.map { " (\($0))" } ?? ""
      return "\(entry.origin.place) \(entry.origin.text)\(via) \(entry.service) \(entry.setting) "
        + "\(entry.noticed)/\(entry.rules)" + (entry.isFile ? " file" : "")
    }
  }

  @Test func `by service and list`() throws {
    let coverage = try coverage(
      """
      server: { protect: 203.0.113.9 }
      address_lists: { office: [198.51.100.8/29, 203.0.113.9] }
      services:
        two:
          ports: [2110]
          ip_control: { black_list: ["192.0.2.*", { file: lists/overlapping.netset }], white_list: [office] }
        one: { ip_control: { default: refuse, white_list: [office, "2001:db8::/32"] } }
      expect:
        - { from: 203.0.113.10, to: two, verdict: refuse }
        - { from: ["2001:db8::1", 198.51.100.15], to: one, verdict: allow }
      """)
    #expect(
      try lines(coverage) == [
        "ocean.yaml:5 198.51.100.8/29 (office) one white_list 1/1",
        "ocean.yaml:5 203.0.113.9 (office) one white_list 1/1",
        "ocean.yaml:10 2001:db8::/32 one white_list 1/1",
        // Nobody says that others must be refused.
        "ocean.yaml:10 refuse one default 0/1",
        "ocean.yaml:14 always one plaintext_login 1/1",
        "ocean.yaml:5 198.51.100.8/29 (office) two white_list 0/1",
        "ocean.yaml:5 203.0.113.9 (office) two white_list 1/1",
        "ocean.yaml:9 192.0.2.* two black_list 0/1",
        // Two lines match 203.0.113.10, so that each of them could go.
        "lists/overlapping.netset:1 lists/overlapping.netset two black_list 0/3 file",
        "ocean.yaml:14 always two plaintext_login 1/1",
      ])
    #expect(coverage?.rules == 12 && coverage?.noticed == 6)
  }

  @Test func `only what is switched on`() throws {
    let coverage = try coverage(
      """
      services:
        off: { enabled: false, ports: [2110], ip_control: { black_list: 192.0.2.1 } }
        on: { ip_control: { black_list: { enabled: false, entries: 192.0.2.2 }, white_list: 192.0.2.3 } }
      expect:
        - { from: 192.0.2.1, to: off, verdict: refuse }
      """)
    #expect(
      try lines(coverage) == [
        "ocean.yaml:6 192.0.2.3 on white_list 0/1", "ocean.yaml:9 always on plaintext_login 0/1",
      ])
  }

  /// If a list has two names, or is named twice, every rule counts once, and none of them is missed.
  @Test func `rules count once`() throws {
    let coverage = try coverage(
      """
      address_lists: { l: { file: lists/overlapping.netset }, m: [l, 10.1.0.0/16] }
      services: { pop3: { ip_control: { black_list: [l, l, m, 10.2.0.0/16] } } }
      expect: [{ from: [10.1.0.1, 203.0.113.77], verdict: refuse }]
      """)
    #expect(coverage?.rules == 6 && coverage?.noticed == 1)
  }

  @Test func `none without plan`() throws {
    let broken = """
      services: { pop3: { ip_control: { black_list: 192.0.2.1 } } }
      expect: [{ from: 192.0.2.1, verdict: allow }]
      """
    #expect(try coverage(broken) == nil)
    #expect(
      try lines(coverage("services: { pop3: {} }")) == ["ocean.yaml:5 always pop3 plaintext_login 0/1"])
  }

  /// Compares with configs that lack one rule each: a rule is noticed if such a config does not compile.
  @Test(arguments: 0..<40) func `as if each rule were removed`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func list(_ most: Int) -> [String] {
      (0..<Int.random(in: 0...most, using: &random)).map { _ in
        let first = Int.random(in: 0..<60, using: &random)
        let last = min(59, first + Int.random(in: 0...15, using: &random))
        return "192.0.2.\(first)-192.0.2.\(last)"
      }
    }
    // A rule that is there twice is reported, and is not missed.
    func distinct(_ list: [String]) -> [String] { Array(Set(list)).sorted() }
    let settings = ["white_list", "black_list", "proxy_from", "plaintext_login"]
    let lists = [
      distinct(list(4)), distinct(list(5)), distinct(list(2)), distinct(list(3)) + ["192.0.2.200"],
    ]
    let isRefusing = Bool.random(using: &random)
    func config(_ lists: [[String]], refusing: Bool, _ expect: [String]) -> String {
      func text(_ index: Int) -> String { "\(settings[index]): [\(lists[index].joined(separator: ", "))]" }
      return """
        version: 1
        accounts: { main: { passwd_file: users.passwd } }
        mail: { maildir: "/var/mail/{user}" }
        certificates: { main: { chain: main.pem, key: main.key } }
        services:
          pop3:
            bind: all
            \(text(2))
            \(text(3))
            tls: { explicit: optional, implicit: [] }
            ip_control:
              \(refusing ? "default: refuse" : "")
              \(text(0))
              \(text(1))
        expect: [\(expect.joined(separator: ", "))]
        """
    }
    func holds(_ text: String) throws -> Bool {
      try !Compiled(text).result.diagnostics.contains { $0.code.id == "OC0327" }
    }
    let whole = config(lists, refusing: isRefusing, [])
    var expect: [String] = []
    for _ in 0..<6 {
      let address = "192.0.2.\(Int.random(in: 0..<64, using: &random))"
      for can in ["connect", "login", "login_plaintext"] {
        for verdict in ["allow", "refuse"] {
          let one = "{ from: \(address), can: \(can), verdict: \(verdict) }"
          if try holds(config(lists, refusing: isRefusing, [one])), Bool.random(using: &random) {
            expect.append(one)
          }
        }
      }
    }
    let compiled = try Compiled(config(lists, refusing: isRefusing, expect))
    #expect(compiled.errors == [], "\(whole)")
    var expected: [String] = []
    for index in settings.indices {
      for place in lists[index].indices {
        var fewer = lists
        fewer[index].remove(at: place)
        let isNoticed = try !holds(config(fewer, refusing: isRefusing, expect))
        expected.append("\(settings[index]) \(lists[index][place]) \(isNoticed ? 1 : 0)")
      }
    }
    if isRefusing {
      expected.append("default refuse \(try holds(config(lists, refusing: false, expect)) ? 0 : 1)")
    }
    let found = try #require(compiled.result.coverage).entries.map {
      "\($0.setting) \($0.origin.text) \($0.noticed)"
    }
    #expect(found.sorted() == expected.sorted(), "\(config(lists, refusing: isRefusing, expect))")
  }
}
