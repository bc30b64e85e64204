/// What a query or a filter may ask about a login, by its name in braces: `{address}`.
package enum LoginParameter: String, Sendable, Hashable, CaseIterable {
  /// The part of the login before the `@`.
  case user
  /// The part of the login behind the `@`, or `server.default_domain`; empty without both.
  case domain
  /// The whole login.
  case address
  /// The name of the service.
  case service
  /// The client's address.
  case client

  /// Whether it tells logins of a domain apart.
  package var isOfLogin: Bool { self == .user || self == .address }

  /// Whether a text could be the name of a parameter.
  static func isName(_ text: Substring) -> Bool {
    (1...32).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_")
      }
  }
}
