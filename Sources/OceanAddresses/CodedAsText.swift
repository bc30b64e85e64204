/// A value that JSON holds as text.
package protocol CodedAsText: Codable, CustomStringConvertible {
  /// The kind of value in words: `an address`.
  static var noun: String { get }

  /// Reads the value; nil if the text is not one.
  static func value(ofCoded text: String) -> Self?
}

extension CodedAsText {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Self.value(ofCoded: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not \(Self.noun)")
    }
    self = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
