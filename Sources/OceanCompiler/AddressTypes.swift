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
        ["type": "string", "enum": ["never", "loopback", "always"]],
        ["type": "array", "items": ValueType<IPPrefix>.network.schema],
        ValueType<IPPrefix>.network.schema,
      ]
    ]
  ) { node, decoder in
    if case .scalar(let scalar) = node.content {
      switch scalar.text {
      case "never": return .never
      case "loopback": return .loopback
      case "always": return .always
      case let word where !word.isEmpty && !word.contains(where: { $0.isNumber || $0 == ":" }):
        let words = ["never", "loopback", "always"]
        decoder.report(
          .unknownChoice, node.span, "'\(word)' is none of: \(words.joined(separator: ", "))",
          help: closestMatch(word, among: words).map { "did you mean \($0)?" }
            ?? "or a list of networks, like [192.0.2.0/24]")
        return nil
      default: break
      }
    }
    return ValueType<[Located<IPPrefix>]>.list(.network, of: "networks").decode(node, &decoder)
      .map(PlaintextLogin.networks)
  }
}

extension ValueType where Value == Bind {
  /// For a service: `default` stands for the server's list.
  static let serviceBind = bind(words: [("default", .serverDefault), ("all", .all)])
  static let serverBind = bind(words: [("all", .all)])

  private static func bind(words: [(String, Bind)]) -> ValueType {
    let listed = words.map { "`\($0.0)`" }.joined(separator: ", ")
    return ValueType(
      summary: "\(listed), or a list of addresses and host names",
      schema: [
        "anyOf": [
          ["type": "array", "items": ["type": "string", "pattern": "^[0-9A-Za-z:._-]+$"]],
          ["type": "string", "pattern": "^[0-9A-Za-z:._-]+( *; *[0-9A-Za-z:._-]+)* *;? *$"],
        ]
      ]
    ) { node, decoder in
      if case .scalar(let scalar) = node.content, !scalar.text.isEmpty {
        if let word = words.first(where: { $0.0 == scalar.text }) { return word.1 }
        return .list(targets(in: scalar, node.span, &decoder))
      }
      guard let nodes = decoder.elements(node, of: "addresses and host names") else { return nil }
      let targets = nodes.compactMap { node -> Located<BindTarget>? in
        guard let text = decoder.scalar(node, expected: "an address or host name") else { return nil }
        return target(text, node.span, &decoder)
      }
      if nodes.isEmpty {
        decoder.report(
          .emptyValue, node.span, "an empty list binds nothing",
          help: "to switch a service off, write enabled: false")
        return nil
      }
      return .list(targets)
    }
  }

  /// The elements of `a; b; c`, each underlined on its own where the text stands as it is.
  private static func targets(
    in scalar: Scalar, _ span: Span, _ decoder: inout Decoder
  ) -> [Located<BindTarget>] {
    let width = span.end.column - span.start.column
    let verbatim = span.start.line == span.end.line
    let quotes = scalar.style == .plain ? 0 : 1
    let exact = verbatim && Int(width) == scalar.text.unicodeScalars.count + 2 * quotes
    var column = Int(span.start.column) + quotes
    var result: [Located<BindTarget>] = []
    for part in scalar.text.split(separator: ";", omittingEmptySubsequences: false) {
      let leading = part.prefix(while: { $0 == " " }).unicodeScalars.count
      let word = String(part.drop(while: { $0 == " " }))
      let trimmed = String(word.reversed().drop(while: { $0 == " " }).reversed())
      var place = span
      if exact {
        place.start.column = .init(column + leading)
        place.end.column = .init(column + leading + trimmed.unicodeScalars.count)
      }
      column += part.unicodeScalars.count + 1
      if trimmed.isEmpty { continue }  // a trailing ";"
      if let target = target(trimmed, place, &decoder) { result.append(target) }
    }
    return result
  }

  private static func target(
    _ text: String, _ span: Span, _ decoder: inout Decoder
  ) -> Located<BindTarget>? {
    let looksNumeric =
      text.contains(":") || text.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
      || text.contains("/")
    if looksNumeric {
      do throws(IPAddress.ParseError) {
        return Located(.address(try IPAddress(parsing: text)), span)
      } catch .malformed where text.contains("/") {
        decoder.report(
          .badAddress, span, "'\(text)' is a network; a socket is bound to one address",
          help: "write the address without /\(text.split(separator: "/").last ?? "")")
      } catch .malformed where text.split(separator: ":").count == 2 && !text.hasPrefix(":") {
        decoder.report(
          .badAddress, span, "'\(text)' is no address", help: "ports are written under 'ports'")
      } catch {
        decoder.report(.address(error), text, span)
      }
      return nil
    }
    if let host = HostName.normalized(text) { return Located(.host(host), span) }
    decoder.report(
      .badHostName, span, "'\(text)' is neither an address nor a host name",
      help: "'default', 'all', or addresses and host names like 192.0.2.10 or mx.example.org")
    return nil
  }
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
        .badAddress, span, "'\(text)' has a bad prefix length", help: "/0 to /32 for IPv4, /0 to /128 for IPv6")
    case .address(.leadingZero):
      report(
        .badAddress, span, "'\(text)' has an octet with a leading zero",
        label: "octal to some programs, decimal to others", help: "write it without the zero")
    case .address(.zone):
      report(.badAddress, span, "'\(text)' has a zone id", help: "write the address without % and what follows")
    case .address(.mapped):
      report(
        .badAddress, span, "'\(text)' is an IPv4 address in IPv6 form",
        help: "write it as an IPv4 address; ocean treats such clients as IPv4")
    case .address(.malformed):
      report(.badAddress, span, "'\(text)' is no IP address")
    }
  }
}
