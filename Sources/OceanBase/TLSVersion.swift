/// A protocol version by its number on the wire.
package enum TLSVersion: UInt16, Sendable, Hashable, CaseIterable, Comparable {
  case ssl3 = 0x0300
  case tls1 = 0x0301
  case tls11 = 0x0302
  case tls12 = 0x0303
  case tls13 = 0x0304

  package static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}

extension TLSVersion {
  /// `1.2` for TLS 1.2.
  package var short: String {
    switch self {
    case .ssl3: "3.0"
    case .tls1: "1.0"
    case .tls11: "1.1"
    case .tls12: "1.2"
    case .tls13: "1.3"
    }
  }

  /// Reads `TLS 1.2`, and `TLSv1.2` as the access log has it; nil for anything else.
  package init?(parsing text: some StringProtocol) {
    guard text.hasPrefix("TLS") else { return nil }
    let number = text.dropFirst(3).drop { $0 == " " || $0 == "v" }
    self.init(short: number == "1" ? "1.0" : String(number))
  }

  /// Reads `1.2`; nil for anything else, and for SSL 3.0.
  package init?(short text: String) {
    guard let version = Self.allCases.first(where: { $0 != .ssl3 && $0.short == text }) else { return nil }
    self = version
  }
}

extension TLSVersion: CustomStringConvertible {
  package var description: String {
    "\(self == .ssl3 ? "SSL" : "TLS") \(short)"
  }
}
