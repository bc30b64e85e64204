extension Facts {
  /// What a directory with accounts says about the settings of its source. Never an entry.
  package struct LDAPServer: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable {
      /// It lets ocean in, and answers.
      case answered
      /// Nobody asked it.
      case notAsked = "not_asked"
      case away
      /// It does not let ocean in, or answers nonsense.
      case refused
      /// The library that speaks with it is not installed.
      case missingLibrary = "missing_library"
    }

    package var state: State
    /// Half a sentence: why there is no answer.
    package var reason: String?
    /// Whether it has the base; nil if it did not answer.
    package var hasBase: Bool?
    /// Attributes of the settings that its schema does not have; nil if it does not show the schema.
    package var unknown: [String]?
    /// Attributes of the settings that entries have by another name; nil if there are none.
    package var aliases: [Alias]?
    /// The password of ocean's own name there; nil without a name.
    package var password: CertificateFacts.FileState?

    /// An attribute whose main name is not the one that is written.
    package struct Alias: Sendable, Hashable, Codable {
      package var written: String
      package var name: String

      package init(written: String, name: String) { (self.written, self.name) = (written, name) }
    }

    package init(_ state: State, reason: String? = nil) {
      self.state = state
      self.reason = reason
    }
  }
}
