internal import OceanAddresses
internal import OceanPlan

/// What fields with names say about an account or an app password: extra fields of a line, or columns of a row.
struct AccountFields {
  private(set) var isDisabled = false
  private(set) var conditions = LoginConditions()
  private(set) var home: Substring?
  private(set) var mail: Substring?
  private(set) var issues: [AccountIssue.Kind] = []

  /// Takes a field.
  ///
  /// - Returns: false if the field is unknown. It may be one that restricts: the account is to be refused.
  mutating func take(_ name: Substring, _ value: Substring) -> Bool {
    switch name {
    case "nologin":
      // The value does not matter: for Dovecot `nologin=no` is `nologin` as well.
      isDisabled = true
    case "allow_nets":
      if conditions.networks != nil { issues.append(.repeatedField("allow_nets")) }
      conditions.networks = networks(value)
    case "services":
      if conditions.services != nil { issues.append(.repeatedField("services")) }
      conditions.services = services(value)
    case "expires":
      if conditions.end != nil { issues.append(.repeatedField("expires")) }
      conditions.end = RuleEnd(parsing: String(value))
      if conditions.end == nil { issues.append(.badEnd) }
    case "userdb_home":
      if home != nil { issues.append(.repeatedField("userdb_home")) }
      home = literal(value, of: "userdb_home")
    case "userdb_mail":
      takeMail(value, of: "userdb_mail")
    // What Dovecot 2.4 has instead.
    case "userdb_mail_path":
      takeMail("maildir:\(value)", of: "userdb_mail_path")
    case "userdb_mail_driver" where value == "maildir": break
    case _ where Self.unsupported.contains(name):
      issues.append(.unsupportedField(String(name)))
    case _ where name.utf8.starts(with: "userdb_namespace".utf8):
      issues.append(.unsupportedField("userdb_namespace"))
    case "nodelay", "reason",
      _ where Self.isUserSetting(name):
      issues.append(.ignoredField(String(name)))
    default: return false
    }
    return true
  }

  /// Takes the location of the mail.
  ///
  /// - Parameter name: the field's name in issues.
  mutating func takeMail(_ value: Substring, of name: String) {
    if mail != nil { issues.append(.repeatedField(name)) }
    mail = literal(value, of: name)
  }

  /// Dovecot's fields that decide who may log in, as whom, where, or which mailbox that opens.
  private static let unsupported: Set<Substring> = [
    "allow_real_nets", "destuser", "fail", "host", "hostip", "login_user", "master", "nopassword",
    "noauthenticate", "original_user", "pass", "password", "port", "proxy", "proxy_maybe", "proxy_mech",
    "source_ip", "ssl", "starttls", "user", "userdb_chroot", "userdb_mail_driver", "userdb_mail_inbox_path",
    "userdb_mail_location", "userdb_user",
  ]

  /// Whether it is like `userdb_quota_rule`: a setting of Dovecot's mail processes.
  private static func isUserSetting(_ name: Substring) -> Bool {
    name.utf8.starts(with: "userdb_".utf8) && isSettingName(name)
  }

  static func isSettingName(_ name: Substring) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// Returns a value that must not contain variables. Dovecot expands `%u` and similar ones in extra fields;
  /// taken literally they would name another directory.
  private mutating func literal(_ value: Substring, of name: String) -> Substring {
    if value.utf8.contains(UInt8(ascii: "%")) { issues.append(.variableInField(name)) }
    return value
  }

  /// Reads comma-separated addresses and CIDR blocks. Dovecot ignores host bits; so does this, with a
  /// warning. `local` and `none` are not supported.
  private mutating func networks(_ list: Substring) -> [IPPrefix] {
    var networks: [IPPrefix] = []
    for entry in list.split(separator: ",", omittingEmptySubsequences: false) {
      do {
        networks.append(try IPPrefix(parsing: entry))
      } catch .hostBits(let network, _) {
        issues.append(.hostBitsInNetwork(given: String(entry), meant: network.description))
        networks.append(network)
      } catch {
        issues.append(.badNetwork)
      }
    }
    return networks
  }

  /// Reads comma-separated names of services.
  private mutating func services(_ list: Substring) -> [String] {
    let names = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if names.contains(where: \.isEmpty) { issues.append(.badServices) }
    return names
  }
}

/// The last field of an account's line: Dovecot's extra fields, `name=value` or `name`, separated by spaces.
///
/// An unknown field refuses the account: it may be one that restricts.
struct ExtraFields {
  private(set) var fields = AccountFields()
  private var unknown: [AccountIssue.Kind] = []

  var issues: [AccountIssue.Kind] { fields.issues + unknown }

  /// - Parameters:
  ///   - text: everything behind the seventh colon; the value of a field may contain colons.
  ///   - isSurelyText: whether it cannot be part of a password with colons.
  init(parsing text: String, isSurelyText: Bool) {
    guard !text.isEmpty else { return }
    // The format before extra fields existed: this field is empty, and a mail location is behind another
    // colon.
    if text.utf8.first == UInt8(ascii: ":") {
      if text.utf8.count > 1 { fields.takeMail(text.dropFirst(), of: "mail") }
      return
    }
    for (index, field) in text.utf8.split(separator: UInt8(ascii: " ")).enumerated() {
      let end = field.firstIndex(of: UInt8(ascii: "=")) ?? field.endIndex
      let name = Substring(field[..<end])
      guard !fields.take(name, Substring(field[end...].dropFirst())) else { continue }
      let isNamed = isSurelyText && end < field.endIndex && AccountFields.isSettingName(name)
      unknown.append(.unknownField(position: index + 1, name: isNamed ? String(name) : nil))
    }
  }
}
