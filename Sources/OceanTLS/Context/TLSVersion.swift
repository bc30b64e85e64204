internal import COpenSSL

/// A protocol version by its number on the wire.
package enum TLSVersion: UInt16, Sendable, Hashable, CaseIterable, Comparable {
  case ssl3 = 0x0300
  case tls1 = 0x0301
  case tls11 = 0x0302
  case tls12 = 0x0303
  case tls13 = 0x0304

  package static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}

extension TLSVersion: CustomStringConvertible {
  package var description: String {
    switch self {
    case .ssl3: "SSL 3.0"
    case .tls1: "TLS 1.0"
    case .tls11: "TLS 1.1"
    case .tls12: "TLS 1.2"
    case .tls13: "TLS 1.3"
    }
  }
}
