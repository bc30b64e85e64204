internal import OceanAddresses

/// The last field of an account's line: Dovecot's extra fields, `name=value` or `name`, separated by spaces.
///
/// An unknown field refuses the account: it may be one that restricts.
struct ExtraFields {
  private(set) var isDisabled = false
  private(set) var allowedNetworks: [IPPrefix]?
  private(set) var home: Substring?
  private(set) var mail: Substring?
  private(set) var issues: [AccountIssue.Kind] = []

  /// - Parameters:
  ///   - text: everything behind the seventh colon; the value of a field may contain colons.
  ///   - isSurelyText: whether it cannot be part of a password with colons.
  init(parsing text: String, isSurelyText: Bool) {
    // The format before extra fields existed: this field is empty, and a mail location is behind another
    // colon.
    if text.utf8.first == UInt8(ascii: ":") {
      if text.utf8.count > 1 { mail = literal(text.dropFirst(), of: "mail") }
      return
    }
    for (index, field) in text.utf8.split(separator: UInt8(ascii: " ")).enumerated() {
      let end = field.firstIndex(of: UInt8(ascii: "=")) ?? field.endIndex
      let name = Substring(field[..<end])
      let value = Substring(field[end...].dropFirst())
      switch name {
      case "nologin":
        // The value does not matter: for Dovecot `nologin=no` is `nologin` as well.
        isDisabled = true
      case "allow_nets":
        if allowedNetworks != nil { issues.append(.repeatedField("allow_nets")) }
        allowedNetworks = networks(value)
      case "userdb_home":
        if home != nil { issues.append(.repeatedField("userdb_home")) }
        home = literal(value, of: "userdb_home")
      case "userdb_mail":
        if mail != nil { issues.append(.repeatedField("userdb_mail")) }
        mail = literal(value, of: "userdb_mail")
      case _ where Self.unsupported.contains(name):
        issues.append(.unsupportedField(String(name)))
      case _ where name.utf8.starts(with: "userdb_namespace".utf8):
        issues.append(.unsupportedField("userdb_namespace"))
      case "nodelay", "reason",
        _ where Self.isUserSetting(name):
        issues.append(.ignoredField(String(name)))
      default:
        let isNamed = isSurelyText && end < field.endIndex && Self.isSettingName(name)
        issues.append(.unknownField(position: index + 1, name: isNamed ? String(name) : nil))
      }
    }
  }

  /// Dovecot's fields that decide who may log in, as whom, where, or which mailbox that opens.
  private static let unsupported: Set<Substring> = [
    "allow_real_nets", "destuser", "fail", "host", "hostip", "login_user", "master", "nopassword",
    "noauthenticate", "original_user", "pass", "password", "port", "proxy", "proxy_maybe", "proxy_mech",
    "source_ip", "ssl", "starttls", "user", "userdb_chroot", "userdb_mail_driver", "userdb_mail_inbox_path",
    "userdb_mail_location", "userdb_mail_path", "userdb_user",
  ]

  /// Whether it is like `userdb_quota_rule`: a setting of Dovecot's mail processes.
  private static func isUserSetting(_ name: Substring) -> Bool {
    name.utf8.starts(with: "userdb_".utf8) && isSettingName(name)
  }

  private static func isSettingName(_ name: Substring) -> Bool {
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
}
