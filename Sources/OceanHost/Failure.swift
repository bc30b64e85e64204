/// A failure that one sentence explains.
package struct Failure: Error, CustomStringConvertible {
  /// What a program can make of it, besides telling a person.
  package enum Kind: Sendable {
    case other
    /// There is no server to ask, for certain.
    case noServer
    /// The plan was made for another one than the server runs.
    case stale
  }

  package let message: String
  package let kind: Kind

  package init(_ message: String, _ kind: Kind = .other) {
    self.message = message
    self.kind = kind
  }

  package var description: String { message }
}
