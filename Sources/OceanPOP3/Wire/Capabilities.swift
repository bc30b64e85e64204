import NIOCore

/// The capabilities of the present state (RFC 2449 §5): what would work now, and no more. So USER and STLS
/// are missing after login, and where policy forbids them.
struct Capabilities {
  /// USER and PASS (RFC 2449 §6.2).
  var user: Bool

  /// The mechanisms of AUTH (RFC 5034 §6).
  var mechanisms: [String]

  /// STLS (RFC 2595 §4).
  var startTLS: Bool

  /// The server's name (RFC 2449 §6.9); nil to leave it out.
  var implementation: String?

  func write(into output: inout ByteBuffer) {
    output.writeOK("capabilities follow")
    output.writeStaticString("TOP\r\nUIDL\r\n")  // RFC 2449 §6.1, §6.8
    if user {
      output.writeStaticString("USER\r\n")
    }
    if !mechanisms.isEmpty {
      output.writeStaticString("SASL")
      for mechanism in mechanisms {
        output.writeStaticString(" ")
        output.writeString(mechanism)
      }
      output.writeStaticString("\r\n")
    }
    if startTLS {
      output.writeStaticString("STLS\r\n")
    }
    // RFC 2449 §6.4, §6.6, §6.7; RFC 3206 §6
    output.writeStaticString("RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n")
    if let implementation {
      output.writeStaticString("IMPLEMENTATION ")
      output.writeString(implementation)
      output.writeStaticString("\r\n")
    }
    output.writeStaticString(".\r\n")
  }
}
