import OceanAddresses
import OceanBase
import OceanPlan
import OceanSyntax

/// The settings table of test files. They are decoded as a config is, with the same words for mistakes.
extension Settings {
  static let testFile = Section<TestFile>(
    summary: "the test file",
    settings: [
      Setting(
        "tests", .list(.section(testCase), of: "cases"), \.tests,
        required: "[{ from: office, want: { verdict: allow } }]",
        "The cases.")
    ])

  static let testCase = Section<TestFile.Case>(
    summary: "a case",
    settings: [
      Setting(
        "name", .text("a name"), \.name, default: .words("the clients and the services"),
        "What the case is called in reports."),
      Setting(
        "from", .addresses, \.from, default: .words("required, unless only `codes` are wanted"),
        "The clients: addresses, networks, ranges, and the config's named lists. The case holds if it holds for each of "
          + "them."),
      Setting(
        "to", .list(.target, of: "services", mayBeEmpty: false), \.to,
        default: .words("every enabled service"),
        "Where they connect to: a service, an address and port as in `192.0.2.10:995`, or `\"*\"`, which is every enabled "
          + "service. The case must hold at each."),
      Setting(
        "via", .address, \.via, default: .words("they come as they can"),
        "The address of the proxy that they come through."),
      Setting(
        "user", .text("the name of an account"), \.user, default: .words("no account"),
        "The account that they log in with. `verdict` is then about that login: `allow_nets`, `services`, `expires` and `nologin` of it "
          + "count as well."),
      Setting(
        "tls", .means, \.tls, default: .words("whatever there is"),
        "How they log in: `none`, or the latest version of TLS that they know. `verdict` is then about the login, unless "
          + "`login` is wanted beside it."),
      Setting(
        "server_name", .hostName, \.serverName, default: .words("none"),
        "The host that they ask for in the handshake (SNI), for `certificate`."),
      Setting(
        "at", .time, \.at, default: .words("now"),
        "The time for `codes`: a day such as `2027-02-21`, or a time such as `2027-02-21T12:00:00Z`."),
      Setting(
        "want", .section(testWant), \.want, required: "{ verdict: allow }",
        "What must be so for all of them."),
    ])

  static let testWant = Section<TestFile.Want>(
    summary: "what a case wants",
    example: "want: { verdict: allow }",
    settings: [
      Setting(
        "verdict", verdict, \.verdict,
        "`allow` or `refuse`: what `ocean explain` says of each of them. Without `tls` and `user` it is about the connection."
      ),
      Setting(
        "rule", .text("a rule or its place"), \.rule,
        "What decides the verdict: an entry as it is written, a list or list file that it is in, both "
          + "(`office (203.0.113.9)`), its place (`ocean.yaml:31`), or a setting such as `proxy_from` or `default`."
      ),
      Setting(
        "certificate", .list(.name(of: "a certificate"), of: "names of certificates"), \.certificate,
        "The certificate that is presented to them, by its name in the config; all of them, if there is one for each kind "
          + "of key."),
      Setting(
        "login", .choice([("offered", true), ("refused", false)]), \.login,
        "Whether they are offered a login by the means of `tls`."),
      Setting(
        "mailbox", .mailbox, \.mailbox,
        "The Maildir that a login of `user` opens, which must be there, or `missing`."),
      Setting(
        "codes", .list(.diagnosticCode, of: "codes of diagnostics"), \.codes,
        "Diagnostics that `ocean check` must give, at the time `at`. With `[]` it must give none."),
    ])
}

extension ValueType where Value == WrittenTarget {
  static let target = ValueType(
    summary: "the name of a service, an address and port, or `\"*\"`",
    schema: ["type": "string", "minLength": 1]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the name of a service, an address and port, or \"*\"")
    else {
      return nil
    }
    if text == "*" { return .everything }
    if let endpoint = Endpoint(parsing: text) { return .one(.endpoint(endpoint)) }
    if text.contains(where: { ":.".contains($0) }) {
      decoder.report(
        .badAddress, node.span, "'\(text)' is not an address and port",
        help: "write one like 192.0.2.10:995 or \"[2001:db8::10]:995\", or the name of a service")
      return nil
    }
    return Name.check(text, node.span, "a service", &decoder) ? .one(.service(text)) : nil
  }
}

extension ValueType where Value == IPAddress {
  static let address = ValueType(
    summary: "an address", schema: ["type": "string", "pattern": "^[0-9A-Fa-f:.]+$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "an address") else { return nil }
    return decoder.address(text, node.span)
  }
}

extension ValueType where Value == Attempt.Aim {
  /// How somebody logs in.
  static let means = ValueType.choice(
    [("none", .plaintextLogin)] + TLSVersion.allCases.filter { $0 != .ssl3 }.map { ($0.short, .tlsLogin($0)) }
  )
}

extension ValueType where Value == Int64 {
  /// A time, in seconds since 1970.
  static let time = ValueType(
    summary: "a day or a time (UTC)",
    schema: ["type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a day or a time") else { return nil }
    guard let seconds = Timestamp.seconds(ofTimeOrDay: text) else {
      decoder.report(
        .unknownChoice, node.span, "'\(text)' is not a day or a time",
        help: "write it like 2027-02-21 or 2027-02-21T12:00:00Z (UTC)")
      return nil
    }
    return seconds
  }
}

extension ValueType where Value == AccessCase.Mailbox {
  static let mailbox = ValueType(
    summary: "a path, or `missing`", schema: ["type": "string", "minLength": 1]
  ) { node, decoder in
    if node.scalar?.text == "missing" { return .missing }
    return ValueType<String>.path.decode(node, &decoder).map(AccessCase.Mailbox.path)
  }
}

extension ValueType where Value == String {
  static let diagnosticCode = ValueType(
    summary: "the code of a diagnostic", schema: ["type": "string", "pattern": "^OC[0-9]{4}$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the code of a diagnostic") else { return nil }
    guard DiagnosticCode.byID[text] != nil else {
      decoder.report(
        .unknownChoice, node.span, "there is no code '\(text)'",
        help: decoder.suggestion(for: text, among: DiagnosticCode.all.map(\.id))
          ?? "docs/diagnostics.md lists them")
      return nil
    }
    return text
  }
}
