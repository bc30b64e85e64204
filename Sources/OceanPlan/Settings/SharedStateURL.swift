/// The place of Valkey or Redis: `valkey://10.0.0.5:6379`. It never has a name or a password in it.
package struct SharedStateURL: Sendable, Hashable {
  package static let defaultPort = 6379

  /// `valkey` or `redis`, which mean the same.
  package let scheme: String
  /// A name in lower case, or an address.
  package let host: String
  package let port: Int

  package enum Flaw: Error, Hashable, Sendable {
    case unknownScheme
    /// A name, perhaps with a password.
    case account
    case missingHost, badHost, badPort
    /// Something behind the host, such as the number of a database.
    case rest
  }

  package init(parsing text: String) throws(Flaw) {
    guard let mark = text.firstRange(of: "://") else { throw .unknownScheme }
    scheme = text[..<mark.lowerBound].lowercased()
    guard ["valkey", "redis"].contains(scheme) else { throw .unknownScheme }
    let rest = text[mark.upperBound...]
    guard !rest.contains("@") else { throw .account }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let behind = rest[authority.endIndex...]
    guard behind.isEmpty || behind == "/" else { throw .rest }
    let endpoint: HostAndPort
    do throws(HostAndPort.Flaw) {
      endpoint = try HostAndPort(parsing: authority)
    } catch {
      throw error == .badHost ? .badHost : .badPort
    }
    guard let host = endpoint.host else { throw .missingHost }
    (self.host, port) = (host, endpoint.port ?? Self.defaultPort)
  }

  /// Whether what is asked and answered stays on this host.
  package var isLocal: Bool { HostAndPort.isLocal(host) }

  package var place: EnginePlace? { EnginePlace(host: host, port: port) }
}

extension SharedStateURL: CustomStringConvertible {
  package var description: String {
    "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}

extension SharedStateURL: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let url = try? SharedStateURL(parsing: container.decode(String.self)) else {
      // It may have a password in it.
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "it is not the place of Valkey or Redis")
    }
    self = url
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
