package import OceanAddresses
package import OceanPlan

/// One line of a password file that names an account.
package struct Account: Sendable {
  package enum Status: Sendable {
    /// May log in with its password.
    case active
    /// Locked with `!` or `*` before the hash, or with the field `nologin`.
    case disabled
    /// The line is partly not understood or not supported; an ``AccountIssue`` says what.
    case refused
  }

  package let name: AccountName
  package let status: Status
  /// The home directory, absolute.
  package let home: String?
  /// A Maildir of its own, absolute, from `userdb_mail`.
  package let maildir: String?
  /// The networks from which it may log in, from Dovecot's `allow_nets`; nil for anywhere.
  package let allowedNetworks: [IPPrefix]?
  /// Its line in the file, from 1.
  package let line: Int
  /// Present in an active account only.
  let password: StoredPassword?

  package func allows(_ peer: IPAddress) -> Bool {
    allowedNetworks?.contains { $0.contains(peer) } ?? true
  }
}

/// The account whose mailbox a login opens. It is the same whichever way the name was typed.
package struct Identity: Sendable, Hashable {
  package let user: String
  /// Empty if neither login, account nor the default domain gives one.
  package let domain: String
  package let home: String?
  /// A Maildir of the account's own, used instead of the service's template.
  package let maildir: String?

  /// `user@domain`, or `user` without a domain: the name for logs, locks and limits.
  package var name: String { domain.isEmpty ? user : "\(user)@\(domain)" }

  package init(user: String, domain: String, home: String? = nil, maildir: String? = nil) {
    self.user = user
    self.domain = domain
    self.home = home
    self.maildir = maildir
  }
}

extension MailTemplate {
  /// The absolute path of the Maildir: the account's own if it has one.
  package func maildir(of identity: Identity) throws(ExpansionError) -> String {
    if let maildir = identity.maildir { return maildir }
    return try path(user: identity.user, domain: identity.domain, home: identity.home)
  }
}
