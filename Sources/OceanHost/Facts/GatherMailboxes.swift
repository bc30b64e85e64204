import Glibc
package import OceanAccess
package import OceanCompiler
package import OceanPlan

extension Facts.Mailboxes {
  /// Looks where accounts would have their Maildirs.
  package mutating func look(_ file: PasswdFile, in template: MailTemplate, defaultDomain: String?) {
    for account in file.activeAccounts.prefix(Self.limit - looked) {
      let identity = Identity(
        user: String(account.name.user), domain: account.name.domain.map(String.init) ?? defaultDomain ?? "",
        home: account.home, maildir: account.maildir)
      guard let path = try? template.maildir(of: identity) else { continue }
      looked += 1
      switch Maildir.state(at: path) {
      case .present: existing += 1
      case .absent: if missing == nil { missing = Maildir.firstMissing(on: path) }
      case .unknown: unknown += 1
      }
    }
    accounts += file.activeCount
  }

  /// The same, and where no account has a Maildir, whether the plan that was confirmed last has that location, too.
  func compared(with stateDirectories: Set<String>, _ template: MailTemplate?) -> Self {
    guard looked > 0, existing == 0 else { return self }
    var result = self
    for directory in stateDirectories.map({ $0 + "/plans" }) {
      // Digits with zeros before them: the last by name is the last by number.
      guard let name = Files.names(in: directory).filter({ $0.hasSuffix(".json") }).max(),
        let bytes = try? Files.read("\(directory)/\(name)", limit: Files.planLimit),
        let file = try? PlanFile(json: Array(bytes.drop { $0 != UInt8(ascii: "\n") }))
      else { continue }
      result.isConfirmed = file.plan.mail.maildir == template
    }
    return result
  }

  /// Of the accounts in passwd-files; those that cannot be read are left out.
  package static func look(_ files: [String], in template: MailTemplate, defaultDomain: String?) -> Self {
    files.reduce(into: Self()) { found, path in
      guard let bytes = try? Files.read(path, limit: PasswdFile.maxLength) else { return }
      let file = PasswdFile(parsing: SecretBytes(copying: bytes), defaultDomain: defaultDomain)
      found.look(file, in: template, defaultDomain: defaultDomain)
    }
  }
}

/// Whether there is a Maildir, as somebody sees it who does not open it.
package enum Maildir {
  case present, absent
  /// Who asks may not look.
  case unknown

  package static func state(at path: String) -> Maildir {
    var isUnknown = false
    for folder in ["new", "cur"] {
      var status = stat()
      if stat("\(path)/\(folder)", &status) == 0 {
        if status.st_mode & S_IFMT == S_IFDIR { return .present }
      } else if errno == EACCES {
        isUnknown = true
      }
    }
    return isUnknown ? .unknown : .absent
  }

  /// Where the way to a Maildir ends: the first of its directories that is not there, or the Maildir itself, if it is there
  /// and has no folders.
  fileprivate static func firstMissing(on path: String) -> String {
    for end in path.indices.dropFirst() where path[end] == "/" {
      if access(String(path[..<end]), F_OK) != 0 { return String(path[..<end]) }
    }
    return access(path, F_OK) != 0 ? path : path + "/new"
  }
}
