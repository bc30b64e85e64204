import OceanAddresses
import OceanBase
internal import COpenSSL

/// A SHA-256 hash, written as `sha256:` and 64 hexadecimal digits.
package struct Digest: Sendable, Hashable, CodedAsText {
  package let description: String

  package static let noun = "a sha256 digest"

  package static func value(ofCoded text: String) -> Digest? { Digest(text: text) }

  package init(of bytes: some Sequence<UInt8>) {
    var md = [UInt8](repeating: 0, count: 32)
    let input = Array(bytes)
    _ = EVP_Digest(input, input.count, &md, nil, EVP_sha256(), nil)
    let digits = Array("0123456789abcdef".utf8)
    let hex = md.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    description = "sha256:" + String(decoding: hex, as: UTF8.self)
  }

  /// The digest in base 64, by which a Content-Security-Policy names a text.
  package var base64: String {
    let digits = Array(description.dropFirst(7))
    return stride(from: 0, to: digits.count, by: 2).compactMap { index in
      UInt8(String(digits[index...].prefix(2)), radix: 16)
    }.base64
  }

  /// The first six digits, which people use to tell plans apart.
  package var short: String { String(description.dropFirst(7).prefix(6)) }

  /// Whether a text names this digest: all of it, or at least the first six of its digits, with or without
  /// `sha256:`, in lower or upper case.
  package func begins(with text: String) -> Bool {
    let text = text.lowercased()
    let digits = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
    return digits.utf8.count >= 6 && description.dropFirst(7).hasPrefix(digits)
  }

  /// Reads `sha256:` and 64 digits, in lower or upper case; nil for anything else.
  package init?(text: String) {
    let text = text.lowercased()
    let hex = text.utf8.dropFirst(7)
    guard text.hasPrefix("sha256:"), hex.count == 64,
      hex.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { return nil }
    description = text
  }
}

extension AddressSet {
  /// Names this set of addresses.
  var digest: Digest {
    var bytes: [UInt8] = []
    for family in IPFamily.allCases {
      for prefix in prefixes(of: family) {
        bytes.append(textOf: prefix)
        bytes.append(UInt8(ascii: "\n"))
      }
    }
    return Digest(of: bytes)
  }
}

extension Plan {
  /// The canonical form: JSON without spaces, with sorted keys, as `jq -cS` prints it.
  package var canonicalBytes: [UInt8] {
    get throws { try CanonicalJSON.encode(self) }
  }

  /// The digest of the canonical form, and so of what the plan means and nothing else.
  package var digest: Digest {
    get throws { Digest(of: try canonicalBytes) }
  }
}
