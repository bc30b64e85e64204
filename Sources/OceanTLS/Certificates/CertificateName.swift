internal import Glibc

/// A name that a certificate is for: a host name or an address (RFC 5280 §4.2.1.6).
package enum CertificateName: Hashable, Sendable {
  /// In lower case, without a trailing dot; may begin with `*.`.
  case dns(String)
  /// 4 or 16 bytes in network order.
  case ip([UInt8])

  /// Makes a name of a host name in any case, with or without a trailing dot; nil if `text` is not a host
  /// name. Internationalised names must be given as A-labels (`xn--...`).
  package init?(hostName text: String) {
    guard let name = ServerName.fold(text.utf8) else { return nil }
    self = .dns(name)
  }
}

extension CertificateName: CustomStringConvertible {
  /// The name, or the address in the format of `inet_ntop`.
  package var description: String {
    switch self {
    case .dns(let name):
      return name
    case .ip(let address):
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      let family = address.count == 4 ? AF_INET : AF_INET6
      guard address.count == 4 || address.count == 16,
        inet_ntop(family, address, &text, socklen_t(text.count)) != nil
      else { return "" }
      return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}
