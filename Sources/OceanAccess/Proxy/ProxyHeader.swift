package import OceanPlan

/// What a proxy says about the connection that it forwards: the PROXY protocol of HAProxy, versions 1 and 2
/// (`doc/proxy-protocol.txt` in its sources; the sections named here are of that text).
///
/// Whoever may send such a header decides which address a connection comes from. So it is for connections of known
/// proxies only, and must come first there. Strict: what the text does not allow is invalid, and the connection is to be
/// closed without a word.
package enum ProxyHeader: Sendable, Hashable {
  /// The proxy made the connection by itself, for a health check: `LOCAL`, of version 2 only.
  case local
  /// It forwards somebody whose internet address it does not tell: `UNKNOWN`, `UNSPEC`, a Unix socket. To refuse such a
  /// connection is the receiver's right (§2.1, §2.2).
  case anonymous
  /// Addresses in `::ffff:0:0/96` have become IPv4.
  case proxied(source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16)

  package enum Parsed: Sendable, Hashable {
    /// The beginning of a header: more is needed. Never of more than ``maxLength`` octets.
    case incomplete
    case invalid(Flaw)
    /// What comes after the first `length` octets is the client's.
    case header(ProxyHeader, length: Int)
  }

  package enum Flaw: Error, Sendable, Hashable {
    /// It begins like neither version.
    case signature
    /// Version 1: no CRLF within 107 octets, or a CR or LF alone.
    case line
    /// Version 1: not the fields that there must be, with a space between.
    case fields
    case address
    case port
    /// Version 2: another version or command.
    case command
    /// Version 2: a family or transport that there is not.
    case family
    /// Version 2: datagrams, which no TCP connection forwards.
    case datagram
    /// Version 2: longer than ``ProxyHeader/maxLength``, or too short for its addresses.
    case length
    /// Version 2: what follows the addresses is no sequence of types, lengths and values.
    case extensions
    /// Version 2: the checksum among them is wrong.
    case checksum
  }

  /// The most octets of a header. The text bounds version 1 at 107, and version 2 at 65,551, though it has a sender stay
  /// below what one segment holds; the most that HAProxy puts in is a client's certificate.
  package static let maxLength = 4096

  /// Reads the header at the start of what came so far. The answer is the same however the octets are cut, as long as
  /// the caller comes back with all of them after `incomplete`.
  package static func parse(_ bytes: UnsafeRawBufferPointer) -> Parsed {
    guard let first = bytes.first else { return .incomplete }
    do throws(Flaw) {
      switch first {
      case ProxyLine.signature[0]: return try ProxyLine.parse(bytes)
      case ProxyBlock.signature[0]: return try ProxyBlock.parse(bytes)
      default: throw .signature
      }
    } catch {
      return .invalid(error)
    }
  }

  /// Whether the octets there are agree with the signature.
  static func check(_ bytes: UnsafeRawBufferPointer, _ signature: [UInt8]) throws(Flaw) {
    let common = min(bytes.count, signature.count)
    guard bytes.prefix(common).elementsEqual(signature.prefix(common)) else { throw .signature }
  }
}

extension ProxyHeader.Flaw: CustomStringConvertible {
  package var description: String {
    switch self {
    case .signature: "it is no PROXY header"
    case .line: "its line does not end as it must"
    case .fields: "its fields are not those of TCP4, TCP6 or UNKNOWN"
    case .address: "an address is malformed"
    case .port: "a port is malformed"
    case .command: "its version or command is unknown"
    case .family: "its address family or transport is unknown"
    case .datagram: "it announces datagrams"
    case .length: "its length is out of range"
    case .extensions: "its extensions are malformed"
    case .checksum: "its checksum is wrong"
    }
  }
}
