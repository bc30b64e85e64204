/// How Dovecot asks a database or directory, in the words of 2.3: its `dovecot-sql.conf.ext` or `dovecot-ldap.conf.ext`.
struct Lookup {
  /// By name; the last line counts.
  private(set) var values: [String: String] = [:]
  /// Where the database is, by the words of `connect`: `host`, `dbname`, `user`. A word may be there several times.
  let connection: [(name: String, value: String)]
  /// The scheme of passwords that name none, in capitals, if nothing else is said.
  let usualScheme: String
  /// Whether a Dovecot of 2.4 asks.
  private let isLater: Bool

  init(
    _ values: [String: String], connection: [(name: String, value: String)], usualScheme: String,
    isLater: Bool
  ) {
    (self.values, self.connection, self.usualScheme, self.isLater) = (
      values, connection, usualScheme, isLater
    )
  }

  /// What the names of fields begin with that a passdb gives to the userdb `prefetch`.
  static let prefetched = "userdb_"

  /// Whether a field of an account that ocean knows is not one to this Dovecot. 2.4 has two fields for where mail is.
  func ignores(_ field: String) -> Bool {
    let name = field.hasPrefix(Self.prefetched) ? String(field.dropFirst(Self.prefetched.count)) : field
    return isLater ? name == "mail" : ["mail_path", "mail_driver"].contains(name)
  }

  /// What 2.3 does where its file says nothing.
  private static let usualOfDirectories = [
    "pass_filter": "(&(objectClass=posixAccount)(uid=%u))",
    "user_filter": "(&(objectClass=posixAccount)(uid=%u))",
    "pass_attrs": "uid=user,userPassword=password",
    "user_attrs": "homeDirectory=home,uidNumber=uid,gidNumber=gid",
  ]

  /// Reads the file that `args` of a passdb or userdb names: lines `name = value`. A backslash at the end goes on with
  /// the next line, `#` begins a comment, and a value may stand in quotes. A file without a value, as Debian installs it,
  /// is nil.
  ///
  /// - Parameter driver: `sql` or `ldap`.
  init?(file text: String, driver: String) {
    var values: [String: String] = [:]
    var whole = ""
    // CR LF is one character.
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
      let line = Self.withoutComment(line).trimmed
      if line.hasSuffix("\\") {
        whole += line.dropLast() + " "
        continue
      }
      whole += line
      defer { whole = "" }
      guard let equals = whole.firstIndex(of: "=") else { continue }
      let name = String(whole[..<equals]).trimmed
      values[name] = Self.unquoted(String(whole[whole.index(after: equals)...]).trimmed)
    }
    guard !values.isEmpty else { return nil }
    if driver == "ldap" { values.merge(Self.usualOfDirectories) { given, _ in given } }
    self.init(
      values, connection: Self.words(values["connect"] ?? ""), usualScheme: driver == "sql" ? "MD5" : "CRYPT",
      isLater: false)
  }

  subscript(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

  private static let ofUsers = "user_"
  /// What does not say which database or directory is asked: what only the passdb or only the userdb reads, and how they
  /// list all accounts. Names begin like this.
  private static let ofQuestions = [
    "password_query", "pass_", "default_pass_scheme", "auth_bind", ofUsers, "iterate_", "blocking",
  ]

  /// This lookup of passwords, together with a userdb's that asks the same database or directory; nil if that asks another.
  func joined(with users: Lookup) -> Lookup? {
    func place(_ lookup: Lookup) -> [String: String] {
      lookup.values.filter { !Self.ofQuestions.contains(where: $0.key.hasPrefix) && !$0.value.isEmpty }
    }
    guard place(self) == place(users), connection.elementsEqual(users.connection, by: ==) else { return nil }
    var joined = self
    joined.values = values.filter { !$0.key.hasPrefix(Self.ofUsers) }
    joined.values.merge(users.values.filter { $0.key.hasPrefix(Self.ofUsers) }) { $1 }
    return joined
  }

  /// The words `name=value` of connect; a value may stand in quotes.
  private static func words(_ text: String) -> [(name: String, value: String)] {
    var found: [(String, String)] = []
    var rest = text[...]
    while let equals = rest.firstIndex(of: "=") {
      let name = String(rest[..<equals]).trimmed
      rest = rest[equals...].dropFirst()
      let value: Substring
      if rest.first == "'", let end = rest.dropFirst().firstIndex(of: "'") {
        value = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[end...].dropFirst()
      } else {
        value = rest.prefix { !$0.isWhitespace }
        rest = rest[value.endIndex...]
      }
      found.append((name, String(value)))
    }
    return found
  }

  /// A comment begins a line, or stands behind a blank and outside of quotes.
  private static func withoutComment(_ line: Substring) -> String {
    var quote: Character?
    var previous: Character = " "
    for index in line.indices {
      let character = line[index]
      if let open = quote {
        if character == open, previous != "\\" { quote = nil }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character == "#", previous.isWhitespace {
        return String(line[..<index])
      }
      previous = character
    }
    return String(line)
  }

  private static func unquoted(_ value: String) -> String {
    guard value.count > 1, let first = value.first, first == "\"" || first == "'", value.last == first else {
      return value
    }
    var text = ""
    var isEscaped = false
    for character in value.dropFirst().dropLast() {
      if !isEscaped, character == "\\" {
        isEscaped = true
      } else {
        text.append(character)
        isEscaped = false
      }
    }
    return text
  }
}

/// An account source that asks elsewhere, as it is written into ocean's config; and what must be said about it.
struct TranslatedSource {
  /// The entry of `accounts`, as a mapping in YAML.
  var entry: String
  /// The password with which ocean asks; nil if it needs none.
  var password: String?
  /// What is not quite the same.
  var remarks: [String] = []
  /// Whether it says where mail or homes are, too.
  var hasUsers = false

  /// Half a sentence: why there is no source that does the same.
  struct Failure: Error { let reason: String }
}

extension Lookup {
  /// The scheme of passwords that name none, in capitals.
  var scheme: String { (self["default_pass_scheme"] ?? usualScheme).uppercased() }

  /// Whether a password without a scheme means the same to ocean, which takes it for a hash of crypt(5) or Argon2. Where
  /// nobody has chosen a scheme, passwords usually name their own, and a remark tells.
  var schemeIsPlainHash: Bool {
    scheme == "CRYPT" || scheme.hasSuffix("-CRYPT") || ["ARGON2I", "ARGON2ID", "MD5"].contains(scheme)
      || self["default_pass_scheme"] == nil
  }

  /// What is to be said about a scheme that is only nearly the same; nil for others.
  var schemeRemark: String? {
    switch scheme {
    case "MD5":
      "a password without a scheme that is 32 hexadecimal digits is MD5 to Dovecot, and nothing to ocean: such accounts "
        + "need {PLAIN-MD5} before it"
    case "PLAIN":
      "a password without a scheme is the password itself to Dovecot, and a hash of crypt(3) to ocean: such accounts need "
        + "{PLAIN} before it"
    default: nil
    }
  }
}

/// Dovecot's variables in queries and filters.
struct QueryVariables {
  /// Whether a login loses its domain before it is looked up.
  let namesAreBare: Bool

  /// The parameter that stands for a text of variables, such as `%u` or `%n@%d`; nil for another text.
  func parameter(_ text: some StringProtocol) -> String? {
    switch String(text).replacing("%L", with: "%") {
    case "%u", "%{user}": namesAreBare ? "{user}" : "{address}"
    case "%n", "%{username}": "{user}"
    case "%d", "%{domain}": namesAreBare ? nil : "{domain}"
    case "%n@%d", "%{username}@%{domain}": namesAreBare ? nil : "{address}"
    case "%r", "%{rip}": "{client}"
    default: nil
    }
  }
}
