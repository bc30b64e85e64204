import OceanBase

/// The user or event behind a change, and the comment that came with it.
package struct ChangeAuthor: Sendable, Hashable, Codable {
  package enum Event: String, Sendable, Hashable, Codable {
    case apply
    case confirm
    case rollback
    /// The server started.
    case start
    /// SIGHUP.
    case reload
    /// A certificate's files were replaced.
    case renewal
    /// The end of a rule had come.
    case end
    /// Nobody confirmed a plan in time.
    case expiry
  }

  package var event: Event
  /// The user who asked for it over the control socket; nil if the server did it by itself.
  package var uid: UInt32?
  /// That user's name at that time; nil if the user had none.
  package var user: String?
  package var comment: String?

  package init(_ event: Event, uid: UInt32? = nil, user: String? = nil, comment: String? = nil) {
    self.event = event
    self.uid = uid
    self.user = user
    self.comment = comment
  }

  /// The user, or what the server did by itself, for people.
  package var name: String {
    if let user { return user }
    if let uid { return "uid \(uid)" }
    return event == .reload ? "SIGHUP" : event.rawValue
  }
}

/// A comment about a change, for those who read the history.
package struct ChangeComment: Sendable, Hashable, Codable {
  /// The most characters (Unicode scalars).
  package static let limit = 200

  package enum Fault: Error, Equatable, CustomStringConvertible {
    /// How many characters it has.
    case tooLong(Int)
    case blank

    package var description: String {
      switch self {
      case .tooLong(let count):
        "a comment has at most \(ChangeComment.limit) characters, and this one has \(count): write less"
      case .blank: "a comment says why, and this one is blank: write one, or leave it out"
      }
    }
  }

  package let text: String

  package init(_ text: String) throws(Fault) {
    let count = text.unicodeScalars.count
    guard count <= Self.limit else { throw .tooLong(count) }
    guard !text.isBlank else { throw .blank }
    self.text = text
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      self = try ChangeComment(try container.decode(String.self))
    } catch let error as Fault {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
