package import OceanBase

/// A new password for a passwd-file, hashed.
package struct HashedPassword {
  /// The line for the file, without its end; only the hash, if there is no account.
  package let line: SecretBytes
  /// The password that was made up, to be shown once; nil if one was given.
  package let random: SecretBytes?

  /// Why there is no hash: half a sentence.
  package struct Flaw: Error {
    package let message: String
  }

  /// - Parameters:
  ///   - given: the password; if it is empty, an app password is made up.
  ///   - scheme: nil takes the slow one, and for a password that nobody can guess a quick one.
  ///   - user: the account; nil makes no line.
  ///   - app: the label of an app password; nil for the account's own password.
  package init(
    _ given: SecretBytes, _ scheme: NewPasswordScheme?, for user: String?, app: String?, _ fields: NewFields
  ) throws(Flaw) {
    random = app != nil && given.isEmpty ? RandomPassword.make() : nil
    let scheme = scheme ?? (random == nil ? .yescrypt : .ssha512)
    let hash: SecretBytes
    do {
      hash = try scheme.hash(random ?? given)
    } catch {
      throw Flaw(message: error.reason(scheme))
    }
    line =
      if let user, let app {
        NewAccount.line(appPassword: app, of: user, hash, fields)
      } else if let user {
        NewAccount.line(user, hash, fields)
      } else { hash }
  }
}
