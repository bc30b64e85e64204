import OceanAddresses

/// The host and the port of a URL: `db.example.org`, `192.0.2.1:5432`, `[2001:db8::1]:389`, or nothing.
struct HostAndPort {
  /// A name in lower case, or an address without brackets; nil if there is none.
  let host: String?
  let port: Int?

  enum Flaw: Error, Hashable, Sendable {
    case badHost, badPort
  }

  init(parsing text: Substring) throws(Flaw) {
    var host = text
    var port: Substring?
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { throw .badHost }
      let behind = host[host.index(after: end)...]
      host = host[host.index(after: host.startIndex)..<end]
      guard behind.isEmpty || behind.hasPrefix(":") else { throw .badHost }
      port = behind.isEmpty ? nil : behind.dropFirst()
      guard (try? IPAddress(parsing: host)) != nil else { throw .badHost }
    } else if let colon = host.firstIndex(of: ":") {
      port = host[host.index(after: colon)...]
      host = host[..<colon]
    }
    guard host.utf8.count <= 253, host.allSatisfy({ Self.isPlain($0) || $0 == ":" }) else { throw .badHost }
    let number = try port.map { text throws(Flaw) in
      guard let number = Int(text), Plan.Bounds.port.contains(number), text.utf8.first != UInt8(ascii: "0"),
        text.utf8.first != UInt8(ascii: "+")
      else { throw .badPort }
      return number
    }
    guard !host.isEmpty || number == nil else { throw .badHost }
    self.host = host.isEmpty ? nil : host.lowercased()
    self.port = number
  }

  /// Whether a character stands for itself in a URL, so that nothing has to be encoded.
  static func isPlain(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
  }

  /// Whether what is asked and answered stays on this host.
  static func isLocal(_ host: String?) -> Bool {
    guard let host else { return true }
    return host == "localhost" || ((try? IPAddress(parsing: host))?.isLoopback ?? false)
  }
}
