import OceanAddresses
import OceanBase
import OceanPlan
import OceanSyntax

/// The settings table of `expect`. An entry is about clients, about a list, or about services.
extension Settings {
  static let expectation = Section<Config.Expectation>(
    summary: "an expectation",
    settings: [
      Setting(
        "from", .addresses, \.from, default: .words("required for an expectation about clients"),
        "The clients. The verdict must hold for each of them."),
      Setting(
        "to", .list(.target, of: "services", mayBeEmpty: false), \.to,
        default: .words("every enabled service"),
        "The services: their names, an address and port as in `192.0.2.10:995`, or `\"*\"`. The verdict, or a bound, must hold "
          + "at each of them."),
      Setting(
        "via", .address, \.via, default: .words("they come as they can"),
        "The address of the proxy that they come through."),
      Setting(
        "user", .text("the name of an account"), \.user, default: .words("no account"),
        "The account that they must, or must not, be able to log in with: its `allow_nets`, `services`, `expires` and `nologin` count."
      ),
      Setting(
        "verdict", verdict, \.verdict, default: .words("required for an expectation about clients"),
        "`allow`: all of them can do it; `refuse`: none of them can."),
      Setting(
        "can", ability, \.can, default: .words("`connect`; with `user`, `login`"),
        "What they can, or cannot, do: `connect`; `login`, by whatever means there are; or `login_plaintext`, which is "
          + "a login without TLS."),
      Setting(
        "tls", tlsVersion, \.tls, default: .words("none"),
        "With `can: login`: a login over TLS, by a client that knows no later version than this."),
      Setting(
        "certificate", .list(.name(of: "a certificate"), of: "names of certificates"), \.certificate,
        default: .words("any"),
        "With `verdict: allow`: the certificate that is presented to them, or all of them if there is one for each kind of "
          + "key."),
      Setting(
        "server_name", .hostName, \.serverName, default: .words("none"),
        "With `certificate`: the host that they ask for in the handshake (SNI)."),
      Setting(
        "list", .name(of: "an address list"), \.list, default: .words("none"),
        "Instead of `from`: a named list, about which these three are."),
      Setting(
        "at_least", .integer(addressCounts), \.atLeast, default: .words("none"),
        "The fewest addresses that the list may have."),
      Setting(
        "at_most", .integer(addressCounts), \.atMost, default: .words("none"),
        "The most addresses that the list may have."),
      Setting(
        "largest_network", .networkLength, \.largestNetwork, default: .words("none"),
        "The largest network that the list may hold, as the length of an IPv4 network: `/8`. For IPv6 the length is twice "
          + "that."),
      Setting(
        "tls_at_least", tlsVersion, \.tlsAtLeast, default: .words("none"),
        "Instead of `from`: nobody can log in over an earlier version of TLS."),
      Setting(
        "plaintext_only_from", .addresses, \.plaintextOnlyFrom, default: .words("none"),
        "Instead of `from`: nobody else can log in without TLS."),
      Setting(
        "anti_hammering", .boolean, \.antiHammering, default: .words("none"),
        "Instead of `from`: whether the services take part in anti-hammering."),
    ])

  private static let ability = ValueType<Plan.Expectation.Ability>.choice(
    Plan.Expectation.Ability.allCases.map { ($0.rawValue, $0) })

  private static let tlsVersion = ValueType<TLSVersion>.choice(
    TLSVersion.allCases.filter { $0 != .ssl3 }.map { ($0.short, $0) })

  private static let addressCounts = 0...1_000_000_000_000
}

extension ValueType where Value == Config.Expectation {
  /// A mapping with the keys of one kind of expectation.
  static let expectation = ValueType(
    summary: "a mapping", schema: schema, children: Settings.expectation.rows,
    lists: { Settings.expectation.lists(in: $0) }
  ) { node, decoder in
    guard var given = Settings.expectation.decode(node, &decoder) else { return nil }
    given.check(node, &decoder)
    return given
  }

  private static var schema: JSONValue {
    guard case .object(var schema) = Settings.expectation.schema else { return Settings.expectation.schema }
    schema["type"] = "object"
    let kinds = [["from", "verdict"]] + Config.Expectation.boundKeys.map { [$0] }
    schema["anyOf"] = .array(kinds.map { ["required": .array($0.map(JSONValue.string))] })
    return .object(schema)
  }
}

extension Config.Expectation {
  /// The keys that make a bound of an expectation.
  static let boundKeys = ["list", "tls_at_least", "plaintext_only_from", "anti_hammering"]
  private static let listKeys = ["at_least", "at_most", "largest_network"]
  private static let clientKeys = [
    "from", "via", "user", "verdict", "can", "tls", "certificate", "server_name",
  ]

  /// Reports keys that are missing, or belong to different kinds of expectations.
  fileprivate mutating func check(_ node: Node, _ decoder: inout Decoder) {
    let keys = (node.mapping ?? []).compactMap { entry in entry.key.scalar.map { ($0.text, entry.key.span) } }
    func first(_ names: [String]) -> (name: String, span: Span)? {
      keys.first { names.contains($0.0) }.map { (name: $0.0, span: $0.1) }
    }
    let bound = first(["list"]) ?? first(Self.boundKeys)
    // Nothing of an expectation may be left unchecked.
    let others = bound?.name == "list" ? ["to"] + Self.boundKeys.filter { $0 != "list" } : []
    if let bound, let other = first(Self.clientKeys + others) {
      decoder.diagnostics.append(
        Diagnostic(
          .contradictoryExpectation, "'\(other.name)' does not go with '\(bound.name)'", at: other.span,
          related: [
            Diagnostic.Related(
              others.contains(other.name)
                ? "this expectation is about a list" : "this expectation is not about clients", at: bound.span
            )
          ],
          help: "write two expectations"))
      mistaken.insert(other.name)
    } else if let limit = first(Self.listKeys), first(["list"]) == nil {
      decoder.report(
        .missingSetting, limit.span, "'\(limit.name)' is about a list: the expectation needs 'list'",
        help: "for example list: office")
      mistaken.insert("list")
    } else if bound?.name == "list", first(Self.listKeys) == nil {
      decoder.report(
        .missingSetting, node.anchor, "an expectation about a list needs a bound",
        help: "for example at_least: 1, at_most: 300 or largest_network: /8")
      mistaken.insert("list")
    }
    guard bound == nil, first(Self.listKeys) == nil, decoder.isComplete else { return }
    for (name, example) in [("from", "203.0.113.9"), ("verdict", "allow")] where first([name]) == nil {
      decoder.report(
        .missingSetting, node.anchor, "an expectation needs '\(name)'",
        help: "for example \(name): \(example)")
      mistaken.insert(name)
    }
  }
}
