package import OceanBase

/// The next step of a session's interpreter. Replies are already in `output`; flush them before waiting for
/// anything.
package enum Action: Sendable, Equatable {
  /// Nothing complete is left in `input`: wait for bytes, then call `next`.
  case read

  /// Call `next` again, once `output` is small enough.
  case proceed

  /// An earlier action is still in flight: call `next` again after the event that ends it, and take no more
  /// input until then.
  case wait

  /// Verify the credentials and open the mailbox, then call `loginSucceeded` or `loginFailed`.
  case login(Credentials)

  /// Take a step of AUTH's mechanism (RFC 5034 §4), then call `challenged`, `exchangeFailed`, or
  /// `exchangeCompleted` and verify the credentials as for `login`.
  ///
  /// - Parameters:
  ///   - mechanism: the mechanism of an exchange that begins; nil if one goes on.
  ///   - response: what the client answers; nil if it sent nothing with its command.
  case authenticate(mechanism: String?, response: SecretBytes?)

  /// Note that a login was refused because it needs TLS, then call `next`. Comes at most once in a session.
  ///
  /// - Parameter user: the name that the client gave; nil if it gave none by then.
  case loginNeedsTLS(user: String?)

  /// Open a message, then call `messageOpened` or `messageFailed`. After `messageOpened` send it through a
  /// `MessageEncoder` with these `lines`, then call `messageSent`, or `messageFailed` if it cannot be read to
  /// its end.
  ///
  /// `message` counts from 0. `lines` is nil for RETR; otherwise it is TOP, with that many lines of the body.
  case open(message: Int, lines: Int?)

  /// RFC 1939 §6, UPDATE: try to remove every message of `deleted`, then call `updateFinished`.
  case update(MessageMarks)

  /// Flush, pass every byte received from now on to TLS, and call `tlsEstablished` once the handshake is
  /// done, before any decrypted byte is appended to `input` (RFC 2595 §4).
  case startTLS

  /// Flush, then close the connection. Nothing else follows.
  case close(CloseReason)
}

/// The marks that a session has set on the messages of its mailbox.
package struct MessageMarks: Sendable, Equatable {
  /// To be removed by QUIT (RFC 1939 §5, DELE).
  package var deleted = MessageSet()

  /// Sent in full by RETR.
  package var retrieved = MessageSet()

  package init() {}
}

/// Why a session ended.
package enum CloseReason: Sendable, Equatable {
  /// QUIT, and all deleted messages are gone.
  case quit

  /// QUIT, but some deleted messages are still there.
  case updateIncomplete

  /// `SessionPolicy.maxLoginAttempts` was reached.
  case loginAttempts

  /// `SessionPolicy.maxBadCommands` was reached.
  case badCommands

  /// A message could not be read to its end after its first octets were sent. Closing is the only way to tell
  /// the client.
  case messageTruncated

  case interrupted(Interruption)
}

/// The cause that ends a session from outside. Nothing is removed (RFC 1939 §3).
package enum Interruption: Sendable, Equatable {
  case idleTimeout
  case loginTimeout
  case shutdown
  /// The administrator ended the session.
  case kick
  /// The session had not logged in, and another needed its place.
  case gaveWay
}

/// Why a login failed.
package enum LoginFailure: Sendable, Equatable, CaseIterable {
  /// Unknown user, wrong password, disabled account: one reply for all (RFC 3206 §5, AUTH).
  case credentials

  /// Another session holds the mailbox (RFC 2449 §8.1.2, IN-USE).
  case inUse

  /// Worth another try later (RFC 3206 §4, SYS/TEMP).
  case temporary

  /// Needs an administrator (RFC 3206 §4, SYS/PERM).
  case permanent
}

/// Why a message could not be opened or read.
package enum MessageFailure: Sendable, Equatable {
  /// Another process removed it.
  case vanished

  /// Another process is changing it: worth another try later.
  case changed

  /// Worth another try later.
  case temporary

  /// Needs an administrator.
  case permanent
}

/// The result of UPDATE (RFC 1939 §6).
package enum UpdateResult: Sendable, Equatable {
  case removed

  /// Some messages are still there; another try later may remove them.
  case incomplete

  /// Some messages are still there, until an administrator helps.
  case forbidden
}
