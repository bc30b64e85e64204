package import OceanAddresses

/// What the engine executes: every name resolved, every default filled in, nothing left to decide.
///
/// A plan is a value. Two configs that mean the same compile to equal plans, whatever their comments, the
/// order of their keys or the words they chose; where each value came from is kept beside it, in
/// `Provenance`.
///
/// Settings/ holds its parts, and what is known about each of their values.
package struct Plan: Sendable, Hashable {
  package var server: Server
  package var log: Log
  /// Sorted by name; those that no service uses are included.
  package var certificates: [Certificate]
  /// Sorted by name.
  package var accounts: [AccountSource]
  package var mail: Mail
  package var monitor = Monitor()
  /// Sorted by name; disabled ones are included.
  package var services: [Service]
  /// When rules with an end leave their lists; sorted. It has no end that changes nothing, or that has come.
  package var ends: [End] = []

  package init(
    server: Server, log: Log, certificates: [Certificate] = [], accounts: [AccountSource], mail: Mail,
    services: [Service]
  ) {
    self.server = server
    self.log = log
    self.certificates = certificates
    self.accounts = accounts
    self.mail = mail
    self.services = services
  }
}

extension Plan {
  /// One listening socket: an address of one family and a port.
  package struct Listener: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    package var address: IPAddress
    package var port: Int
    package var tls: TLSMode

    package init(address: IPAddress, port: Int, tls: TLSMode) {
      self.address = address
      self.port = port
      self.tls = tls
    }

    package enum TLSMode: String, Sendable, Hashable, Codable {
      /// Plain text, and STLS (RFC 2595 §4) if the service has it.
      case none
      /// TLS from the first octet (RFC 8314 §3.2).
      case implicit
    }

    package var endpoint: Endpoint { Endpoint(address: address, port: port) }

    package var description: String { endpoint.description }

    package static func < (a: Listener, b: Listener) -> Bool { a.endpoint < b.endpoint }
  }
}

/// An address and a port, written `192.0.2.1:110` or `[2001:db8::1]:110`.
package struct Endpoint: Sendable, Hashable, Comparable, CustomStringConvertible {
  package var address: IPAddress
  package var port: Int

  package init(address: IPAddress, port: Int) {
    self.address = address
    self.port = port
  }

  package var description: String {
    address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }

  /// Whether a client of one endpoint could come to the other: they are the same, or one is the port of every
  /// address.
  package func overlaps(_ other: Endpoint) -> Bool {
    port == other.port && address.family == other.address.family
      && (address == other.address || address.isUnspecified || other.address.isUnspecified)
  }

  /// Reads `192.0.2.1:110` or `[2001:db8::1]:110`; nil for anything else.
  package init?(parsing text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { return nil }
    var host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard let address = try? IPAddress(parsing: host), (address.family == .v6) == isBracketed else {
      return nil
    }
    self.init(address: address, port: Int(port))
  }

  package static func < (a: Endpoint, b: Endpoint) -> Bool {
    a.address == b.address ? a.port < b.port : a.address < b.address
  }
}
