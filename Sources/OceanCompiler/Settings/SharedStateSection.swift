import OceanPlan
import OceanSyntax

extension Config {
  struct SharedState: SectionRoot {
    typealias Lowered = Plan.SharedState

    var mistaken: Set<String> = []
    var url: Located<SharedStateURL>?
    var sentinel: Located<Sentinel>?
    var user: Located<String>?
    var password: Located<Plan.SecretSource>?
    var tls: Located<Plan.SourceTLS>?
    var ca: Located<String>?
    var prefix: Located<String>?
  }

  struct Sentinel: SectionRoot {
    typealias Lowered = Plan.SharedState.Sentinel

    var mistaken: Set<String> = []
    var master: Located<String>?
    var at: Located<[Located<EnginePlace>]>?
    var user: Located<String>?
    var password: Located<Plan.SecretSource>?
  }
}

extension Settings {
  static let sharedState = Section<Config.SharedState>(
    summary: "the shared_state section",
    example: "shared_state: { url: valkey://10.0.0.5:6379 }",
    isChoice: true, beside: ["user", "password", "tls", "ca", "prefix"],
    settings: [
      Setting(
        Plan.SharedState.url, .sharedStateURL, \.url, default: .words("none: `sentinel` is needed"),
        "Where Valkey or Redis is, version 7 or later: `valkey://HOST:PORT` or `redis://HOST:PORT`, which mean the same. "
          + "The port is 6379 if it is left out. A name and a password are never part of it."),
      Setting(
        "sentinel", .section(sentinel), \.sentinel, default: .words("none: `url` is needed"),
        "The Sentinels that say where Valkey or Redis is, in place of `url`: they watch several engines, and make one of "
          + "them the master, which takes changes."),
      Setting(
        Plan.SharedState.user, .text("the name of a user"), \.user,
        default: .words("the user without a name"),
        "The user of the engine's access control list (ACL) that ocean is there."),
      Setting(
        Plan.SharedState.password, .secret, \.password, default: .words("none: the engine needs none"),
        "Where its password is: `{ file: PATH }`, `{ env: VARIABLE }` or `{ credential: NAME }`. It is read when a plan is "
          + "applied."),
      Setting(
        Plan.SharedState.tls, .choice([("off", .off), ("require", .require), ("verify", .verify)]), \.tls,
        default: .words("`verify`; `off` for a `url` on this host"),
        "TLS to the engine, and to Sentinels: `off`; `require`, with whatever certificate; or `verify`, with a certificate from "
          + "a CA that is trusted. It is for the host in the URL; with `sentinel`, each Sentinel's is for its host in `at`, and "
          + "an engine's for the host that Sentinels name."),
      Setting(
        Plan.SharedState.ca, .path, \.ca, default: .words("the CAs of the system"),
        "A file with the CAs, in PEM, for `tls: verify`."),
      Setting(
        Plan.SharedState.prefix, .keyPrefix, \.prefix,
        default: .written("\"\(Plan.SharedState.blank.prefix)\""),
        "What the engine's keys begin with. Servers with one prefix count together; another fleet on the same engine has "
          + "another one."),
    ])

  private static let sentinel = Section<Config.Sentinel>(
    summary: "the sentinel section",
    example: "sentinel: { master: mymaster, at: [10.0.0.5, 10.0.0.6, 10.0.0.7] }",
    settings: [
      Setting(
        Plan.SharedState.Sentinel.master, .masterName, \.master, required: "mymaster",
        "The master's name: the first word behind `sentinel monitor` in `sentinel.conf`."),
      Setting(
        Plan.SharedState.Sentinel.at, .list(.sentinelPlace, of: "Sentinels", mayBeEmpty: false), \.at,
        required: "[10.0.0.5, 10.0.0.6, 10.0.0.7]",
        "Where the Sentinels are: addresses or names, with the port unless it is \(EnginePlace.sentinelPort). All are asked at "
          + "the same time. The master is where most of them say."),
      Setting(
        Plan.SharedState.Sentinel.user, .text("the name of a user"), \.user,
        default: .words("the user without a name"),
        "The user of the Sentinels' access control lists (ACL) that ocean is there. It has nothing to do with the engine's."
      ),
      Setting(
        Plan.SharedState.Sentinel.password, .secret, \.password, default: .words("none: Sentinels need none"),
        "Where the Sentinels' password is: `{ file: PATH }`, `{ env: VARIABLE }` or `{ credential: NAME }`. It is read when "
          + "a plan is applied."),
    ])
}

extension ValueType where Value == EnginePlace {
  static let sentinelPlace = ValueType(
    summary: "the host of a Sentinel", schema: ["type": "string", "pattern": "^[]0-9A-Za-z:._[-]+$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the host of a Sentinel") else { return nil }
    guard let place = EnginePlace(parsing: text, defaultPort: EnginePlace.sentinelPort) else {
      var mistake = Diagnostic(
        .badSharedState, "this is not the host of a Sentinel", at: node.span,
        help:
          "an address or a name, perhaps with a port: 10.0.0.5, sentinel.example.org:26379, \"[2001:db8::5]:26379\""
      )
      // A password may be in it: no line of it is shown.
      mistake.hidesLine = text.contains("@")
      decoder.diagnostics.append(mistake)
      return nil
    }
    return place
  }
}

extension ValueType where Value == String {
  /// The characters are those that Sentinel takes.
  static let masterName = word(
    "the name of a master", of: "._-", atMost: 253, pattern: "^[A-Za-z0-9._-]{1,253}$",
    help: "the first word behind 'sentinel monitor' in sentinel.conf, like mymaster")

  static let keyPrefix = word(
    "the beginning of keys", of: "_.:{}-", atMost: 64, pattern: "^[A-Za-z0-9_.:{}-]{1,64}$",
    help: "1 to 64 letters, digits and any of _ . : { } -, like ocean:")

  /// - Parameters:
  ///   - marks: the characters that it may have beside letters and digits of ASCII.
  ///   - pattern: the same for the schema.
  private static func word(
    _ summary: String, of marks: String, atMost count: Int, pattern: String, help: String
  ) -> ValueType {
    ValueType(summary: summary, schema: ["type": "string", "pattern": .string(pattern)]) { node, decoder in
      guard let text = decoder.scalar(node, expected: summary) else { return nil }
      let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || marks.contains($0)) }
      guard isPlain, (1...count).contains(text.utf8.count) else {
        decoder.report(.badSharedState, node.span, "'\(text)' is not \(summary)", help: help)
        return nil
      }
      return text
    }
  }
}

extension ValueType where Value == SharedStateURL {
  static let sharedStateURL = ValueType(
    summary: "the place of Valkey or Redis",
    schema: ["type": "string", "pattern": "^(valkey|redis)://[^/@?]+/?$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the place of Valkey or Redis") else { return nil }
    do throws(SharedStateURL.Flaw) {
      return try SharedStateURL(parsing: text)
    } catch {
      let (message, help) = error.words
      var mistake = Diagnostic(.badSharedState, message, at: node.span, help: help)
      // A password may be in it: no line of it is shown.
      mistake.hidesLine = text.contains("@")
      decoder.diagnostics.append(mistake)
      return nil
    }
  }
}

extension SharedStateURL.Flaw {
  /// Nothing of the text is quoted, because it may have a password in it.
  fileprivate var words: (message: String, help: String?) {
    let example = "like valkey://10.0.0.5:6379"
    return switch self {
    case .unknownScheme: ("this is not the place of Valkey or Redis", example)
    case .account:
      (
        "a name or a password does not belong in the URL: plans, logs and diffs show it",
        "leave it out here, and say it in settings of its own: user: ocean, password: { file: valkey.password }"
      )
    case .missingHost: ("the host is missing", example)
    case .badHost: ("the host is not a name or an address", "an IPv6 address is written in brackets")
    case .badPort: ("the port is not a number from 1 to 65535", nil)
    case .rest:
      ("behind the host there can be nothing", "keys of several fleets have several prefixes: prefix: \"b:\"")
    }
  }
}
