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
    case "bearer": return isSame(value.utf8)
    case "basic":
      guard let decoded = Array(value.utf8).withUnsafeBytes(Base64.decode) else { return false }
      return decoded.withUnsafeBytes { bytes in
        bytes.firstIndex(of: UInt8(ascii: ":")).map { isSame(bytes[($0 + 1)...]) } ?? false
      }
    default: return false
    }
  }

  /// Hashes are compared to their end: the time tells nothing about how much of them is the same.
  private func isSame(_ given: some Sequence<UInt8>) -> Bool {
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
