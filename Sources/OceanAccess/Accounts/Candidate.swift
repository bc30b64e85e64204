package import OceanBase

/// A client that gave a login name and whose password is still to be checked.
///
/// It does not show whether an account is behind the name, except to the server's own records. For a name that no account has, for a disabled
/// account and for one that may not log in from there, the check does the work of a wrong password and fails.
package struct Candidate: Sendable {
  /// The account's password, or one that costs as much to check. Nil if no file has an account.
  let password: StoredPassword?
  /// Nil if the check is only for show.
  let identity: Identity?
  /// False if a file that may have the account could not be read.
  let isRefusalFinal: Bool
  /// Whether there is an account whose line the server does not understand, for example its scheme: such a
  /// failure is not a guess. Clients are not told this, or they could tell names with such accounts from
  /// others.
  package var isUnusable = false
  /// Why it is unusable, in a sentence for the administrator; nil if its source does not say.
  package var reason: String?

  /// The account that may not log in although the name is its own, or not from there.
  var refused: Identity?

  /// The name of the account behind the login, for what only the administrator sees; nil if there is none.
  package var account: String? { (identity ?? refused)?.name }

  /// Whether the check takes long by design and belongs on threads of its own.
  package var isExpensive: Bool { password?.scheme.isExpensive ?? false }

  /// The identity of the login if the password is right; nil if it is wrong or there is no such account.
  /// Blocks for the check.
  package func verify(_ given: SecretBytes) throws(VerificationError) -> Identity? {
    let isRight = try password?.verify(given) ?? false
    if isRight, let identity { return identity }
    if isRefusalFinal { return nil }
    throw .accountsUnavailable
  }
}
