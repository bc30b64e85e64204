/// What the interpreter of a session must do next. Replies are already in `output`; flush them before waiting
/// for anything.
package enum Action: Sendable, Equatable {
  /// Nothing complete is left in `input`: wait for bytes, then call `next`.
  case read

  /// Call `next` again, once `output` is small enough.
  case proceed

  /// An earlier action is still in flight: call `next` again after the event that ends it, and take no more
  /// input until then.
  case wait

  /// Verify these and open the mailbox, then `loginSucceeded` or `loginFailed`.
  case login(Credentials)

  /// Open a message, then `messageOpened` or `messageFailed`. After `messageOpened` send it through a
  /// `MessageEncoder` with these `lines`, then `messageSent`, or `messageFailed` if it cannot be read to its
  /// end.
  ///
  /// `message` counts from 0. `lines` nil is RETR; otherwise TOP, with that many lines of the body.
  case open(message: Int, lines: Int?)

  /// RFC 1939 §6, UPDATE: try to remove every message of `deleted`, then `updateFinished`.
  case update(MessageMarks)

  /// Flush, pass every byte received from now on to TLS, and call `tlsEstablished` once the handshake is
  /// done, before any decrypted byte is appended to `input` (RFC 2595 §4).
  case startTLS

  /// Flush, then close the connection. Nothing else follows.
  case close(CloseReason)
}

/// What a session has done to the messages of its mailbox.
package struct MessageMarks: Sendable, Equatable {
  /// To be removed by QUIT (RFC 1939 §5, DELE).
  package var deleted = MessageSet()

  /// Sent in full by RETR.
  package var retrieved = MessageSet()

  package init() {}
}

/// Why a session ended.
package enum CloseReason: Sendable, Equatable {
  /// QUIT, and whatever was to be removed is gone.
  case quit

  /// QUIT, but some of what was to be removed is still there.
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

/// What ends a session from outside. Nothing is removed (RFC 1939 §3).
package enum Interruption: Sendable, Equatable {
  case idleTimeout
  case loginTimeout
  case shutdown
  /// By the administrator.
  case kick
  /// It had not logged in, and another needed its place.
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

  /// Takes an administrator (RFC 3206 §4, SYS/PERM).
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

  /// Takes an administrator.
  case permanent
}

/// How UPDATE went (RFC 1939 §6).
package enum UpdateResult: Sendable, Equatable {
  case removed

  /// Some are still there; another try later may do.
  case incomplete

  /// Some are still there, until an administrator helps.
  case forbidden
}
