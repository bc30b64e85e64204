import OceanCompiler
import OceanPlan
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
      return "\(entry.origin.place) \(entry.origin.text)\(via) \(entry.service) \(entry.list) "
        + "\(entry.exercised)/\(entry.rules)" + (entry.isFile ? " file" : "")
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
        "ocean.yaml:5 198.51.100.8/29 (office) two white_list 0/1",
        "ocean.yaml:5 203.0.113.9 (office) two white_list 1/1",
        "ocean.yaml:9 192.0.2.* two black_list 0/1",
        // The first line of the file is a comment; two of the others match 203.0.113.9, and two 203.0.113.10.
        "lists/overlapping.netset:1 lists/overlapping.netset two black_list 3/3 file",
      ])
    #expect(coverage?.rules == 9 && coverage?.exercised == 7)
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
    #expect(try lines(coverage) == ["ocean.yaml:6 192.0.2.3 on white_list 0/1"])
  }

  /// If a list has two names, or is named twice, every rule counts once.
  @Test func `rules count once`() throws {
    let coverage = try coverage(
      """
      address_lists: { l: { file: lists/overlapping.netset }, m: [l, 10.1.0.0/16] }
      services: { pop3: { ip_control: { black_list: [l, l, m, 10.2.0.0/16] } } }
      expect: [{ from: 10.1.0.1, verdict: refuse }]
      """)
    #expect(coverage?.rules == 5 && coverage?.exercised == 1)
  }

  @Test func `none without plan`() throws {
    let broken = """
      services: { pop3: { ip_control: { black_list: 192.0.2.1 } } }
      expect: [{ from: 192.0.2.1, verdict: allow }]
      """
    #expect(try coverage(broken) == nil)
    #expect(try lines(coverage("services: { pop3: {} }")).isEmpty)
  }

  /// Compares with asking about every address of every expectation.
  @Test(arguments: 0..<20) func `any rules`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func ranges(_ most: Int) -> [ClosedRange<Int>] {
      (0..<Int.random(in: 1...most, using: &random)).map { _ in
        let first = Int.random(in: 0..<60, using: &random)
        return first...min(59, first + Int.random(in: 0...9, using: &random))
      }
    }
    func text(_ range: ClosedRange<Int>, _ family: Int) -> String {
      family == 4
        ? "192.0.2.\(range.lowerBound)-192.0.2.\(range.upperBound)"
        : "\"2001:db8::\(String(range.lowerBound, radix: 16))-2001:db8::\(String(range.upperBound, radix: 16))\""
    }
    for family in [4, 6] {
      let (white, black) = (ranges(4), ranges(6))
      func isAllowed(_ address: Int) -> Bool {
        white.contains { $0.contains(address) } || !black.contains { $0.contains(address) }
      }
      let expected = ranges(6).filter { Set($0.map(isAllowed)).count == 1 }
      let coverage = try coverage(
        """
        services:
          pop3:
            ip_control:
              white_list: [\(white.map { text($0, family) }.joined(separator: ", "))]
              black_list: [\(black.map { text($0, family) }.joined(separator: ", "))]
        expect: [\(expected.map {
          "{ from: \(text($0, family)), verdict: \(isAllowed($0.lowerBound) ? "allow" : "refuse") }"
        }.joined(separator: ", "))]
        """)
      #expect(
        coverage?.entries.map(\.exercised)
          == (white + black).map { rule in expected.contains { $0.overlaps(rule) } ? 1 : 0 })
    }
  }
}
