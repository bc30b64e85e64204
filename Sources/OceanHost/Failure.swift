/// A failure that one sentence explains.
package struct Failure: Error, CustomStringConvertible {
  /// The kinds of failure that a program treats differently.
  package enum Kind: Sendable {
    case other
    /// There certainly is no server to ask.
    case noServer
    /// The plan was made for a different plan than the server runs.
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
