extension Plan {
  package struct Log: Sendable, Hashable {
    /// The absolute path of the access log; nil writes no log.
    package var access: String?
    /// What the server's own log has of clients.
    package var logins = Logins.on

    /// What the server's own log has of clients: a line for each, so many in a second.
    package enum Logins: String, Sendable, Hashable, Codable, CaseIterable {
      /// Logins, failed logins and refusals.
      case on
      /// Failed logins and refusals.
      case failures
      case off
    }

    package init(access: String?, logins: Logins = .on) {
      (self.access, self.logins) = (access, logins)
    }
  }

  package struct AccountSource: Sendable, Hashable {
    package var name: String
    /// An absolute path; nil for another kind of source. The contents are read when somebody logs in and are not
    /// part of the plan.
    package var passwdFile: String?
    /// Blank for another kind of source.
    package var sql = SQL.blank
    /// Blank for another kind of source.
    package var ldap = LDAP.blank
    /// Blank for another kind of source.
    package var saslauthd = Saslauthd.blank
    /// Blank for another kind of source.
    package var dovecot = Dovecot.blank
    /// How long a login that was let in is remembered; nil if none is. Not for a file.
    package var cacheSeconds: Int?

    package init(name: String, passwdFile: String) {
      self.name = name
      self.passwdFile = passwdFile
    }

    package init(name: String, sql: SQL) {
      self.name = name
      self.sql = sql
    }

    package init(name: String, ldap: LDAP) {
      self.name = name
      self.ldap = ldap
    }

    package init(name: String, saslauthd: Saslauthd) {
      self.name = name
      self.saslauthd = saslauthd
    }

    package init(name: String, dovecot: Dovecot) {
      self.name = name
      self.dovecot = dovecot
    }

    /// The name in logs, status and explanations: the path of a file, or the place of what is asked in place of one.
    package var place: String {
      if let passwdFile { return passwdFile }
      if saslauthd != .blank { return saslauthd.place }
      if dovecot != .blank { return dovecot.place }
      return sql.url?.description ?? ldap.url?.description ?? name
    }

    /// The place of the password with which it is asked; nil if it needs none.
    package var password: SecretSource? { sql.password ?? ldap.password }

    /// The source whatever its name is: sources of two plans that are equal but for their names are one source.
    package var unnamed: Self {
      var copy = self
      copy.name = ""
      return copy
    }
  }

  /// The sources that a service asks, in order.
  package func accountSources(of service: Service) -> [AccountSource] {
    service.accounts.compactMap { name in accounts.first { $0.name == name } }
  }

  package struct Mail: Sendable, Hashable {
    /// The template, which is filled in at each login.
    package var maildir: MailTemplate
    package var uidl: UIDLSource
    package var locks = Locks.local

    /// Where the locks of mailboxes are.
    package enum Locks: String, Sendable, Hashable, Codable, CaseIterable {
      /// In the state directory: this host alone serves the mail.
      case local
      /// On the mail's own file system, for all hosts that serve it.
      case shared
    }

    package init(maildir: MailTemplate, uidl: UIDLSource = .ocean, locks: Locks = .local) {
      self.maildir = maildir
      self.uidl = uidl
      self.locks = locks
    }
  }
}

extension Plan.Log: PlanSection {
  package static let blank = Self(access: nil)
  package static let access = PlanSetting<Self, String?>(
    "access", \.access, .optionalPath, .always(.log), owner: .place, direction: .neither)
  package static let logins = PlanSetting<Self, Logins>(
    "logins", \.logins, .word, .always(.log), .newSessions, owner: .policy, direction: .neither)
  package static let rows: [PlanRow<Self>] = [PlanRow(access), PlanRow(logins)]
}

extension Plan.AccountSource: PlanSection {
  package static let blank = Self(name: "", sql: .blank)
  package static let passwdFile = PlanSetting<Self, String?>(
    "passwd_file", \.passwdFile, .optionalPath, .accounts, .nextLogin, owner: .place, direction: .neither)
  package static let cache = PlanSetting<Self, Int?>(
    "cache", \.cacheSeconds, .optionalDuration(1...86_400), .accounts, .nextLogin, owner: .policy,
    direction: .longerIsWeaker)
  package static let rows: [PlanRow<Self>] = [
    .name(\.name), PlanRow(passwdFile), PlanRow(cache), .sectionUnlessBlank("sql", \.sql),
    .sectionUnlessBlank("ldap", \.ldap),
    .sectionUnlessBlank("saslauthd", \.saslauthd), .sectionUnlessBlank("dovecot", \.dovecot),
  ]
}

extension Plan.Mail: PlanSection {
  package static let blank = Self(maildir: .home)
  package static let maildir = PlanSetting<Self, MailTemplate>(
    "maildir", \.maildir,
    PlanValue(
      "where mail is: a path with `{user}`, `{domain}`, `{home}`", other: { $0 == .home ? nil : .home },
      shown: { .text($0.description) }), .always(.mail), .nextLogin, owner: .mailBase, direction: .neither)
  package static let uidl = PlanSetting<Self, UIDLSource>(
    "uidl", \.uidl,
    PlanValue(
      "`\"ocean\"`, `\"courier\"` or `{ \"dovecot\": FORMAT }`",
      other: { $0 == .courier ? .ocean : .courier }, shown: { .text($0.description) }), .always(.mail),
    .other("at the next login; clients may fetch again what they know by other ids"), owner: .policy,
    direction: .neither)
  package static let locks = PlanSetting<Self, Locks>(
    "locks", \.locks, .word, .always(.mail), .nextLogin, owner: .policy, direction: .neither)
  package static let rows: [PlanRow<Self>] = [PlanRow(maildir), PlanRow(uidl), PlanRow(locks)]

  /// The directory that holds the shared locks' directory, and below it all Maildirs; nil where locks are not shared.
  package var lockBase: String? { locks == .shared ? maildir.base : nil }

  /// The reason why the settings cannot be served; nil if they can.
  var flaw: String? {
    locks == .shared && maildir.base == nil ? "shared locks need a directory above all Maildirs" : nil
  }
}
