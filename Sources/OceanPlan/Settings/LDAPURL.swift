/// The place of a directory: `ldap://ldap.example.org`, `ldaps://192.0.2.1:636` or `ldapi:///run/slapd/ldapi`. It never has
/// a name or a password in it.
package struct LDAPURL: Sendable, Hashable {
  package enum Scheme: String, Sendable, CaseIterable {
    /// In the clear, or with STARTTLS.
    case ldap
    /// With TLS from the first byte.
    case ldaps
    /// A socket of this host.
    case ldapi
  }

  package let scheme: Scheme
  /// A name or an address; nil for a socket.
  package let host: String?
  /// Nil for the scheme's own.
  package let port: Int?
  /// The path of a socket; nil for the library's default.
  package let socket: String?

  package enum Flaw: Error, Hashable, Sendable {
    case unknownScheme
    /// A name, perhaps with a password.
    case account
    case missingHost, badHost, badPort, badSocket
    /// Something behind the host: a base, attributes, a filter.
    case rest
  }

  /// Debian's package with the library of its clients.
  package static let package = "libldap2, libldap-2.5-0 in Debian 12"

  package init(parsing text: String) throws(Flaw) {
    guard let mark = text.firstRange(of: "://"),
      let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased())
    else { throw .unknownScheme }
    self.scheme = scheme
    let rest = text[mark.upperBound...]
    guard scheme != .ldapi else {
      (host, port) = (nil, nil)
      socket = try Self.socket(rest)
      return
    }
    guard !rest.contains("@") else { throw .account }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let behind = rest[authority.endIndex...]
    guard behind.isEmpty || behind == "/" else { throw .rest }
    do throws(HostAndPort.Flaw) {
      let endpoint = try HostAndPort(parsing: authority)
      (host, port, socket) = (endpoint.host, endpoint.port, nil)
    } catch {
      throw error == .badHost ? .badHost : .badPort
    }
    guard host != nil else { throw .missingHost }
  }

  private init(scheme: Scheme, host: String?, port: Int?) {
    (self.scheme, self.host, self.port, socket) = (scheme, host, port, nil)
  }

  /// The same place without the path of a socket, which is one of a host.
  var withoutPath: LDAPURL { LDAPURL(scheme: scheme, host: host, port: port) }

  /// The path behind `ldapi://`, in clear or with `%2F` for each slash, as other programs want it.
  private static func socket(_ text: Substring) throws(Flaw) -> String? {
    guard !text.isEmpty, text != "/" else { return nil }
    var path = String(text)
    if !path.hasPrefix("/") {
      if path.hasSuffix("/") { path.removeLast() }
      path = path.replacing("%2F", with: "/").replacing("%2f", with: "/")
    }
    guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= 107,
      path.allSatisfy({ HostAndPort.isPlain($0) || $0 == "/" })
    else { throw .badSocket }
    return path
  }

  /// Whether what is asked and answered stays on this host.
  package var isLocal: Bool { HostAndPort.isLocal(host) }

  /// The URL as libldap reads it.
  package var uri: String {
    guard scheme == .ldapi else { return description }
    return "ldapi://\(socket.map { $0.replacing("/", with: "%2F") } ?? "")/"
  }
}

extension LDAPURL: CustomStringConvertible {
  package var description: String {
    guard scheme != .ldapi else { return "ldapi://\(socket ?? "/")" }
    let name = host.map { $0.contains(":") ? "[\($0)]" : $0 } ?? ""
    return "\(scheme.rawValue)://\(name)\(port.map { ":\($0)" } ?? "")"
  }
}

extension LDAPURL: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let url = try? LDAPURL(parsing: container.decode(String.self)) else {
      // It may have a password in it.
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "it is not the place of a directory")
    }
    self = url
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
