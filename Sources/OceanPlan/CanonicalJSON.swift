#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// JSON with sorted keys in snake case and without spaces, as `jq -cS` prints it: equal values are equal bytes.
package enum CanonicalJSON {
  package static func encode(_ value: some Encodable) throws -> [UInt8] {
    try Array(JSONEncoder.canonical.encode(value))
  }

  /// The same with a line end, for people.
  package static func line(_ value: some Encodable) throws -> [UInt8] {
    try encode(value) + [UInt8(ascii: "\n")]
  }
}

extension JSONEncoder {
  static var canonical: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return encoder
  }
}
