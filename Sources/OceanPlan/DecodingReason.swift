extension DecodingError {
  /// Half a sentence for people: what is wrong and where, without names from this program's source.
  package var reason: String {
    switch self {
    case .keyNotFound(let key, let context): "\(Self.place(context.codingPath + [key])) is missing"
    case .valueNotFound(let type, let context): Self.expected(type, at: context)
    case .typeMismatch(let type, let context): Self.expected(type, at: context)
    case .dataCorrupted(let context):
      // Foundation has one text for both.
      context.debugDescription == "The given data was not valid JSON."
        ? "it is not JSON, or a number in it is out of range"
        : Self.text(context.debugDescription, at: context)
    @unknown default: "it cannot be read"
    }
  }

  private static func expected(_ type: Any.Type, at context: Context) -> String {
    guard let noun = noun(of: type) else { return text(context.debugDescription, at: context) }
    return context.codingPath.isEmpty
      ? "\(noun) was expected" : "\(place(context.codingPath)) must be \(noun)"
  }

  private static func text(_ description: String, at context: Context) -> String {
    context.codingPath.isEmpty ? description : "\(place(context.codingPath)): \(description)"
  }

  private static func noun(of type: Any.Type) -> String? {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any FixedWidthInteger.Type: "a whole number"
    case is any SequenceOfAnything.Type: "a list"
    case is any TableOfAnything.Type: "an object"
    default: nil
    }
  }

  /// The place in the JSON: `plan.services[0].max_connections`.
  private static func place(_ path: [any CodingKey]) -> String {
    path.reduce(into: "") { text, key in
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        if !text.isEmpty { text += "." }
        for character in key.stringValue {
          text += character.isUppercase ? "_" + character.lowercased() : String(character)
        }
      }
    }
  }
}

private protocol SequenceOfAnything {}
extension Array: SequenceOfAnything {}
extension Set: SequenceOfAnything {}

private protocol TableOfAnything {}
extension Dictionary: TableOfAnything {}
