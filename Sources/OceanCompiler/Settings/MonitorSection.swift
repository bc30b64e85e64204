import OceanAddresses
import OceanPlan
import OceanSyntax

extension Config {
  struct Monitor: SectionRoot {
    typealias Lowered = Plan.Monitor

    var mistaken: Set<String> = []
    var bind: Located<[Located<Endpoint>]>?
    var token: Located<Plan.SecretSource>?
    var ipControl: Located<IPControl>?
  }
}

extension Settings {
  static let monitor = Section<Config.Monitor>(
    summary: "the monitor section",
    example: "monitor: { bind: [127.0.0.1:9464] }",
    settings: [
      Setting(
        Plan.Monitor.bind, .list(.endpoint, of: "addresses with a port"), \.bind,
        default: .words("`\(Defaults.monitor)`, if there is a monitor section"),
        "Where it listens: addresses, each with its port. An IPv6 address is written in brackets and in quotes, "
          + "`\"[::1]:9464\"`."),
      Setting(
        Plan.Monitor.token, .secret, \.token,
        default: .words("none, which is possible on loopback, or with `ip_control`"),
        "Where the token is that requests must have, as a Bearer token or as the password of any user: "
          + "`{ file: PATH }`, `{ env: VARIABLE }` or `{ credential: NAME }`. It has 16 to 256 visible ASCII "
          + "characters. `/healthz` and `/readyz` need none."),
      Setting(
        "ip_control", .section(ipControl), \.ipControl,
        "Which addresses may connect, decided before a byte is read, as for a service. Off loopback a monitor without a "
          + "token needs `default: refuse`, and a white list that is not everybody. Nothing comes from "
          + "`service_defaults`."),
    ])
}

extension Defaults {
  /// The port is the one that OpenTelemetry's exporters have for Prometheus.
  static let monitor = Endpoint(address: .loopback(.v4), port: 9464)
}

extension ValueType where Value == Endpoint {
  /// An address of one family and a port, in one text.
  static let endpoint = ValueType(
    summary: "an address with a port",
    schema: ["type": "string", "pattern": "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[1-9][0-9]*$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "an address with a port") else { return nil }
    if let endpoint = Endpoint(parsing: text) { return endpoint }
    let help =
      if let address = try? IPAddress(parsing: text) {
        "write \"\(Endpoint(address: address, port: Defaults.monitor.port))\""
      } else {
        "write one like 127.0.0.1:9464 or \"[::1]:9464\""
      }
    decoder.report(.badAddress, node.span, "'\(text)' is not an address with a port", help: help)
    return nil
  }
}
