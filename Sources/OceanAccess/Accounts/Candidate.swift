/// Somebody who gave a login name and whose password is still to be checked.
///
/// Whether an account is behind it does not show: for a name nobody has, for a disabled account and for one that
/// may not log in from there, the check does the work of a wrong password and fails.
package struct Candidate: Sendable {
  /// The account's password, or one that costs as much to check. Nil without any account in any file.
  let password: StoredPassword?
  /// Nil when the check is for show.
  let identity: Identity?
  /// False when a file that may have the account could not be read.
  let isRefusalFinal: Bool
  /// Whether there is an account whose line the server does not understand, its scheme for one: what fails is nobody's
  /// guess. Clients are told nothing of that, or names with such accounts would be told from others.
  package var isUnusable = false

  /// Whether the check takes long by design and belongs on threads of its own.
  package var isExpensive: Bool { password?.scheme.isExpensive ?? false }

  /// Whose login it is if the password is right; nil if it is wrong or there is nobody. Blocks for the check.
  package func verify(_ given: SecretBytes) throws(VerificationError) -> Identity? {
    let isRight = try password?.verify(given) ?? false
    if isRight, let identity { return identity }
    if isRefusalFinal { return nil }
    throw .accountsUnavailable
  }
}
