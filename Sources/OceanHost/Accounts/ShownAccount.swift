import OceanAccess
import OceanAddresses
import OceanBase
package import OceanPlan

/// An account as its source has it, without its secrets.
package struct ShownAccount: Sendable, Encodable {
  package enum State: String, Sendable, Encodable {
    case active
    case disabled
    case refused
  }

  /// Where and until when the account, or one of its passwords, may be used.
  package struct Conditions: Sendable, Encodable {
    /// Nil for all services.
    package let services: [String]?
    /// Nil for anywhere.
    package let networks: [String]?
    /// As a source may write it; nil without an end.
    package let expires: String?
    package let hasEnded: Bool
  }

  package struct AppPassword: Sendable, Encodable {
    package let label: String
    package let line: Int
    package let scheme: String
    package let conditions: Conditions
  }

  package let account: String
  package var source: String
  package let line: Int
  /// The services of the config that ask this source.
  package private(set) var services: [String]
  package let state: State
  /// Why it is refused; nil if it is not.
  package let reason: String?
  /// The scheme of the account's own password, or that its source checks it; nil if it is switched off, or cannot be used.
  package let scheme: String?
  package let conditions: Conditions
  package let home: String?
  /// Where its mail is; nil if that cannot be told.
  package var maildir: String?
  package let appPasswords: [AppPassword]

  /// The accounts that a login name stands for: one, unless services ask different sources.
  ///
  /// - Throws: a sentence, if no source has one.
  package static func accounts(of login: String, in plan: Plan) throws(Failure) -> [ShownAccount] {
    var found: [ShownAccount] = []
    for (entry, service) in try plan.accounts(of: login) {
      if let index = found.firstIndex(where: { $0.source == entry.source && $0.line == entry.account.line }) {
        found[index].services.append(service)
      } else {
        found.append(ShownAccount(entry, service: service, plan, now: SystemClock.wall.seconds))
      }
    }
    return found
  }

  private init(_ entry: AccountDirectory.Entry, service: String, _ plan: Plan, now: Int64) {
    let account = entry.account
    self.account = entry.identity.name
    (source, line, services) = (entry.source, account.line, [service])
    state =
      switch account.status {
      case .active: .active
      case .disabled: .disabled
      case .refused: .refused
      }
    reason = entry.refusal
    scheme = account.scheme ?? account.sourceCheck.map { _ in "checked by its source" }
    conditions = Conditions(account.conditions, now: now)
    home = account.home
    maildir = try? plan.mail.maildir.maildir(of: entry.identity)
    appPasswords = account.appPasswords.map {
      AppPassword(
        label: $0.label, line: $0.line, scheme: $0.scheme, conditions: Conditions($0.conditions, now: now))
    }
  }
}

/// The accounts that a login name stands for, as a document.
package struct ShownAccounts: Sendable, Encodable {
  package let formatVersion = 1
  package let accounts: [ShownAccount]

  package init(accounts: [ShownAccount]) { self.accounts = accounts }
}

extension ShownAccount.Conditions {
  fileprivate init(_ conditions: LoginConditions, now: Int64) {
    services = conditions.services
    networks = conditions.networks?.map(\.description)
    expires = conditions.end?.description
    hasEnded = conditions.end?.isPast(at: now) ?? false
  }
}

/// The accounts of a plan that a new password would help.
package struct WeakAccounts: Sendable, Encodable {
  package struct Entry: Sendable, Encodable {
    package var source: String
    package let line: Int
    package let account: String
    /// The label of the app password; nil for the account's own password.
    package let app: String?
    package let scheme: String
    /// Whether ocean can check the password at all.
    package let canLogIn: Bool
  }

  package let formatVersion = 1
  package var accounts: [Entry] = []
  /// The names of sources whose accounts nobody lists: databases and directories.
  package private(set) var notLooked: [String] = []

  /// - Throws: a sentence, if a file cannot be read.
  package init(of plan: Plan) throws(Failure) {
    for source in plan.accounts {
      guard let path = source.passwdFile else {
        notLooked.append(source.name)
        continue
      }
      let bytes: [UInt8]
      do {
        bytes = try Files.read(path, limit: PasswdFile.maxLength)
      } catch {
        throw Failure("cannot read \(path): \(error.reason)")
      }
      let file = PasswdFile(
        parsing: SecretBytes(copying: bytes), defaultDomain: plan.server.defaultDomain)
      file.forEachWeakPassword { weak in
        accounts.append(
          Entry(
            source: path, line: weak.line, account: weak.account, app: weak.label,
            scheme: weak.scheme, canLogIn: weak.canLogIn))
      }
    }
  }
}
