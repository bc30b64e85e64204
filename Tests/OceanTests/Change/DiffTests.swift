import Foundation
import Testing

/// Tests `ocean diff` of two configs or plans, without a server.
@Suite struct DiffTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeConfig(service: ["ip_control: { black_list: [127.51.100.0/24] }"])
    try workspace.write(workspace.read("ocean.yaml"), to: "old.yaml")
  }

  private func diff(_ arguments: String...) throws -> Command {
    try workspace.run(
      oceanBinary(), ["diff", workspace.path("old.yaml"), workspace.path("new.yaml")] + arguments)
  }

  private func edit(_ text: String, _ other: String) throws {
    let old = workspace.read("old.yaml")
    let new = old.replacingOccurrences(of: text, with: other)
    #expect(new != old)
    try workspace.write(new, to: "new.yaml")
  }

  @Test(arguments: [
    ("version: 1", "version: 1   # comment"), ("[127.51.100.0/24]", "[127.51.100.128/25, 127.51.100.0/25]"),
    ("[127.51.100.0/24]", "[127.51.100.0-127.51.100.255]"), ("mail.example.org", "MAIL.example.org"),
  ])
  func `other words for the same have no effect`(_ text: String, _ other: String) throws {
    try edit(text, other)
    let command = try diff()
    #expect(command.output == "no effect\n" && command.status == .exited(0), "\(command.output)")
  }

  @Test func `what is asked of all clients is proved, or a client shows that it is not so`() throws {
    try edit("[127.51.100.0/24]", "[127.51.100.0/24, 127.1.0.0/16]")
    func diff(_ arguments: String...) throws -> Command {
      try workspace.run(
        oceanBinary(), ["diff", workspace.path("old.yaml"), workspace.path("new.yaml")] + arguments)
    }
    let narrower = try diff("--prove", "no-wider")
    #expect(narrower.status == .exited(0))
    #expect(narrower.output.hasSuffix("\nproved: nobody can connect or log in who could not\n"))
    let effect = try diff("--prove", "no-effect")
    #expect(effect.status == .exited(3))
    #expect(
      effect.output.contains(
        "\nnot proved: at 'pop3' 127.1.0.0 can no longer connect: default allow -> black list 127.1.0.0/16 "),
      "\(effect.output)")
    #expect(try diff("--only", "access-narrowed,ip-control,plaintext-login").status == .exited(0))
    #expect(try diff("--only", "access-narrowed").status == .exited(3))
    #expect(try diff("--prove", "no-wider", "--fail-on", "limits").status == .exited(1))
  }

  /// The whole of such a change is what one wants to see.
  @Test func `a broken expectation is named, and the answer given`() throws {
    let expectation = "expect: [{ from: [127.1.0.0/16, 127.200.0.0/16], verdict: allow }]\n"
    try workspace.write(workspace.read("old.yaml") + expectation, to: "old.yaml")
    try edit("[127.51.100.0/24]", "[127.51.100.0/24, 127.1.0.0/16, 127.200.3.4]")
    let new = workspace.path("new.yaml")
    let command = try diff()
    #expect(command.status == .exited(1))
    #expect(command.output.contains("    newly refused: 65537 IPv4, 0 IPv6\n"), "\(command.output)")
    #expect(
      command.errorOutput.contains(
        "error[OC0327]: this expectation does not hold: 'pop3' refuses 65537 of its 131072 addresses: "
          + "127.1.0.0/16, 127.200.3.4\n"), "\(command.errorOutput)")
    #expect(command.errorOutput.contains("ocean: \(new): not valid, because an expectation is broken"))
    for (address, verdict) in [("127.1.2.3", "REFUSED by black list"), ("127.2.2.3", "ALLOWED")] {
      let explained = try workspace.ocean("explain", new, "--from", address)
      #expect(explained.status == .exited(2) && explained.output.hasPrefix(verdict), "\(explained.output)")
      #expect(explained.errorOutput.contains("error[OC0327]"))
    }
    try workspace.write(
      #"{"time":"2026-11-25T10:00:00Z","event":"session","service":"pop3","peer":"127.1.0.9","outcome":"quit"}"#
        + "\n", to: "access.jsonl")
    let replayed = try workspace.ocean("replay", new, "--log", workspace.path("access.jsonl"))
    #expect(replayed.status == .exited(1) && replayed.output.contains("1 would be refused"))
    // With another mistake there is no plan that could be compared.
    try workspace.write(workspace.read("new.yaml") + "nonsense: 1\n", to: "new.yaml")
    let mistaken = try diff()
    #expect(mistaken.status == .exited(1) && mistaken.output.isEmpty)
  }

  @Test func `with the facts of another host`() throws {
    try edit("[127.51.100.0/24]", "[127.51.100.0/24, 127.1.0.0/16]")
    let facts = workspace.path("facts.json")
    #expect(try workspace.ocean("facts", workspace.config, "--out", facts).status == .exited(0))
    // That host has the file, and this one has not.
    try FileManager.default.removeItem(atPath: workspace.path("users.passwd"))
    #expect(try diff().status == .exited(1))
    let command = try diff("--facts", facts)
    #expect(command.status == .exited(2), "\(command.errorOutput)")
    #expect(command.output.contains("newly refused: 65536 IPv4"))
    for name in ["old", "new"] {
      let saved = workspace.path("saved.plan")
      let config = workspace.path("\(name).yaml")
      _ = try workspace.ocean("plan", config, "--facts", facts, "--out", saved)
      #expect(rename(saved, config) == 0)
    }
    #expect(try diff().status == .exited(2))
    #expect(try diff("--facts", facts).errorOutput.contains("--facts is for configs"))
  }

  @Test func `the difference is exact, with the reasons`() throws {
    try edit(
      "black_list: [127.51.100.0/24]",
      "black_list: [127.51.100.0/25, 127.113.0.0/24], white_list: [127.113.0.9]")
    let command = try diff()
    #expect(command.status == .exited(2))
    for line in [
      "    - 127.51.100.128/25\n    + 127.113.0.0/24\n",
      "access    pop3: incomparable\n",
      "    newly refused: 255 IPv4, 0 IPv6\n",
      "    127.113.0.0/29  .8/32  .10/31  .12/30  .16/28  .32/27  .64/26  .128/25\n",
      "    newly allowed: 128 IPv4, 0 IPv6\n    127.51.100.128/25\n",
      "    127.51.100.128/25: black list 127.51.100.0/24 \(workspace.path("old.yaml")):",
    ] { #expect(command.output.contains(line), "\(line) in\n\(command.output)") }

    struct Diff: Decodable {
      struct Access: Decodable {
        struct Reason: Decodable {
          struct Cause: Decodable {
            let by: String
            let rule: String?
          }
          let addresses: [String]
          let before: Cause
          let after: Cause
        }
        let service: String
        let relation: String
        let newly_allowed: [String]
        let newly_refused_count: String
        let because: [Reason]
      }
      let effect: String
      let classes: [String]
      let access: [Access]
    }
    let json: Diff = try diff("--format", "json").json()
    #expect(json.effect == "changes")
    #expect(json.classes == ["access-narrowed", "access-widened", "ip-control", "plaintext-login"])
    let access = try #require(json.access.first)
    #expect(access.relation == "incomparable" && access.newly_allowed == ["127.51.100.128/25"])
    #expect(access.newly_refused_count == "255")
    #expect(access.because.map(\.after.rule) == ["allow", "127.113.0.0/24", "127.113.0.0/24"])
    #expect(try diff("--fail-on", "access-widened").status == .exited(3))
    #expect(try diff("--fail-on", "tls,listener-closed").status == .exited(2))
    #expect(try diff("--fail-on", "acess-widened").status == .exited(1))
  }

  @Test func `what is weaker is said, and is an exit code`() throws {
    try edit("[127.51.100.0/24]", "[127.51.100.0/25]")
    let command = try diff("--fail-on", "weakened")
    #expect(command.status == .exited(3))
    #expect(
      command.output.contains("    - 127.51.100.128/25\n    weakened\n")
        && command.output.contains("direction weakened: pop3 access-widened, plaintext-login\n"),
      "\(command.output)")
    #expect(try diff("--fail-on", "limits,weakened").status == .exited(3))
    struct Diff: Decodable {
      struct Change: Decodable {
        let path: String
        let direction: String?
      }
      struct Effect: Decodable {
        let `class`: String
        let service: String?
        let listener: String?
        let direction: String?
      }
      let direction: String?
      let changes: [Change]
      let effects: [Effect]
    }
    let json: Diff = try diff("--format", "json").json()
    #expect(json.direction == "weakened" && json.changes.map(\.direction) == ["weakened"])
    #expect(json.effects.map(\.class) == ["access-widened", "plaintext-login"])
    #expect(json.effects.allSatisfy { $0.direction == "weakened" && $0.service == "pop3" })
    #expect(try diff("--format", "github").output.contains("(weakened)"))

    try edit("[127.51.100.0/24]", "[127.51.100.0/24, 127.1.0.0/16]")
    #expect(try diff("--fail-on", "weakened").status == .exited(2))
    for option in ["--fail-on", "--only"] {
      #expect(try diff(option, "strengthened").status == .exited(1))
    }
    #expect(try diff("--only", "weakened").status == .exited(1))
  }

  @Test func `annotations and SARIF name the class and the place`() throws {
    try edit("127.51.100.0/24", "127.51.100.0/25")
    let annotations = try diff("--format", "github")
    #expect(annotations.status == .exited(2))
    #expect(
      annotations.output.contains("title=access-widened::pop3: newly allowed: 127.51.100.128/25"),
      "\(annotations.output)")
    #expect(annotations.output.contains("::notice file=\(workspace.path("new.yaml")),line="))
    #expect(!annotations.output.contains("%0A"), "\(annotations.output)")
    struct SARIF: Decodable {
      struct Run: Decodable {
        struct Result: Decodable {
          let ruleId: String
          let level: String
        }
        let results: [Result]
      }
      let runs: [Run]
    }
    let sarif: SARIF = try diff("--format", "sarif").json()
    #expect(sarif.runs.first?.results.map(\.ruleId) == ["ip-control", "plaintext-login", "access-widened"])
    #expect(sarif.runs.first?.results.allSatisfy { $0.level == "note" } == true)
  }

  @Test func `a service that goes is one change`() throws {
    let old = workspace.read("old.yaml")
    try workspace.write(old + "  other: { ports: [2110] }\n", to: "old.yaml")
    try workspace.write(old, to: "new.yaml")
    let command = try diff()
    #expect(command.output.hasPrefix("- services.other "), "\(command.output)")
    #expect(command.output.contains("    closes \(workspace.address):2110 plain (strengthened)\n"))
    #expect(command.output.contains("access    other: nobody any more; pop3: equivalent\n"))
    #expect(command.output.hasSuffix("\n1 change\n"))
  }

  @Test func `a saved plan compares like its config`() throws {
    try edit("ports: [1110]", "ports: [1110, 1111]")
    _ = try workspace.ocean(
      "plan", workspace.path("new.yaml"), "--against", "none", "--out", workspace.path("new.plan"))
    let command = try workspace.run(
      oceanBinary(), ["diff", workspace.path("old.yaml"), workspace.path("new.plan")])
    #expect(command.output == (try diff()).output)
    #expect(command.output.contains("    opens \(workspace.address):1111 plain\n"))
  }

  @Test func `a profile says which versions and clients it loses`() throws {
    let certificate = try workspace.ocean("cert", "new", "mail.example.org", "--out", workspace.path("tls"))
    #expect(certificate.status == .exited(0))
    for (name, profile) in [("old", "intermediate"), ("new", "modern")] {
      try workspace.writeConfig(service: ["tls: { profile: \(profile) }"], ports: [1110])
      try workspace.write(
        workspace.read("ocean.yaml").replacingOccurrences(
          of: "pop3:\n", with: "pop3:\n    plaintext_login: loopback\n")
          + "\ncertificates: { main: { chain: tls/mail.example.org.crt, key: tls/mail.example.org.key } }\n",
        to: "\(name).yaml")
    }
    let command = try diff()
    #expect(
      command.output.contains(
        "    intermediate -> modern (strengthened; in handshakes from now on)\n    lost: TLS 1.2\n"),
      "\(command.output)\(command.errorOutput)")
    #expect(command.output.contains("TLS 1.2 is the best of Windows 7 to 10"))
    #expect(command.output.contains("    lost ciphers: ECDHE-ECDSA-"))
    // All formats say the same.
    let annotations = try diff("--format", "github").output
    let sarif = try diff("--format", "sarif").output
    let consequences = command.output.split(separator: "\n").map { $0.drop { $0 == " " } }.drop {
      !$0.hasPrefix("lost: ")
    }.prefix { !$0.hasPrefix("access ") }
    #expect(consequences.count > 3, "\(command.output)")
    for line in consequences {
      #expect(annotations.contains(line), "\(line) in\n\(annotations)")
      #expect(sarif.contains(line), "\(line) in\n\(sarif)")
    }
    let plan = try workspace.ocean(
      "plan", workspace.path("new.yaml"), "--against", workspace.path("old.yaml"), "--format", "github")
    #expect(plan.output.contains("title=tls::pop3: lost: TLS 1.2; TLS 1.2 is the best of "), "\(plan.output)")
    let log = try workspace.ocean(
      "plan", workspace.path("new.yaml"), "--against", workspace.path("old.yaml"), "--format", "sarif")
    #expect(log.output.contains("lost ciphers: ECDHE-ECDSA-"), "\(log.output)")
    // No client could have had these.
    #expect(!command.output.contains("ECDHE-RSA-"))
    let json: TLSJSON = try diff("--format", "json").json()
    #expect(json.tls.map(\.service) == ["pop3"] && json.tls.first?.lost_versions == ["TLS 1.2"])
    #expect(json.tls.first?.lost_ciphers.count == 3)
  }

  private struct TLSJSON: Decodable {
    struct Difference: Decodable {
      struct Key: Decodable { let key: String }
      let service: String
      let lost_versions: [String]
      let lost_ciphers: [String]
      let gained_ciphers: [String]
      let lost_keys: [Key]
    }
    let tls: [Difference]
  }

  @Test func `without the RSA certificate of two it says who has none`() throws {
    for (type, name) in [("ec", "ec"), ("rsa2048", "rsa")] {
      let made = try workspace.ocean(
        "cert", "new", "mail.example.org", "--key-type", type, "--out", workspace.path(name))
      #expect(made.status == .exited(0), "\(made.errorOutput)")
    }
    for (name, list) in [("old", "[ec, rsa]"), ("new", "[ec]")] {
      try workspace.writeConfig(service: ["tls: { profile: legacy, certificate: \(list) }"])
      try workspace.write(
        workspace.read("ocean.yaml")
          + """

          certificates:
            ec: { chain: ec/mail.example.org.crt, key: ec/mail.example.org.key }
            rsa: { chain: rsa/mail.example.org.crt, key: rsa/mail.example.org.key }

          """, to: "\(name).yaml")
    }
    let command = try diff()
    // Sentences are wrapped.
    let words = command.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      words.contains("lost: clients that verify RSA keys only, asking for mail.example.org or no known name"),
      "\(command.output)\(command.errorOutput)")
    #expect(words.contains(" more (--format json lists all)"))
    let json: TLSJSON = try diff("--format", "json").json()
    let lost = try #require(json.tls.first)
    #expect(lost.lost_keys.map(\.key) == ["RSA"] && lost.lost_ciphers.contains("AES128-SHA"))
    #expect(lost.lost_ciphers.count > 6 && !lost.lost_ciphers.contains { $0.contains("ECDSA") })
  }

  @Test func `only what is new to a list, or gone from it, is listed`() throws {
    try workspace.write("127.0.2.1\n127.0.2.2\n", to: "drop.netset")
    try workspace.write(
      workspace.read("old.yaml").replacing(
        "black_list: [127.51.100.0/24]", with: "black_list: [10.9.8.0/25, 1.1.1.1, { file: drop.netset }]"),
      to: "old.yaml")
    try workspace.write(
      workspace.read("old.yaml").replacing(
        "10.9.8.0/25, 1.1.1.1", with: "10.9.8.0-10.9.8.127, 1.1.1.1, 2.2.2.2"),
      to: "new.yaml")
    #expect(try lists().filter { $0.hasPrefix("    +") || $0.hasPrefix("    -") } == ["    + 2.2.2.2"])
    // Changes a part of an entry, and a line of a file.
    _ = try workspace.ocean(
      "plan", workspace.path("old.yaml"), "--against", "none", "--out", workspace.path("old.plan"))
    try workspace.write("127.0.2.1\n127.0.2.3\n", to: "drop.netset")
    try workspace.write(
      workspace.read("old.yaml").replacing("10.9.8.0/25", with: "10.9.8.0/24"), to: "new.yaml")
    let command = try workspace.ocean("diff", workspace.path("old.plan"), workspace.path("new.yaml"))
    #expect(
      command.output.contains("\n    - 127.0.2.2\n    + 10.9.8.128/25, 127.0.2.3\n"), "\(command.output)")
  }

  private func lists() throws -> [String] {
    try diff().output.split(separator: "\n").prefix { !$0.hasPrefix("access") }.map(String.init)
  }

  @Test func `who stays is said where a rule looks as if they would not, and named lists have their names`()
    throws
  {
    try workspace.write("127.51.100.7\n", to: "office.txt")
    try workspace.write(
      workspace.read("old.yaml") + "address_lists: { office: [{ file: office.txt }] }\n", to: "old.yaml")
    try edit(
      "black_list: [127.51.100.0/24]",
      "black_list: [127.51.100.0/24, 127.113.0.0/24], white_list: [office, 127.113.0.9]")
    let output = try diff().output
    for line in [
      "    + office (office.txt)\n    + 127.113.0.9\n",
      "    127.113.0.9 stays allowed: white list, \(workspace.path("new.yaml")):",
      "    newly allowed: 1 IPv4, 0 IPv6\n    127.51.100.7/32\n",
      "white list office (127.51.100.7) office.txt:1\n",
      "\nclasses   access-narrowed, access-widened, ip-control, plaintext-login\n",
    ] { #expect(output.contains(line), "\(line) in\n\(output)") }
  }

  @Test func `a new service says whom it refuses, and every value from when on it holds`() throws {
    let old = workspace.read("old.yaml")
    try workspace.write(
      old.replacingOccurrences(of: "ports: [1110]", with: "ports: [1110]\n    idle_timeout: 20m")
        + """
          a: { ports: [2110], ip_control: { default: refuse, white_list: [10.0.0.0/8, 127.0.2.0/30] } }
          b: { ports: [3110], ip_control: { black_list: [127.113.0.0/24] } }
          c: { ports: [4110] }

        """, to: "new.yaml")
    let output = try diff().output
    #expect(
      output.contains(
        """

        access    a: new, this host only, refuses all but 10.0.0.0/8, 127.0.2.0/30;
                  b: new, this host only, refuses 127.113.0.0/24;
                  c: new, this host only; pop3: equivalent

        """), "\(output)")
    #expect(output.contains("    10m -> 20m (for sessions that connect from now on)\n"))
  }

  // MARK: - Expectations

  @Test func `an expectation that is gone is a change`() throws {
    let old = workspace.read("old.yaml")
    try workspace.write(
      old.replacing("  state: state\n", with: "  state: state\n  protect: [127.0.2.7]\n")
        + "expect:\n  - { from: 127.113.0.0/24, to: pop3, verdict: allow }\n"
        + "  - { from: 127.51.100.1, verdict: refuse }\n", to: "old.yaml")
    try edit("  protect: [127.0.2.7]\n", "")
    try workspace.write(
      workspace.read("new.yaml").replacing(
        "  - { from: 127.113.0.0/24, to: pop3, verdict: allow }\n",
        with: "  - { from: 127.113.0.128/25, verdict: allow }\n  - { from: 127.113.0.0/25, verdict: allow }\n"
      ),
      to: "new.yaml")
    let (before, after) = (workspace.path("old.yaml"), workspace.path("new.yaml"))
    let command = try diff()
    #expect(command.status == .exited(2))
    #expect(
      command.output == """
        expect    3 -> 3
            - from 127.0.2.7 to every service: allow login  \(before):7
        classes   expectation-removed
        direction weakened: expect expectation-removed

        no change except of expectations

        """, "\(command.output)")
    #expect(try diff("--fail-on", "expectation-removed").status == .exited(3))
    let annotation = try diff("--format", "github").output
    #expect(annotation.contains("title=expectation-removed::no longer expected: from 127.0.2.7 to every"))
    let back = try workspace.run(oceanBinary(), ["diff", after, before])
    #expect(back.output.contains("    + from 127.0.2.7 to every service: allow login "), "\(back.output)")
    #expect(back.output.contains("classes   expectation-added\n"))
    // The expectation changes beside other things, in saved plans, and compared with a plan.
    try workspace.write(
      workspace.read("new.yaml").replacing("127.51.100.0/24]", with: "127.51.100.0/25]"), to: "new.yaml")
    for name in ["old", "new"] {
      let saved = try workspace.ocean(
        "plan", workspace.path("\(name).yaml"), "--against", "none", "--out", workspace.path("\(name).plan"))
      #expect(saved.status == .exited(0), "\(saved.errorOutput)")
    }
    let plans = try workspace.ocean("diff", workspace.path("old.plan"), workspace.path("new.plan"))
    #expect(plans.output == (try diff()).output)
    #expect(
      plans.output.contains(
        """

        classes   access-widened, expectation-removed, ip-control, plaintext-login
        direction weakened: pop3 access-widened, plaintext-login;
                    expect expectation-removed

        1 change

        """), "\(plans.output)")
    let plan = try workspace.ocean("plan", after, "--against", workspace.path("old.plan"))
    #expect(
      plan.output.contains("\nexpect    3 -> 3, 3 of 3 hold\n    - from 127.0.2.7 to every"), "\(plan.output)"
    )
  }

  @Test func `without any expectation nothing is left of the line`() throws {
    let old = workspace.path("old.yaml")
    let plan = try workspace.ocean("plan", old, "--against", old)
    #expect(plan.output.contains("old.yaml, "), "\(plan.output)")
    #expect(!plan.output.contains("\n\n\n") && plan.output.contains(": no effect. Nothing was applied.\n"))
    #expect(plan.status == .exited(0))
  }

  // MARK: - Names of changes

  @Test func `a service that other hosts reach from now on is wider`() throws {
    if getuid() == 0 {
      // It may not stay root off loopback; everything belongs to the user then.
      _ = try workspace.run("chown", ["-R", "nobody", workspace.directory.path])
      try workspace.write(
        workspace.read("old.yaml").replacing("  state: state\n", with: "  state: state\n  user: nobody\n"),
        to: "old.yaml")
    }
    try edit("bind: [\(workspace.address)]", "bind: all")
    try workspace.write(
      workspace.read("new.yaml").replacing("    ports:", with: "    plaintext_login: always\n    ports:"),
      to: "new.yaml")
    let command = try diff("--fail-on", "access-widened")
    #expect(command.status == .exited(3), "\(command.errorOutput)")
    #expect(
      command.output.contains(
        "access    pop3: wider\n    reached over IPv4 from other hosts, before from this host only\n"),
      "\(command.output)")
    let annotations = try diff("--format", "github").output
    for line in [
      "title=listener-opened::pop3 listens on 0.0.0.0:1110 plain (weakened)\n",
      "title=access-widened::pop3: reached over IPv4 from other hosts, before from this host only\n",
      "title=listener-closed::pop3 no longer listens on \(workspace.address):1110 plain"
        + "%0Asessions that came in there continue\n",
    ] { #expect(annotations.contains(line), "\(line) in\n\(annotations)") }
  }

  @Test func `a default says what it was and is, and where`() throws {
    try edit("ip_control: {", "ip_control: { default: refuse,")
    #expect(
      try diff().output.contains(
        "    default allow -> default refuse \(workspace.path("new.yaml")):\(try line(of: "default:"))\n"))
  }

  private func line(of text: String) throws -> Int {
    let lines = workspace.read("new.yaml").split(separator: "\n", omittingEmptySubsequences: false)
    return try #require(lines.firstIndex { $0.contains(text) && !$0.contains("default_domain") }) + 1
  }

  @Test func `an exception to a limit is one change, by its name`() throws {
    try workspace.write(
      workspace.read("old.yaml").replacing(
        "limits: { connections_per_ip: 199 }",
        with: "limits: { except: [{ from: office, connections_per_ip: 200 }] }")
        + "address_lists: { office: [127.51.100.8/29] }\n", to: "old.yaml")
    try edit("connections_per_ip: 200", "connections_per_ip: 100")
    let command = try diff()
    #expect(command.output.hasPrefix("~ server.limits.except "), "\(command.output)")
    #expect(
      command.output.contains(
        "\n    office (127.51.100.8/29): 200 -> 100 (strengthened; applies at once; open connections stay)\n"),
      "\(command.output)")
    #expect(command.output.hasSuffix("\n1 change\n"))
    try edit("except: [{ from: office, connections_per_ip: 200 }]", "connections_per_ip: 30")
    let without = try diff().output
    #expect(without.contains("\n    office (127.51.100.8/29): 200 -> 30 (strengthened)\n"), "\(without)")
    // The exception goes, and its number now holds for everybody.
    try edit("except: [{ from: office, connections_per_ip: 200 }]", "connections_per_ip: 200")
    let same = try diff().output
    #expect(
      same.contains("\n- server.limits.except ") && same.contains("no longer 127.51.100.8/29: 200\n"),
      "\(same)")
  }

  @Test func `a certificate with another key says so, and a service without TLS that it is off`() throws {
    let certificates =
      "certificates: { main: { chain: tls/mail.example.org.crt, key: tls/mail.example.org.key } }\n"
    try workspace.writeConfig(service: ["tls: { explicit: required }"])
    try workspace.write(workspace.read("ocean.yaml") + certificates, to: "old.yaml")
    try workspace.write(workspace.read("old.yaml"), to: "new.yaml")
    for name in ["old", "new"] {
      try? FileManager.default.removeItem(at: workspace.directory.appending(path: "tls"))
      let made = try workspace.ocean("cert", "new", "mail.example.org", "--out", workspace.path("tls"))
      #expect(made.status == .exited(0), "\(made.errorOutput)")
      _ = try workspace.ocean(
        "plan", workspace.path("\(name).yaml"), "--against", "none", "--out", workspace.path("\(name).plan"))
    }
    struct Saved: Decodable {
      struct Plan: Decodable {
        struct Certificate: Decodable {
          let fingerprint, key_fingerprint: String
        }
        let certificates: [Certificate]
      }
      let plan: Plan
    }
    let leaves = try ["old.plan", "new.plan"].map {
      try #require(
        try JSONDecoder().decode(Saved.self, from: Data(workspace.read($0).utf8)).plan.certificates.first)
    }
    let command = try workspace.ocean("diff", workspace.path("old.plan"), workspace.path("new.plan"))
    let fingerprints = leaves.map { String($0.fingerprint.prefix(16)) }
    #expect(
      command.output.contains("\n    fingerprint \(fingerprints[0]) -> \(fingerprints[1]); different key\n"),
      "\(command.output)")
    #expect(command.output.contains("\nclasses   certificate-renewed\n"))
    let openssl = try workspace.run(
      "/bin/sh",
      [
        "-c",
        "openssl x509 -in '\(workspace.path("tls/mail.example.org.crt"))' -noout -pubkey | openssl pkey -pubin"
          + " -outform der | sha256sum",
      ])
    #expect(openssl.output.hasPrefix(leaves[1].key_fingerprint), "\(openssl.output)\(openssl.errorOutput)")

    try edit("tls: { explicit: required }", "tls: { explicit: off, implicit: [] }")
    try workspace.write(workspace.read("new.yaml").replacing(certificates, with: ""), to: "new.yaml")
    let off = try diff().output
    #expect(
      off.contains("\n    required -> off (weakened; for sessions that connect from now on)\n"), "\(off)")
    #expect(off.contains("\n    no longer intermediate\n") && !off.contains("none"), "\(off)")
  }

  @Test func `a plan names all that are never blocked`() throws {
    try workspace.writeConfig(server: ["anti_hammering: { never_block: [127.51.100.8/29] }"])
    let lines = try workspace.ocean("plan", workspace.config, "--against", "none").output
      .split(separator: "\n").map(String.init)
    let index = try #require(lines.firstIndex { $0.contains("  never_block ") })
    #expect(lines[index].contains("9 IPv4, 1 IPv6"))
    #expect(lines[index + 1].contains("  127.51.100.8/29 "))
    #expect(lines[index + 2].contains("  127.0.0.1, ::1 ") && lines[index + 2].hasSuffix("always"))
  }

  @Test func `a day is as good a time to check for as an hour`() throws {
    for (time, status) in [("2027-01-01", Int32(0)), ("2027-01-01T00:00:00Z", 0), ("2027-02-30", 2)] {
      let command = try workspace.ocean("check", workspace.path("old.yaml"), "--at", time)
      #expect(command.status == .exited(status), "\(time): \(command.errorOutput)")
    }
  }

  @Test(
    .enabled(if: !FileManager.default.fileExists(atPath: "/etc/ocean/ocean.yaml")),
    arguments: [("check", Int32(2)), ("plan", 1), ("status", 1)])
  func `without a config it is said which one is taken`(_ name: String, _ status: Int32) throws {
    let command = try workspace.ocean(name)
    #expect(command.status == .exited(status))
    let sentence = "there is no /etc/ocean/ocean.yaml, the config if none is named: name one with -c FILE"
    #expect(command.errorOutput.hasPrefix("ocean: " + sentence), "\(command.errorOutput)")
    for way in [
      "'ocean init' makes a first one", "'ocean import dovecot /etc/dovecot/dovecot.conf --out /etc/ocean'",
      "examples are in ",
    ] {
      #expect(command.errorOutput.contains(way), "\(command.errorOutput)")
    }
  }
}
