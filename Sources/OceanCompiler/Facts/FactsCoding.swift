import OceanAddresses
import OceanPlan

/// Encodes the enums of facts: an object whose `state` says which case it is, with the case's values beside
/// it, as in `{"reason":"it is a directory","state":"unreadable"}`.
private enum Key: String, CodingKey {
  case state, reason, addresses, text, sha256, format
  case by, alsoBy
  case separator, column, header, key
}

/// The state of anything that was looked for.
private enum State: String, Codable {
  case read, missing, unreadable, resolved, failed
  case notPermitted = "not_permitted"
  case notHere = "not_here"
  case notAsked = "not_asked"
  case granted, denied
  case readOnly = "read_only"
}

/// The formats of files that are not lists in ocean's format.
private enum ListFormat: String, Codable {
  case fields, several, pairs, masks, table, json, markup
  case jsonLines = "json_lines"
}

extension KeyedDecodingContainer<Key> {
  fileprivate func listFormat() throws -> AddressListFile.Format? {
    func separator() throws -> AddressListFile.FieldSeparator {
      let text = try decode(String.self, forKey: .separator)
      guard let separator = AddressListFile.FieldSeparator(rawValue: text) else {
        throw DecodingError.dataCorruptedError(
          forKey: .separator, in: self, debugDescription: "'\(text)' is not a separator")
      }
      return separator
    }
    return switch try decodeIfPresent(ListFormat.self, forKey: .format) {
    case nil: nil
    case .fields:
      .fields(
        try separator(), column: try decode(Int.self, forKey: .column),
        header: try decode(Int.self, forKey: .header))
    case .several: .several(try separator())
    case .pairs: .pairs
    case .masks: .masks
    case .table: .table
    case .json: .json
    case .markup: .markup
    case .jsonLines: .jsonLines(key: try decode(String.self, forKey: .key))
    }
  }

  /// The error for a case that this enum does not have.
  fileprivate func unexpected(_ state: State) -> DecodingError {
    .dataCorruptedError(forKey: .state, in: self, debugDescription: "'\(state.rawValue)' has no meaning here")
  }

  fileprivate func state() throws -> State { try decode(State.self, forKey: .state) }
  fileprivate func reason() throws -> String { try decode(String.self, forKey: .reason) }
}

extension KeyedEncodingContainer<Key> {
  fileprivate mutating func encode(_ format: AddressListFile.Format) throws {
    let name: ListFormat
    switch format {
    case .fields(let separator, let column, let header):
      name = .fields
      try encode(separator.rawValue, forKey: .separator)
      try encode(column, forKey: .column)
      try encode(header, forKey: .header)
    case .several(let separator):
      name = .several
      try encode(separator.rawValue, forKey: .separator)
    case .jsonLines(let key):
      name = .jsonLines
      try encode(key, forKey: .key)
    case .pairs: name = .pairs
    case .masks: name = .masks
    case .table: name = .table
    case .json: name = .json
    case .markup: name = .markup
    }
    try encode(name, forKey: .format)
  }

  fileprivate mutating func encode(_ state: State, reason: String? = nil) throws {
    try encode(state, forKey: .state)
    try encodeIfPresent(reason, forKey: .reason)
  }
}

extension Facts.HostAnswer: Codable {
  package init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch try container.state() {
    case .resolved: self = .addresses(try container.decode([IPAddress].self, forKey: .addresses))
    case .failed: self = .failed(try container.reason())
    case .notAsked: self = .notAsked
    case let other: throw container.unexpected(other)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .addresses(let addresses):
      try container.encode(.resolved)
      try container.encode(addresses, forKey: .addresses)
    case .failed(let reason): try container.encode(.failed, reason: reason)
    case .notAsked: try container.encode(.notAsked)
    }
  }
}

extension Facts.AccountFile: Codable {
  package init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch try container.state() {
    case .read: self = .read(try Facts.AccountSummary(from: decoder))
    case .notAsked: self = .notAsked
    case .missing: self = .missing
    case .notPermitted: self = .notPermitted
    case .unreadable: self = .unreadable(try container.reason())
    case let other: throw container.unexpected(other)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .read(let summary):
      try container.encode(.read)
      try summary.encode(to: encoder)
    case .notAsked: try container.encode(.notAsked)
    case .missing: try container.encode(.missing)
    case .notPermitted: try container.encode(.notPermitted)
    case .unreadable(let reason): try container.encode(.unreadable, reason: reason)
    }
  }
}

extension Facts.ListFile: Codable {
  package init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch try container.state() {
    case .read:
      let file = AddressListFile(
        text: try container.decode(String.self, forKey: .text), format: try container.listFormat())
      self = .read(file, try container.decode(Digest.self, forKey: .sha256))
    case .missing: self = .missing
    case .notPermitted: self = .notPermitted
    case .unreadable: self = .unreadable(try container.reason())
    case let other: throw container.unexpected(other)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .read(let file, let digest):
      try container.encode(.read)
      try container.encode(file.text, forKey: .text)
      if let format = file.format { try container.encode(format) }
      try container.encode(digest, forKey: .sha256)
    case .missing: try container.encode(.missing)
    case .notPermitted: try container.encode(.notPermitted)
    case .unreadable(let reason): try container.encode(.unreadable, reason: reason)
    }
  }
}

extension Facts.Permission: Codable {
  package init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch try container.state() {
    case .granted: self = .granted
    case .denied:
      let others = try container.decodeIfPresent([String].self, forKey: .alsoBy) ?? []
      self = .denied(by: [try container.decode(String.self, forKey: .by)] + others)
    case .readOnly: self = .readOnly(at: try container.decode(String.self, forKey: .by))
    case let other: throw container.unexpected(other)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .granted: try container.encode(.granted)
    case .denied(let places):
      try container.encode(.denied)
      try container.encode(places.first, forKey: .by)
      if places.count > 1 { try container.encode(Array(places.dropFirst()), forKey: .alsoBy) }
    case .readOnly(let place):
      try container.encode(.readOnly)
      try container.encode(place, forKey: .by)
    }
  }
}

extension CertificateFacts.FileState: Codable {
  package init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch try container.state() {
    case .read: self = .read
    case .missing: self = .missing
    case .notPermitted: self = .notPermitted
    case .notHere: self = .notHere
    case .unreadable: self = .unreadable(try container.reason())
    case let other: throw container.unexpected(other)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .read: try container.encode(.read)
    case .missing: try container.encode(.missing)
    case .notPermitted: try container.encode(.notPermitted)
    case .notHere: try container.encode(.notHere)
    case .unreadable(let reason): try container.encode(.unreadable, reason: reason)
    }
  }
}
