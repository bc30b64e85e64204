extension Facts {
  /// What is behind a socket that an account source asks. It was never asked about a user.
  package struct Socket: Sendable, Hashable, Codable {
    /// What the source needs it for.
    package enum Use: String, Sendable, Hashable, Codable {
      case saslauthd
      /// Dovecot's socket auth-client.
      case dovecotAuth = "dovecot_auth"
      /// Dovecot's socket auth-userdb.
      case dovecotUsers = "dovecot_users"
    }

    package enum State: String, Sendable, Hashable, Codable {
      /// It takes connections, and greets as it should.
      case answering
      /// Nobody asked it.
      case notAsked = "not_asked"
      case missing
      /// Something else than a socket has the path.
      case otherFile = "other_file"
      /// The user that asked may not open it.
      case notPermitted = "not_permitted"
      /// Nobody listens there, or there is no answer.
      case away
      /// What answers is not what the source needs.
      case unsuitable
    }

    package struct Question: Sendable, Hashable, Codable {
      package var path: String
      package var use: Use

      package init(_ path: String, _ use: Use) { (self.path, self.use) = (path, use) }
    }

    package var question: Question
    package var state: State
    /// Half a sentence: why it does not answer.
    package var reason: String?

    package init(_ question: Question, _ state: State, reason: String? = nil) {
      (self.question, self.state, self.reason) = (question, state, reason)
    }
  }
}
