import OceanSyntax

/// Text in HTML. Literals are markup; what is interpolated is escaped, in elements and in quoted attributes alike.
struct HTML: ExpressibleByStringInterpolation {
  private(set) var text: String

  init(stringLiteral text: String) { self.text = text }

  init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// Text that is markup already, and none of it from outside.
  init(markup text: String) { self.text = text }

  /// Markup that is there in some cases only. In an interpolation, a literal after `?` would be text.
  static func when(_ isThere: Bool, _ html: HTML) -> HTML { isThere ? html : "" }

  static func += (a: inout HTML, b: HTML) { a.text += b.text }

  struct StringInterpolation: StringInterpolationProtocol {
    var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity * 2) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ outside: String) { text += HTML.escaped(outside) }
    mutating func appendInterpolation(_ number: Int) { text += String(number) }
    mutating func appendInterpolation(_ html: HTML) { text += html.text }
    mutating func appendInterpolation(_ html: HTML?) { text += html?.text ?? "" }
    mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { text += part.text } }
  }

  private static func escaped(_ text: String) -> String {
    text.escapedForDisplay.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}

extension [UInt8] {
  /// A JSON text as it may stand in a script element: no octet of it begins markup.
  var jsonForScript: String {
    var result: [UInt8] = []
    result.reserveCapacity(count)
    for byte in self {
      switch byte {
      case UInt8(ascii: "<"): result += "\\u003c".utf8
      case UInt8(ascii: ">"): result += "\\u003e".utf8
      case UInt8(ascii: "&"): result += "\\u0026".utf8
      default: result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
