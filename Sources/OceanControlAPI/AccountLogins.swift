/// The last logins of an account, as `ocean mailbox who` shows them: those that have ended, the newest first.
package struct AccountLogins: Sendable, Hashable, Codable {
  package struct Session: Sendable, Hashable, Codable {
    /// When the client connected, and when the session ended (RFC 3339).
    package var began: String
    package var ended: String
    package var seconds: Int
    package var service: String
    package var peer: String
    /// Nil without TLS.
    package var tls: String?
    package var outcome: String
    /// The label of the app password; nil for the account's own password.
    package var app: String?
    /// Whole messages that were sent, the octets of all that was sent, and messages that were removed.
    package var retrieved: Int
    package var bytes: UInt64
    package var deleted: Int

    package init(
      began: String, ended: String, seconds: Int, service: String, peer: String, tls: String?,
      outcome: String, app: String? = nil, retrieved: Int, bytes: UInt64, deleted: Int
    ) {
      self.app = app
      (self.began, self.ended, self.seconds) = (began, ended, seconds)
      (self.service, self.peer, self.tls, self.outcome) = (service, peer, tls, outcome)
      (self.retrieved, self.bytes, self.deleted) = (retrieved, bytes, deleted)
    }
  }

  package struct FailedLogin: Sendable, Hashable, Codable {
    package var time: String
    package var service: String
    package var peer: String
    /// Nil without TLS.
    package var tls: String?
    package var outcome: String
    /// The label of the app password that was right; nil otherwise, and for the account's own password.
    package var app: String?
    /// Why the right password may not be used; nil if it was wrong.
    package var reason: String?

    package init(
      time: String, service: String, peer: String, tls: String?, outcome: String, app: String? = nil,
      reason: String? = nil
    ) {
      (self.app, self.reason) = (app, reason)
      (self.time, self.service, self.peer) = (time, service, peer)
      (self.tls, self.outcome) = (tls, outcome)
    }
  }

  package var formatVersion = ControlAPI.formatVersion
  package var account: String
  /// The file they are kept in.
  package var path: String
  package var sessions: [Session]
  package var failures: [FailedLogin]
  /// How many lines of the file cannot be read; some may have been of this account.
  package var unreadable: Int

  package init(
    account: String, path: String, sessions: [Session], failures: [FailedLogin], unreadable: Int = 0
  ) {
    (self.account, self.path) = (account, path)
    (self.sessions, self.failures, self.unreadable) = (sessions, failures, unreadable)
  }
}
