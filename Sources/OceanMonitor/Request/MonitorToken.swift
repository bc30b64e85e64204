package import OceanBase
import OceanPlan

/// What requests to the monitor must have. Only its hash is kept.
package struct MonitorToken: Sendable, Hashable {
  /// How many octets a token may have. With fewer than 16 it could be guessed.
  package static let length = 16...256

  private let digest: Digest

  /// - Returns: nil unless it is 16 to 256 visible ASCII characters, which a header can have.
  package init?(_ secret: SecretBytes) {
    let digest = secret.withUnsafeBytes { bytes -> Digest? in
      guard Self.length.contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        return nil
      }
      return Digest(of: bytes)
    }
    guard let digest else { return nil }
    self.digest = digest
  }

  /// Whether a header names the token: `Bearer TOKEN`, or `Basic` with the token as the password of any user
  /// (RFC 6750 §2.1, RFC 7617), so that a browser can ask for it.
  func isNamed(by authorization: String) -> Bool {
    let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    guard parts.count == 2, let scheme = parts.first, let value = parts.last else { return false }
    switch scheme.lowercased() {
    case "bearer": return isSame(Array(value.utf8))
    case "basic":
      guard let decoded = Base64.decoded(value), let colon = decoded.firstIndex(of: UInt8(ascii: ":")) else {
        return false
      }
      return isSame(Array(decoded[(colon + 1)...]))
    default: return false
    }
  }

  /// Hashes are compared to their end: the time tells nothing about how much of them is the same.
  private func isSame(_ given: [UInt8]) -> Bool {
    let (ours, theirs) = (digest.description.utf8, Digest(of: given).description.utf8)
    return zip(ours, theirs).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// What was found where a plan says that its token is.
package enum ReadMonitorToken: Sendable {
  /// The plan has no token.
  case none
  case token(MonitorToken)
  /// Half a sentence: why.
  case unusable(String)
}

/// RFC 4648 §4.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encoded(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let group = rest.prefix(3)
      rest = rest.dropFirst(3)
      let padded = Array(group) + [UInt8](repeating: 0, count: 3 - group.count)
      let bits = padded.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      for place in 0..<4 {
        text.append(
          place <= group.count ? alphabet[Int(bits >> (18 - 6 * UInt32(place))) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil if it is not Base64.
  static func decoded(_ text: some StringProtocol) -> [UInt8]? {
    let digits = text.utf8.prefix { $0 != UInt8(ascii: "=") }
    guard text.utf8.count - digits.count <= 2 else { return nil }
    var bytes: [UInt8] = []
    var (bits, count) = (UInt32(0), 0)
    for digit in digits {
      guard let value = alphabet.firstIndex(of: digit) else { return nil }
      bits = (bits << 6 | UInt32(value)) & 0xFF_FFFF
      count += 6
      guard count >= 8 else { continue }
      count -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
    }
    return bytes
  }
}
