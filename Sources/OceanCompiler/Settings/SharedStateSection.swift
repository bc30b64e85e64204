import OceanPlan
import OceanSyntax

extension Config {
  struct SharedState: SectionRoot {
    typealias Lowered = Plan.SharedState

    var mistaken: Set<String> = []
    var url: Located<SharedStateURL>?
    var user: Located<String>?
    var password: Located<Plan.SecretSource>?
    var tls: Located<Plan.SourceTLS>?
    var ca: Located<String>?
    var prefix: Located<String>?
  }
}

extension Settings {
  static let sharedState = Section<Config.SharedState>(
    summary: "the shared_state section",
    example: "shared_state: { url: valkey://10.0.0.5:6379 }",
    settings: [
      Setting(
        Plan.SharedState.url, .sharedStateURL, \.url, required: "valkey://10.0.0.5:6379",
        "Where Valkey or Redis is, version 7 or later: `valkey://HOST:PORT` or `redis://HOST:PORT`, which mean the same. "
          + "The port is 6379 if it is left out. A name and a password are never part of it."),
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
        default: .words("`verify`; `off` on this host"),
        "TLS to the engine: `off`; `require`, with whatever certificate; or `verify`, with a certificate for that host from a "
          + "CA that is trusted."),
      Setting(
        Plan.SharedState.ca, .path, \.ca, default: .words("the CAs of the system"),
        "A file with the CAs, in PEM, for `tls: verify`."),
      Setting(
        Plan.SharedState.prefix, .keyPrefix, \.prefix,
        default: .written("\"\(Plan.SharedState.blank.prefix)\""),
        "What the engine's keys begin with. Servers with one prefix count together; another fleet on the same engine has "
          + "another one."),
    ])
}

extension ValueType where Value == String {
  static let keyPrefix = ValueType(
    summary: "the beginning of keys", schema: ["type": "string", "pattern": "^[A-Za-z0-9_.:{}-]{1,64}$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the beginning of keys") else { return nil }
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.:{}-".contains($0)) }
    guard isPlain, (1...64).contains(text.utf8.count) else {
      decoder.report(
        .badSharedState, node.span, "'\(text)' is not the beginning of keys",
        help: "1 to 64 letters, digits and any of _ . : { } -, like ocean:")
      return nil
    }
    return text
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
