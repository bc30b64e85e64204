import OceanAddresses
import OceanSyntax

extension ValueType where Value == Bind {
  /// The addresses a service listens on; `default` stands for the server's list.
  static let serviceBind = bind(words: [("default", .serverDefault), ("all", .all)])
  static let serverBind = bind(words: [("all", .all)])

  /// Takes one of the words, a list, or a list in one text: `a; b; c`.
  private static func bind(words: [(String, Bind)]) -> ValueType {
    let names = words.map(\.0)
    return ValueType(
      summary: names.map { "`\($0)`" }.joined(separator: ", ") + " or a list of addresses and host names",
      schema: [
        "anyOf": [
          [
            "type": "array", "minItems": 1,
            "items": [
              "type": "string", "pattern": "^[0-9A-Za-z:._-]+$", "not": ["enum": ["default", "all"]],
            ],
          ],
          [
            "type": "string",
            "pattern": "^[0-9A-Za-z:._-]+( *; *[0-9A-Za-z:._-]+)* *;? *$",
          ],
        ]
      ]
    ) { node, decoder in
      let targets: [Located<BindTarget>]
      if let scalar = node.scalar, !scalar.text.isEmpty, !scalar.isNothing {
        if let word = words.first(where: { $0.0 == scalar.text }) { return word.1 }
        targets = decoder.parts(of: scalar, node.span).compactMap {
          decoder.bindTarget($0.value, $0.span, names)
        }
        if scalar.text.allSatisfy({ $0 == ";" || $0 == " " }) {
          decoder.report(.emptyValue, node.span, "expected addresses and host names, found nothing")
        }
      } else {
        guard let nodes = decoder.elements(node, of: "addresses and host names") else { return nil }
        targets = nodes.compactMap { node in
          decoder.scalar(node, expected: "an address or host name")
            .flatMap { decoder.bindTarget($0, node.span, names) }
        }
        if nodes.isEmpty {
          decoder.report(
            .emptyValue, node.span, "an empty list binds nothing",
            help: "to switch a service off, write enabled: false")
        }
      }
      return targets.isEmpty ? nil : .list(targets)
    }
  }
}

extension Decoder {
  /// Reads an address; nil after a mistake, which is reported.
  mutating func address(_ text: String, _ span: Span) -> IPAddress? {
    do throws(IPAddress.ParseError) {
      return try IPAddress(parsing: text)
    } catch .malformed where text.contains("/") {
      report(
        .badAddress, span, "'\(text)' is a network, and one address is wanted here",
        help: "write one address of it, without /\(text.split(separator: "/").last ?? "")")
    } catch {
      report(error, text, span)
    }
    return nil
  }

  /// Reads an address or host name; nil after a mistake, which is reported.
  ///
  /// - Parameter words: the words that may replace the whole setting, such as `all`.
  fileprivate mutating func bindTarget(
    _ text: String, _ span: Span, _ words: [String]
  ) -> Located<BindTarget>? {
    if ["all", "default", "any", "*"].contains(text) {
      report(
        .badHostName, span, "'\(text)' is neither an address nor a host name",
        help: text == "default" && !words.contains(text)
          ? "'default' means these addresses here" : "to bind every address, write bind: all and nothing else"
      )
      return nil
    }
    let isNumeric =
      text.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") } || text.contains(":")
      || text.contains("/")
    guard isNumeric else {
      if let host = HostName.normalized(text) { return Located(.host(host), span) }
      report(
        .badHostName, span, "'\(text)' is neither an address nor a host name",
        help: text.contains(",") || text.contains(" ")
          ? "several are written as a list: [192.0.2.10, mx.example.org]"
          : "write \(words.joined(separator: ", ")), or a list of addresses and host names")
      return nil
    }
    do throws(IPAddress.ParseError) {
      return Located(.address(try IPAddress(parsing: text)), span)
    } catch .malformed where text.contains("/") {
      report(
        .badAddress, span, "'\(text)' is a network; a socket is bound to one address",
        help: "write one address of it, without /\(text.split(separator: "/").last ?? "")")
    } catch .malformed where text.split(separator: ":").count == 2 && !text.hasPrefix(":") {
      report(.badAddress, span, "'\(text)' is not an address", help: "ports are written under 'ports'")
    } catch {
      report(error, text, span)
    }
    return nil
  }

  private mutating func report(_ error: IPAddress.ParseError, _ text: String, _ span: Span) {
    switch error {
    case .malformed:
      // An address list has its own words for this mistake; they are used unless they say no more.
      if text.contains("."), let error = Self.mistake(in: text) { return report(error, text, span) }
      report(
        .badAddress, span, "'\(text)' is not an IP address",
        help: "write one like 192.0.2.10 or \"2001:db8::10\"")
    case .leadingZero: report(AddressPattern.ParseError.leadingZero, text, span)
    case .zone: report(AddressPattern.ParseError.zone, text, span)
    case .mapped:
      report(
        .badAddress, span, "'\(text)' is an IPv4 address in IPv6 form",
        help: "write it as an IPv4 address; ocean treats such clients as IPv4")
    }
  }

  private static func mistake(in text: String) -> AddressPattern.ParseError? {
    do throws(AddressPattern.ParseError) {
      _ = try AddressPattern(parsing: text)
    } catch .malformed {
    } catch {
      return error
    }
    return nil
  }
}
