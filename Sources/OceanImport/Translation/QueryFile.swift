/// A file of Dovecot 2.3 that `args` of a passdb or userdb names: `dovecot-sql.conf.ext`, `dovecot-ldap.conf.ext`.
struct QueryFile {
  /// By name; the last line counts.
  private(set) var values: [String: String] = [:]

  /// Reads lines `name = value`. A backslash at the end goes on with the next line, `#` begins a comment, and a value may
  /// stand in quotes.
  init(_ text: String) {
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
  }

  subscript(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

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

extension QueryFile {
  /// The scheme of passwords that name none, in capitals.
  ///
  /// - Parameter usual: Dovecot's default.
  func scheme(usual: String) -> String { (self["default_pass_scheme"] ?? usual).uppercased() }

  /// Whether a password without a scheme means the same to ocean, which takes it for a hash of crypt(5) or Argon2.
  static func isPlainHash(_ scheme: String) -> Bool {
    scheme == "CRYPT" || scheme.hasSuffix("-CRYPT") || ["ARGON2I", "ARGON2ID", "MD5"].contains(scheme)
  }

  /// What is to be said about a scheme that is only nearly the same; nil for others.
  static func remark(on scheme: String) -> String? {
    guard scheme == "MD5" else { return nil }
    return
      "a password without a scheme that is 32 hexadecimal digits is MD5 to Dovecot, and nothing to ocean: such accounts "
      + "need {PLAIN-MD5} before it"
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
