import OceanPOP3
import Testing

/// A session as people write it down: `C:` lines from the client, `S:` lines from the server, each ending
/// with CRLF.
///
/// In client lines `\r`, `\n`, `\t`, `\s` (space), `\0` and `\xHH` stand for octets; a line `C-` has no line
/// end.
struct Transcript: CustomTestStringConvertible {
  let name: String
  let exchanges: [Exchange]
  let end: CloseReason?
  let deleted: [Int]?
  let retrieved: [Int]?
  /// Whether the connection began with TLS, where AUTH is offered.
  let isOverTLS: Bool
  /// Nil for the usual one.
  let policy: SessionPolicy?

  /// The client's octets and the answer to them. The first exchange has nothing from the client.
  struct Exchange {
    var client: [UInt8] = []
    var server = ""
  }

  var testDescription: String { name }
  var interpreter: Interpreter {
    if let policy { return Interpreter(policy: policy) }
    return isOverTLS ? Interpreter(policy: .sasl, isTLSActive: true) : Interpreter()
  }
  var client: [UInt8] { exchanges.flatMap(\.client) }
  var server: String { exchanges.map(\.server).joined() }

  /// - Parameters:
  ///   - end: how the session ended; nil if it did not.
  ///   - deleted: the messages that QUIT removes, counted from 0; nil if UPDATE was not reached.
  init(
    _ name: String, end: CloseReason? = nil, deleted: [Int]? = nil, retrieved: [Int]? = nil,
    isOverTLS: Bool = false, policy: SessionPolicy? = nil, _ text: String
  ) {
    self.name = name
    self.isOverTLS = isOverTLS
    self.policy = policy
    self.end = end
    self.deleted = deleted
    self.retrieved = retrieved
    var exchanges = [Exchange()]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let content = String(line.dropFirst(3))
      switch line.prefix(2) {
      case "S:":
        exchanges[exchanges.count - 1].server += content + "\r\n"
      case "C:":
        exchanges.append(Exchange(client: unescaped(content) + [13, 10]))
      case "C-":
        exchanges.append(Exchange(client: unescaped(content)))
      default:
        fatalError("no client or server line: \(line)")
      }
    }
    self.exchanges = exchanges
  }

  /// A session of alice, already logged in.
  static func loggedIn(
    _ name: String, end: CloseReason? = nil, deleted: [Int]? = nil, retrieved: [Int]? = nil, _ text: String
  ) -> Transcript {
    Transcript(
      name, end: end, deleted: deleted, retrieved: retrieved,
      """
      S: +OK pop.example.org POP3 server ready
      C: USER alice
      S: +OK send the password
      C: PASS secret
      S: +OK 3 messages (83 octets)

      """ + text)
  }
}

private func unescaped(_ text: String) -> [UInt8] {
  var result: [UInt8] = []
  var rest = text.utf8[...]
  while let octet = rest.popFirst() {
    guard octet == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
      result.append(octet)
      continue
    }
    switch escape {
    case UInt8(ascii: "r"): result.append(13)
    case UInt8(ascii: "n"): result.append(10)
    case UInt8(ascii: "t"): result.append(9)
    case UInt8(ascii: "s"): result.append(32)
    case UInt8(ascii: "0"): result.append(0)
    case UInt8(ascii: "x"):
      result.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    default: result.append(escape)
    }
  }
  return result
}
