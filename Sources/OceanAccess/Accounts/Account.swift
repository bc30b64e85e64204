package import OceanPlan

/// An account as its source has it: a line of a password file, with the lines of its app passwords.
package struct Account: Sendable {
  /// What a source that checks passwords itself says about the one in the question.
  package enum SourceCheck: Sendable {
    case right
    case wrong
    /// The question had none.
    case notAsked
  }

  package enum Status: Sendable {
    /// May log in, with its main password or an app password, where its conditions allow that.
    case active
    /// Locked with `!` before the hash or with the field `nologin`; or its main password is switched off with `*`
    /// before the hash, and it has no app password.
    case disabled
    /// The line is partly not understood or not supported; an ``AccountIssue`` says what.
    case refused
  }

  package let name: AccountName
  package private(set) var status: Status
  /// The home directory, absolute.
  package let home: String?
  /// A Maildir of its own, absolute, from `userdb_mail`.
  package let maildir: String?
  /// Where and until when it may log in, whichever password it has.
  package let conditions: LoginConditions
  /// Its line in the file, from 1.
  package let line: Int
  /// The main password. Present in an active account only; nil if it is switched off, or the source checks it.
  let password: StoredPassword?
  /// What the source found out about the client's password; nil if it leaves the check to the server.
  package let sourceCheck: SourceCheck?
  /// Whether app passwords make it active, although its main password is switched off.
  private let isMainPasswordOff: Bool
  /// Further passwords that can be used, at most ``AppPassword/limit``; empty unless it is active.
  package private(set) var appPasswords: [AppPassword] = []

  init(
    name: AccountName, status: Status, home: String? = nil, maildir: String? = nil,
    conditions: LoginConditions = LoginConditions(), line: Int, password: StoredPassword?,
    sourceCheck: SourceCheck? = nil, isMainPasswordOff: Bool = false
  ) {
    (self.name, self.status, self.home, self.maildir) = (name, status, home, maildir)
    (self.conditions, self.line, self.password) = (conditions, line, password)
    (self.sourceCheck, self.isMainPasswordOff) = (sourceCheck, isMainPasswordOff)
  }

  /// The account with app passwords, if it may have some.
  func adding(_ passwords: [AppPassword]) -> Account {
    guard !passwords.isEmpty, status == .active || isMainPasswordOff else { return self }
    var account = self
    account.status = .active
    account.appPasswords = passwords
    return account
  }

  /// The name of the main password's scheme, such as `yescrypt`; nil without a main password.
  package var scheme: String? { password?.scheme.name }
  package var hasMainPassword: Bool { password != nil || sourceCheck != nil }
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
