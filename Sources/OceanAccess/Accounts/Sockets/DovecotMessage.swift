internal import OceanAddresses
internal import OceanBase

/// A line of Dovecot's protocols for authentication: words with tabs between them.
struct DovecotLine: Sendable, Hashable {
  let words: [String]

  /// - Throws: if it is not UTF-8.
  init(_ octets: [UInt8]) throws(BackendError) {
    var words: [String] = []
    for word in octets.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false) {
      guard let text = Self.unescape(word) else {
        throw .nonsense("Dovecot sends a line that is not understood")
      }
      words.append(text)
    }
    self.words = words
  }

  var command: String { words.first ?? "" }

  /// The number of the request that it answers.
  var id: UInt32? { words.count > 1 ? UInt32(words[1]) : nil }

  /// The value of a parameter `key=value`, or an empty text for the word `key` alone; nil without it.
  ///
  /// - Parameter first: the first word that is a parameter.
  func parameter(_ key: String, from first: Int = 2) -> String? {
    for word in words.dropFirst(first) {
      if word == key { return "" }
      if word.hasPrefix("\(key)=") { return String(word.dropFirst(key.count + 1)) }
    }
    return nil
  }

  /// A text as a word of a line: what would end the word or the line is written with `\001` before it.
  static func escape(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "\u{0}": result += "\u{1}0"
      case "\u{1}": result += "\u{1}1"
      case "\t": result += "\u{1}t"
      case "\r": result += "\u{1}r"
      case "\n": result += "\u{1}n"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }

  /// Nil if it is not UTF-8.
  private static func unescape(_ word: some Collection<UInt8>) -> String? {
    guard word.contains(1) else { return String(validating: word, as: UTF8.self) }
    var octets: [UInt8] = []
    var isEscaped = false
    for octet in word {
      guard isEscaped else {
        if octet == 1 { isEscaped = true } else { octets.append(octet) }
        continue
      }
      isEscaped = false
      switch octet {
      case UInt8(ascii: "0"): octets.append(0)
      case UInt8(ascii: "1"): octets.append(1)
      case UInt8(ascii: "t"): octets.append(9)
      case UInt8(ascii: "r"): octets.append(13)
      case UInt8(ascii: "n"): octets.append(10)
      default: octets.append(octet)
      }
    }
    return String(validating: octets, as: UTF8.self)
  }
}

/// What a client of Dovecot's says: version 1 of its protocols, with AUTH PLAIN and USER.
enum DovecotRequest {
  /// Octets of the longest password that is asked about. Dovecot takes lines of 8 KiB.
  static let maxPassword = 1024

  /// The greeting to auth-client.
  ///
  /// - Parameter number: a number that no other connection has. Dovecot means the id of a process.
  static func greeting(_ number: UInt32) -> String { "VERSION\t1\t2\nCPID\t\(number)\n" }

  /// The greeting to auth-userdb.
  static let usersGreeting = "VERSION\t1\t0\n"

  /// Nil if SASL PLAIN (RFC 4616) cannot have the password in it: it has a NUL, or is too long. An empty one is not asked
  /// about either.
  static func auth(
    _ id: UInt32, user: String, password: SecretBytes, client: IPAddress
  ) -> SecretBytes? {
    guard !password.isEmpty, password.count <= maxPassword, !user.utf8.contains(0),
      !password.withUnsafeBytes({ $0.contains(0) })
    else { return nil }
    let response = SecretBytes(joining: [SecretBytes(copying: [0] + Array(user.utf8) + [0]), password])
    // With nologin, Dovecot keeps nothing for a session of its own. Whether a client may log in without TLS is decided
    // before; hence secured.
    let start = "AUTH\t\(id)\tPLAIN\tservice=pop3\tnologin\tsecured\trip=\(client)\tresp="
    return SecretBytes(
      joining: [
        SecretBytes(copying: Array(start.utf8)), response.withUnsafeBytes { Base64.encode($0) },
        SecretBytes(copying: [UInt8(ascii: "\n")]),
      ])
  }

  static func user(_ id: UInt32, _ user: String, client: IPAddress) -> String {
    "USER\t\(id)\t\(DovecotLine.escape(user))\tservice=pop3\trip=\(client)\n"
  }
}

/// Dovecot's answer to AUTH.
enum DovecotVerdict: Sendable, Hashable {
  /// - Parameters:
  ///   - user: the account's name, which a passdb may have changed.
  ///   - original: the name as it was asked about; nil if it is the same.
  case accepted(user: String, original: String?)
  case refused
  /// The password is right, and the account may not be used; half a sentence.
  case barred(String)

  init(_ line: DovecotLine, to id: UInt32) throws(BackendError) {
    guard line.id == id else { throw .nonsense("Dovecot answers another question than the one it was asked") }
    switch line.command {
    case "OK":
      guard let user = line.parameter("user"), !user.isEmpty else {
        throw .nonsense("Dovecot lets in somebody without a name")
      }
      if line.parameter("nologin") != nil {
        self = .barred("its passdb says nologin")
      } else if ["proxy", "proxy_maybe"].contains(where: { line.parameter($0) != nil }) {
        self = .barred("its passdb says proxy, which ocean does not do")
      } else {
        self = .accepted(user: user, original: line.parameter("original_user"))
      }
    case "FAIL": self = try Self.failure(line)
    case "CONT": throw .nonsense("Dovecot asks for more than AUTH PLAIN has")
    default: throw .nonsense("Dovecot sends a line that is not understood")
    }
  }

  private static func failure(_ line: DovecotLine) throws(BackendError) -> DovecotVerdict {
    if line.parameter("temp") != nil { throw .troubled(trouble) }
    if line.parameter("user_disabled") != nil { return .barred("the account is disabled") }
    if line.parameter("pass_expired") != nil { return .barred("the password has expired") }
    if line.parameter("authz") != nil { return .barred("the login is not authorized") }
    switch line.parameter("code") {
    case nil: return .refused
    case "temp_fail": throw .troubled(trouble)
    case "user_disabled": return .barred("the account is disabled")
    case "pass_expired": return .barred("the password has expired")
    case "authz_fail": return .barred("the login is not authorized")
    case let code?: throw .troubled("Dovecot refuses with the code \(code)")
    }
  }

  fileprivate static let trouble = "Dovecot has trouble of its own, which its log names"
}

/// Dovecot's answer to USER.
enum DovecotUser: Sendable, Hashable {
  case found(Entry)
  case nobody

  struct Entry: Sendable, Hashable {
    let name: String
    var home: String?
    /// As Dovecot 2.3 has it: `maildir:~/Maildir`.
    var mail: String?
    /// The format, as Dovecot 2.4 has it.
    var driver: String?
    /// The place, as Dovecot 2.4 has it.
    var path: String?
  }

  init(_ line: DovecotLine, to id: UInt32) throws(BackendError) {
    guard line.id == id else { throw .nonsense("Dovecot answers another question than the one it was asked") }
    switch line.command {
    case "USER":
      guard line.words.count > 2, !line.words[2].isEmpty else {
        throw .nonsense("Dovecot's userdb gives somebody without a name")
      }
      func field(_ key: String) -> String? { line.parameter(key, from: 3).flatMap { $0.isEmpty ? nil : $0 } }
      self = .found(
        Entry(
          name: line.words[2], home: field("home"), mail: field("mail"), driver: field("mail_driver"),
          path: field("mail_path")))
    case "NOTFOUND": self = .nobody
    case "FAIL": throw .troubled(DovecotVerdict.trouble)
    default: throw .nonsense("Dovecot sends a line that is not understood")
    }
  }
}
