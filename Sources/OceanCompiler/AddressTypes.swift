import OceanPlan
import OceanSyntax

extension ValueType where Value == IPPrefix {
  /// One address or a block in CIDR form.
  static let network = ValueType(
    summary: "an address or network like 192.0.2.0/24",
    schema: ["type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "an address or network like 192.0.2.0/24") else {
      return nil
    }
    do throws(IPPrefix.ParseError) {
      return try IPPrefix(parsing: text)
    } catch {
      decoder.report(error, text, node.span)
      return nil
    }
  }
}

extension ValueType where Value == PlaintextLogin {
  static let plaintextLogin = ValueType(
    summary: "`never`, `loopback`, `always` or a list of networks",
    schema: [
      "anyOf": [
        ["type": "string", "enum": .array(words.map { .string($0.0) })],
        ["type": "array", "items": ValueType<IPPrefix>.network.schema],
        ValueType<IPPrefix>.network.schema,
      ]
    ]
  ) { node, decoder in
    if let scalar = node.scalar, !scalar.isNothing {
      if let word = words.first(where: { $0.0 == scalar.text }) { return word.1 }
      if !scalar.text.contains(where: { $0.isNumber || $0 == ":" }) {
        decoder.report(
          .unknownChoice, node.span,
          "expected never, loopback, always or a list of networks, found '\(scalar.text)'",
          help: decoder.suggestion(for: scalar.text, among: words.map(\.0)))
        return nil
      }
    }
    return ValueType<[Located<IPPrefix>]>.list(.network, of: "networks").decode(node, &decoder)
      .map(PlaintextLogin.networks)
  }

  private static let words: [(String, PlaintextLogin)] = [
    ("never", .never), ("loopback", .loopback), ("always", .always),
  ]
}

extension Decoder {
  /// Says what is wrong with an address or block, and what was probably meant.
  mutating func report(_ error: IPPrefix.ParseError, _ text: String, _ span: Span) {
    switch error {
    case .hostBits(let network, let single):
      report(
        .hostBits, span, "host bits set in \(text)", label: "the network is \(network)",
        help: "write \(network), or \(single) for the one address")
    case .length:
      report(
        .badAddress, span, "'\(text)' has a bad prefix length",
        help: "/0 to /32 for IPv4, /0 to /128 for IPv6")
    case .address(.leadingZero):
      report(
        .badAddress, span, "'\(text)' has an octet with a leading zero",
        label: "octal to some programs, decimal to others", help: "write it without the zero")
    case .address(.zone):
      report(
        .badAddress, span, "'\(text)' has a zone id", help: "write the address without % and what follows")
    case .address(.mapped):
      report(
        .badAddress, span, "'\(text)' is an IPv4 address in IPv6 form",
        help: "write it as an IPv4 address; ocean treats such clients as IPv4")
    case .address(.malformed):
      report(.badAddress, span, "'\(text)' is no IP address")
    }
  }
}
