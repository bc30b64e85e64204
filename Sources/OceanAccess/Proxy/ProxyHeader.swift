package import OceanAddresses

/// The connection that a proxy forwards, as the proxy describes it: the PROXY protocol of HAProxy, versions 1
/// and 2 (`doc/proxy-protocol.txt` in its sources; the sections named here are of that text).
///
/// The sender of such a header decides which address a connection comes from. So it is only for connections
/// of known proxies, and must come first there. The parser is strict: anything that the text does not allow
/// is invalid, and the connection is to be closed without a word.
package enum ProxyHeader: Sendable, Hashable {
  /// The proxy made the connection by itself, for a health check: `LOCAL`, only in version 2.
  case local
  /// The proxy forwards a client without telling its internet address: `UNKNOWN`, `UNSPEC`, a Unix socket.
  /// The receiver may refuse such a connection (§2.1, §2.2).
  case anonymous
  /// Addresses in `::ffff:0:0/96` have become IPv4.
  case proxied(source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16)

  package enum Parsed: Sendable, Hashable {
    /// The beginning of a header: more is needed. Never for more than ``maxLength`` octets.
    case incomplete
    case invalid(Flaw)
    /// The octets after the first `length` are the client's.
    case header(ProxyHeader, length: Int)
  }

  package enum Flaw: Error, Sendable, Hashable {
    /// The header begins like neither version.
    case signature
    /// Version 1: there is no CRLF within 107 octets, or a CR or LF alone.
    case line
    /// Version 1: the fields are not the required ones, separated by a space.
    case fields
    case address
    case port
    /// Version 2: another version or command.
    case command
    /// Version 2: the family or transport does not exist.
    case family
    /// Version 2: the header is for datagrams, which a TCP connection does not forward.
    case datagram
    /// Version 2: the header is longer than ``ProxyHeader/maxLength``, or too short for its addresses.
    case length
    /// Version 2: the bytes behind the addresses are not a sequence of types, lengths and values.
    case extensions
    /// Version 2: the checksum among the extensions is wrong.
    case checksum
  }

  /// The most octets of a header. The text bounds version 1 at 107, and version 2 at 65,551, though it tells
  /// senders to stay below the size of one segment; the most that HAProxy puts in is a client's certificate.
  package static let maxLength = 4096

  /// Reads the header at the start of the octets that came so far. The answer is the same however the octets
  /// are cut, as long as the caller comes back with all of them after `incomplete`.
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

  /// Checks that the octets that are there agree with the signature.
  static func check(_ bytes: UnsafeRawBufferPointer, _ signature: [UInt8]) throws(Flaw) {
    let common = min(bytes.count, signature.count)
    guard bytes.prefix(common).elementsEqual(signature.prefix(common)) else { throw .signature }
  }
}

extension ProxyHeader.Flaw: CustomStringConvertible {
  package var description: String {
    switch self {
    case .signature: "it is not a PROXY header"
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
