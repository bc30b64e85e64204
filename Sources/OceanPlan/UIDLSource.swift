package import OceanUIDL

/// The kind of unique ids (RFC 1939 §7) that messages have, if another server may have shown some to clients
/// before.
///
/// Written as `"ocean"`, `"courier"` or `{ "dovecot": "%08Xu%08Xv" }`.
package enum UIDLSource: Sendable, Hashable {
  /// ocean's own.
  case ocean
  case courier
  /// - Parameter format: its `pop3_uidl_format`. Texts that mean the same are the same value.
  case dovecot(format: DovecotUIDLFormat)
}

extension UIDLSource: CustomStringConvertible {
  package var description: String {
    switch self {
    case .ocean: "ocean"
    case .courier: "courier"
    case .dovecot(let format): "dovecot \(format)"
    }
  }
}

extension UIDLSource: Codable {
  private enum Key: String, CodingKey { case dovecot }

  package init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: Key.self) {
      let text = try container.decode(String.self, forKey: .dovecot)
      do throws(DovecotUIDLFormat.Issue) {
        self = .dovecot(format: try DovecotUIDLFormat(text))
      } catch {
        throw DecodingError.dataCorruptedError(
          forKey: .dovecot, in: container,
          debugDescription: "ids of the format '\(text)' are not possible: \(error)")
      }
      return
    }
    let container = try decoder.singleValueContainer()
    switch try container.decode(String.self) {
    case "ocean": self = .ocean
    case "courier": self = .courier
    case let word:
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(word)' is not a source of ids")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    switch self {
    case .ocean, .courier:
      var container = encoder.singleValueContainer()
      try container.encode(description)
    case .dovecot(let format):
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(format.description, forKey: .dovecot)
    }
  }
}
