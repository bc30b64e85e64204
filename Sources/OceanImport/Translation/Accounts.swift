import OceanAccess

extension Translation {
  /// The facts about the accounts that were taken over.
  struct Accounts {
    enum Homes {
      /// The accounts' lines have no home that Dovecot looks at.
      case none
      case inAccounts
      case elsewhere
    }

    /// Fields that Dovecot's userdbs set for all accounts: `home`, `mail`, `uid`.
    var fixed: [String: (value: String, line: Int)] = [:]
    /// Fields for accounts that have none of their own.
    var usual: [String: (value: String, line: Int)] = [:]
    var homes = Homes.none
    /// Whether a login loses its domain before it is looked up.
    var namesAreBare = false
    /// The names of the sources, in the order in which they are asked.
    var sources: [String] = []
    /// How many passdbs have accounts, whether they became sources or not.
    var passdbs = 0
    /// How many accounts are active, in the files that could be read.
    var active = 0
    /// How many of them have neither a home nor a Maildir of their own.
    var homeless = 0
    /// How many have no domain, neither in their names nor by default.
    var domainless = 0
    /// How many have fields of their own for the userdb `prefetch`.
    var prefetched = 0
    /// Whether all files could be read.
    var areRead = true
    /// The users in the third field of lines.
    var users: Set<String> = []
    /// Those of the sources that ask a database or a directory.
    var asked: [AskedSource] = []
    /// How many lines have a field for a Maildir that Dovecot does not look at.
    var withIgnoredMail = 0
  }

  /// The arguments of a file: `scheme=CRYPT username_format=%u /etc/dovecot/users`.
  struct FileArguments {
    let options: [String: String]
    let path: String?

    init(_ section: DovecotConfig.Section) {
      let words = section["args"]?.value.split(separator: " ").map(String.init) ?? []
      path = words.last { !$0.contains("=") || $0.hasPrefix("/") }
      options = Translation.fields(words.filter { [path] in $0 != path }.joined(separator: " "))
    }

    /// How a login is written in the file; nil if it is not changed.
    var format: String? { options["username_format"].flatMap { ["%u", "%Lu"].contains($0) ? nil : $0 } }
  }

  static func fields(_ text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for word in text.split(separator: " ") {
      guard let equals = word.firstIndex(of: "=") else { continue }
      fields[String(word[..<equals])] = String(word[word.index(after: equals)...])
    }
    return fields
  }
}

extension Translation.Accounts {
  enum Domains { case all, none, some, unknown }

  /// Whether names have a domain when they are looked up.
  var domains: Domains {
    if namesAreBare { return .none }
    guard areRead, active > 0 else { return .unknown }
    return domainless == 0 ? .all : domainless == active ? .none : .some
  }

  /// Counts the accounts in a file that could be read.
  ///
  /// - Parameter ignored: the field for a Maildir that Dovecot does not look at.
  mutating func count(_ file: PasswdFile, _ bytes: [UInt8], hasDefaultDomain: Bool, ignored: String) {
    for account in file.activeAccounts {
      active += 1
      if account.maildir == nil, account.home == nil { homeless += 1 }
      if account.name.domain == nil, !hasDefaultDomain { domainless += 1 }
    }
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
      let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 7, omittingEmptySubsequences: false)
      if fields.count > 3, !fields[2].isEmpty { users.insert(String(decoding: fields[2], as: UTF8.self)) }
      guard fields.count > 7 else { continue }
      let extra = fields[7].split(separator: UInt8(ascii: " "))
      if extra.contains(where: { $0.starts(with: Lookup.prefetched.utf8) }) { prefetched += 1 }
      if extra.contains(where: { $0.starts(with: "\(ignored)=".utf8) }) { withIgnoredMail += 1 }
    }
  }
}
