extension Facts {
  /// What a database says about the query of an account source. Never a row.
  package struct Database: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable {
      /// It accepts the query.
      case prepared
      /// Nobody asked it.
      case notAsked = "not_asked"
      /// It is away, or does not let ocean in.
      case away
      /// It refuses the query.
      case refused
      /// The library that speaks with it is not installed.
      case missingLibrary = "missing_library"
    }

    package var state: State
    /// Half a sentence: why it is not prepared.
    package var reason: String?
    /// The columns that the query gives, in order.
    package var columns: [String]?
    /// Columns without meaning.
    package var unknown: [String]?
    /// Columns that refuse each account which has a value there.
    package var refusing: [String]?
    /// Columns that the query must give and does not.
    package var missing: [String]?
    /// Names that several columns have.
    package var repeated: [String]?
    /// The password with which it is asked; nil if it needs none.
    package var password: CertificateFacts.FileState?

    package init(_ state: State, reason: String? = nil) {
      self.state = state
      self.reason = reason
    }
  }
}
