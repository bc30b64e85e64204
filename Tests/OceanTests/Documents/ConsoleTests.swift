import Foundation
import TestSupport
import Testing

/// Types what documents show behind `$ `, and compares what is printed with what they show.
@Suite(.enabled(if: geteuid() == 0, "only root can make a host of its own"))
struct ConsoleTests {
  static let repository = {
    var url = URL(filePath: #filePath)
    while access((url / "Package.swift").path, F_OK) != 0, url.path != "/" { url.deleteLastPathComponent() }
    return url
  }()

  static func blocks(_ path: String) throws -> [DocumentBlock] {
    DocumentBlock.blocks(of: try String(contentsOf: repository / path, encoding: .utf8))
  }

  /// The first config that a document shows.
  static func config(in path: String) throws -> String {
    try #require(blocks(path).first { $0.language == "yaml" && $0.text.hasPrefix("version:") }).text
  }

  static func consoles(_ path: String) throws -> [DocumentBlock] {
    try blocks(path).filter { $0.language == "console" }
  }

  /// The `console` blocks of a document that were not run yet.
  struct Consoles {
    let path: String
    private(set) var rest: [DocumentBlock]

    init(_ path: String) throws { (self.path, rest) = (path, try consoles(path)) }

    /// The next block whose first command begins so.
    mutating func take(_ command: String) throws -> DocumentBlock {
      let place = rest.firstIndex { $0.commands.first?.command.hasPrefix(command) == true }
      return rest.remove(at: try #require(place, "\(path) has no block of '\(command)'"))
    }
  }

  /// Runs a block, and compares.
  ///
  /// - Parameter names: what stands in commands for what is so on this host.
  func type(
    _ block: DocumentBlock, on host: MailHost, in path: String, for names: [String: String] = [:]
  ) throws {
    for (shown, output) in block.commands {
      let command = names.reduce(shown) { $0.replacing($1.key, with: $1.value) }
      let printed = try host.run(command)
      // A line `...` must not hide a failure.
      let failures = printed.split(separator: "\n").filter { line in
        ["ocean: ", "Error: "].contains { line.hasPrefix($0) } && !output.contains(line)
      }
      #expect(failures.isEmpty, "\(path):\(block.line): $ \(command)\n\(printed)")
      #expect(
        Self.isMatch(printed, output),
        "\(path):\(block.line): $ \(command)\n\(printed)-- is shown as:\n\(output)")
    }
  }

  /// Whether a text is what a document shows. A line `...` stands for any lines; times, digests and how long something
  /// took are those of another day.
  static func isMatch(_ printed: String, _ shown: String) -> Bool {
    func lines(_ text: String) -> [String] {
      let text = text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?/, with: "TIME")
        .replacing(/\d\d:\d\d:\d\d UTC/, with: "TIME").replacing(/\b[0-9a-f]{6}\b/, with: "DIGEST")
        .replacing(/\d{4}-\d\d-\d\d/, with: "DATE").replacing(/\(\d+\.\d{3} s\)/, with: "(TIME)")
        .replacing(/\(\d+ ms\)/, with: "(TIME)").replacing(/\b(\d+m )?\d+s\b/, with: "DURATION")
      return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        // Columns are as wide as their widest time.
        let indentation = line.prefix { $0 == " " }
        return indentation + line.split(separator: " ").joined(separator: " ")
      }
    }
    // Nobody is asked without a terminal.
    let shown = lines(shown).filter { !$0.hasPrefix("Apply? ") }
    return isMatch(lines(printed)[...], shown[...])
  }

  private static func isMatch(_ printed: ArraySlice<String>, _ shown: ArraySlice<String>) -> Bool {
    guard let line = shown.first else { return printed.isEmpty }
    let rest = shown.dropFirst()
    if line == "..." {
      return printed.indices.contains { isMatch(printed[$0...], rest) } || isMatch([], rest)
    }
    return printed.first == line && isMatch(printed.dropFirst(), rest)
  }

  @Test func `README`() throws {
    let path = "README.md"
    let consoles = try Self.consoles(path)
    #expect(consoles.count == 2)
    let host = try MailHost(config: try Self.config(in: path))
    try host.serve()
    try host.logIn("anna", from: "203.0.113.77")
    _ = try host.run("sed -i 's|203.0.113.0/26|203.0.113.0/25|' ocean.yaml")
    try type(consoles[0], on: host, in: path)
    _ = try host.run("echo '    idel_timeout: 20m' >>ocean.yaml")
    try type(consoles[1], on: host, in: path)
  }

  @Test func `docs/access.md, with the config of docs/running.md`() throws {
    let path = "docs/access.md"
    let list = (0..<814).map { "198.\(100 + $0 / 256).\($0 % 256).0/25\n" }.joined()
    let host = try MailHost(
      config: try Self.config(in: "docs/running.md"),
      files: [
        "lists/drop.netset": "198.18.0.0/15\n" + list, "domains/example.org.yaml": "address_lists: {}\n",
      ], days: 20)
    var consoles = try Consoles(path)
    try type(consoles.take("ocean explain ocean.yaml --from 203.0.113.77"), on: host, in: path)
    try type(consoles.take("ocean check ocean.yaml --coverage"), on: host, in: path)
    try host.serve()
    let guessing = try [host.guess(3, from: "192.0.2.34"), host.guess(6, from: "192.0.2.33")]
    for client in guessing {
      try client.wait()
      #expect(client.status == .exited(0), "\(client.errorOutput)")
    }
    try type(consoles.take("ocean blocks"), on: host, in: path)
    try type(consoles.take("ocean explain ocean.yaml --from 192.0.2.34"), on: host, in: path)
    try host.write(Self.ending)
    try type(consoles.take("ocean check --at"), on: host, in: path)
    #expect(consoles.rest.isEmpty)
  }

  /// A config without a certificate, so that every day is as good as another.
  private static let ending = """
    version: 1
    server: { hostname: mail.example.org, bind: [127.0.0.1], state: /var/lib/ocean, user: vmail }
    accounts: { main: { passwd_file: users.passwd } }
    mail: { maildir: "/var/mail/vhosts/example.org/{user}/Maildir" }
    services:
      pop3:
        ip_control:
          default: refuse
          white_list: [127.0.0.1, { address: 203.0.113.9, until: 2027-01-31 }]

    """

  /// The config of docs/changes.md, in which what changes is on the lines that it names.
  private static func config(_ minutes: Int, _ blackList: String, blackListLine: Int) throws -> String {
    let top = try config(in: "README.md").components(separatedBy: "services:").first ?? ""
    let head =
      top + "expect: [{ from: 198.51.100.9, verdict: allow }, { from: 192.0.2.33, verdict: allow },"
      + " { from: 203.0.113.1, verdict: refuse }]\n"
    let tail = """
      services:
        pop3:
          ports: [110]
          idle_timeout: \(minutes)m
          tls: { explicit: required, implicit: [995] }
          ip_control:
            black_list: [\(blackList)]

      """
    let lines = (head + tail).split(separator: "\n").count
    return head + String(repeating: "#\n", count: blackListLine - lines) + tail
  }

  @Test func `docs/changes.md, with clients that are connected`() throws {
    let path = "docs/changes.md"
    var consoles = try Consoles(path)
    let old = "203.0.113.0/26"
    let host = try MailHost(config: try Self.config(9, old, blackListLine: 31))
    let server = try host.serve()
    try host.write(try Self.config(10, old, blackListLine: 31))
    server.signal(SIGHUP)
    try eventually("a reload") { server.errorOutput.contains("9m -> 10m") ? true : nil }
    for (user, address) in [("anna", "203.0.113.77"), ("berta", "198.51.100.9"), ("clara", "192.0.2.33")] {
      try host.logIn(user, from: address)
    }
    try type(consoles.take("ocean replay"), on: try Self.hostWithLogs(), in: path)
    try compare(&consoles)
    try host.write(try Self.config(20, "\(old), 203.0.113.64/26", blackListLine: 32))
    try type(consoles.take("ocean plan ocean.yaml"), on: host, in: path)
    try type(consoles.take("ocean apply ocean.yaml --confirm-within"), on: host, in: path)
    let plan = String(try host.run("ocean status").split(separator: " ", maxSplits: 2)[1])
    #expect(try host.run("ocean confirm \(plan)") == "confirmed \(plan)\n")
    try type(consoles.take("ocean rollback --dry-run"), on: host, in: path)
    try type(consoles.take("ocean rollback"), on: host, in: path)
    try type(consoles.take("ocean history"), on: host, in: path)

    let history = try host.run("ocean history").split(separator: "\n").dropFirst().map {
      $0.split(separator: " ")
    }
    let plans = try ["0", "1"].map { back in
      String(try #require(history.first { $0.first?[...] == back[...] })[1])
    }
    let names = ["f45d63": plans[0], "488f8c": plans[1]]
    try host.write(try Self.config(10, old, blackListLine: 31))
    try type(consoles.take("ocean diff 488f8c f45d63"), on: host, in: path, for: names)
    try host.write(try Self.config(30, old, blackListLine: 31))
    try type(consoles.take("ocean plan ocean.yaml --out"), on: host, in: path)
    try type(consoles.take("ocean apply change.plan"), on: host, in: path)
    _ = try host.run("ocean confirm $(ocean status --format json | grep -o '[0-9a-f]\\{64\\}' | head -1)")
    _ = try host.run(
      """
      echo 'probe@example.org:{PLAIN}\(Workspace.secret)::::::' >>users.passwd
      umask 077; echo '\(Workspace.secret)' >probe.password
      install -d -o vmail -g vmail /var/mail/vhosts/example.org/probe /var/mail/vhosts/example.org/probe/Maildir
      cd /var/mail/vhosts/example.org/probe/Maildir && install -d -o vmail -g vmail new cur tmp
      """)
    try host.write(try Self.config(40, old, blackListLine: 31))
    try type(consoles.take("ocean apply ocean.yaml --probe"), on: host, in: path)
    #expect(consoles.rest.isEmpty)
  }

  /// Lines at the numbers that a document names.
  private static func text(_ lines: KeyValuePairs<Int, String>) -> String {
    var text = ""
    var next = 1
    for (number, line) in lines {
      text += String(repeating: "#\n", count: max(0, number - next)) + line + "\n"
      next = max(next, number) + line.split(separator: "\n", omittingEmptySubsequences: false).count
    }
    return text
  }

  /// The configs that docs/changes.md compares, which run nowhere.
  private func compare(_ consoles: inout Consoles) throws {
    let host = try MailHost(config: "")
    let head = """
      version: 1
      certificates: { main: { chain: tls/fullchain.pem, key: tls/privkey.pem } }
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "/var/mail/vhosts/example.org/{user}/Maildir" }
      """
    let server = "server: { bind: [192.0.2.10], state: /var/lib/ocean, user: vmail"
    let rules = "services:\n  pop3:\n    tls: { explicit: required }\n    ip_control:"
    func compare(
      _ command: String, _ old: KeyValuePairs<Int, String>, _ new: KeyValuePairs<Int, String>
    ) throws {
      try host.write(Self.text(old), to: "old.yaml")
      try host.write(Self.text(new))
      try type(consoles.take(command), on: host, in: consoles.path)
    }
    func lists(_ failures: Int, _ whiteList: String) -> KeyValuePairs<Int, String> {
      [
        1: head, 5: server + ",", 6: "  anti_hammering: { max_failures: \(failures) } }",
        7: rules + "\n      black_list: [203.0.113.0/24]", 33: "      white_list: [\(whiteList)]",
      ]
    }
    try compare(
      "ocean diff old.yaml ocean.yaml", lists(5, "203.0.113.7"), lists(50, "203.0.113.7, 203.0.113.9"))
    let blackList = rules + "\n      black_list: [203.0.113.0/24]"
    let kept = "  - { from: 192.0.2.33, verdict: allow }"
    try compare(
      "ocean diff old.yaml ocean.yaml",
      [
        1: head, 5: server + ",", 14: "  protect: [198.51.100.9] }", 15: blackList, 35: "expect:", 36: kept,
        37: "  - { from: 203.0.113.77, to: pop3, verdict: refuse }",
      ],
      [1: head, 5: server + " }", 15: blackList, 35: "expect:", 36: kept])
    func refusing(_ entries: String) -> KeyValuePairs<Int, String> {
      [1: head, 5: server + " }\n" + rules, 32: "      black_list: [\(entries)]"]
    }
    try compare("ocean diff old.yaml ocean.yaml --prove", refusing("203.0.113.64/26"), refusing(""))
  }

  /// A host with the logs of two days, of which a new config would have refused some clients.
  private static func hostWithLogs() throws -> MailHost {
    let host = try MailHost(
      config: text([
        1: "version: 1\nserver:\n  hostname: mail.example.org\n  bind: [192.0.2.10]\n  state: /var/lib/ocean",
        6: "  user: vmail\n  default_domain: example.org", 12: "  anti_hammering: { max_failures: 3 }",
        13: "certificates: { main: { chain: tls/fullchain.pem, key: tls/privkey.pem } }",
        14: "accounts: { main: { passwd_file: users.passwd } }",
        15: "mail: { maildir: \"/var/mail/vhosts/{domain}/{user}/Maildir\" }",
        29: "services:\n  pop3:\n    ip_control:", 32: "      black_list: [203.0.113.64/26]",
      ]))
    let days = [2, 1].map { day in
      String(Date(timeIntervalSinceNow: Double(day) * -86_400).ISO8601Format().prefix(10))
    }
    func line(_ day: Int, _ time: String, _ peer: String, _ user: String?, _ outcome: String = "quit")
      -> String
    {
      let event = outcome == "wrong_credentials" ? "login_failed" : "session"
      let name = user.map { "\"\($0)\"" } ?? "null"
      return
        #"{"time":"\#(days[day])T\#(time).000Z","event":"\#(event)","service":"pop3","peer":"\#(peer)","#
        + #""local":"192.0.2.10:995","tls":"TLS 1.3","user":\#(name),"outcome":"\#(outcome)","retrieved":0,"#
        + #""bytes":0,"deleted":0,"seconds":0.500,"plan":"0bb302"}"# + "\n"
    }
    let anna = "anna@example.org"
    let old =
      ["08:12:10", "12:40:31"].map { line(0, $0, "203.0.113.77", anna) }
      + ["08:00:00", "09:00:00", "18:00:00"].map { line(0, $0, "198.51.100.20", "berta@example.org") }
    var new = ["08:10:00", "11:30:12", "14:58:55"].map { line(1, $0, "203.0.113.77", anna) }
    new += ["14:02:00", "14:44:09"].map { line(1, $0, "203.0.113.78", nil) }
    new += (0..<7).map { line(1, "15:0\($0):00", "192.0.2.77", "clara@example.org") }
    // The fourth guess is one too many; the same name again may be the same password.
    for (number, user) in ["root", "admin", "info", "test"].enumerated() {
      for again in 0..<4 {
        new.append(line(1, "14:3\(number):0\(again + 1)", "198.51.100.9", user, "wrong_credentials"))
      }
      new.append(line(1, "14:3\(number):05", "198.51.100.9", nil))
    }
    new.append(line(1, "14:51:20", "198.51.100.9", nil))
    try host.workspace.write(old.sorted().joined(), to: "var/log/ocean/access.jsonl.1")
    try host.workspace.write(new.sorted().joined(), to: "var/log/ocean/access.jsonl")
    _ = try host.run("gzip /var/log/ocean/access.jsonl.1")
    return host
  }

  @Test func `docs/testing.md, with the config of README`() throws {
    let path = "docs/testing.md"
    let cases = try #require(Self.blocks(path).first { $0.language == "yaml" }).text
    let config = try Self.config(in: "README.md")
      .replacing("[192.0.2.10]", with: "[192.0.2.10, \"2001:db8::10\"]")
      .replacing("[203.0.113.0/26]", with: "[203.0.113.0/26, 198.51.100.12/31]")
    let host = try MailHost(
      config: config + "address_lists: { office: [198.51.100.8/29] }\n", files: ["tests/office.yaml": cases])
    for block in try Self.consoles(path) { try type(block, on: host, in: path) }
  }

  @Test(arguments: [
    ("a f45d63 2026-11-25T15:02:34Z\n", "a 0bb302 2026-11-30T08:00:00Z\n", true),
    ("a\nb\nc\n", "a\n...\nc\n", true),
    ("a\nb\n", "a\n...\n", true), ("a\nb\n", "a\n", false), ("a\n", "b\n", false),
    ("a\nb\n", "...\nb\n", true),
    ("a\nc\n", "a\n...\nb\n", false), ("a\n\nb\n\nc\n", "...\n\nc\n", true),
    ("203.0.113.9\n", "203.0.113.8\n", false),
  ])
  func `only what another day changes may differ`(_ printed: String, _ shown: String, _ isMatch: Bool) {
    #expect(Self.isMatch(printed, shown) == isMatch)
  }
}
