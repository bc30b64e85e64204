import OceanAddresses

/// The host and the port of Valkey, Redis or a Sentinel.
package struct EnginePlace: Sendable, Hashable {
  package static let sentinelPort = 26_379

  /// A name in lower case, or an address without brackets.
  package let host: String
  package let port: Int

  /// Nil if the host is neither a name nor an address, or the port is not one.
  package init?(host: some StringProtocol, port: Int) {
    guard Plan.Bounds.port.contains(port) else { return nil }
    if let address = try? IPAddress(parsing: host) {
      self.host = "\(address)"
    } else {
      guard (1...253).contains(host.utf8.count), host.allSatisfy(HostAndPort.isPlain) else { return nil }
      self.host = host.lowercased()
    }
    self.port = port
  }

  /// Reads an address or a name, perhaps with a port behind it; an IPv6 address with a port is in brackets.
  package init?(parsing text: String, defaultPort: Int) {
    if let place = EnginePlace(host: text, port: defaultPort) {
      self = place
    } else {
      guard let found = try? HostAndPort(parsing: text[...]), let host = found.host else { return nil }
      self.init(host: host, port: found.port ?? defaultPort)
    }
  }

  package var isAddress: Bool { (try? IPAddress(parsing: host)) != nil }

  /// Whether what is asked and answered stays on this host.
  package var isLocal: Bool { HostAndPort.isLocal(host) }
}

extension EnginePlace: CustomStringConvertible {
  package var description: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

extension EnginePlace: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let place = EnginePlace(parsing: try container.decode(String.self), defaultPort: Self.sentinelPort)
    else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "it is not a host with a port")
    }
    self = place
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
