import Foundation
import OceanImport
import Testing

/// Doveconf/all.conf is the output of `doveconf -a` of Dovecot 2.3.19.1 on Debian 12, and all-later.conf that of 2.4.1 on
/// Debian 13.
struct AccountedForTests {
  enum Version: String, CaseIterable {
    case earlier = "2.3.19.1"
    case later = "2.4.1-4"

    fileprivate var all: String {
      let name = self == .earlier ? "all" : "all-later"
      let folder = URL(filePath: #filePath).deletingLastPathComponent()
      return (try? String(contentsOf: folder.appending(path: "Doveconf/\(name).conf"), encoding: .utf8)) ?? ""
    }

    /// What it prints as a setting of the top, and is the default of settings in sections.
    fileprivate var ofSections: [String] {
      self == .earlier
        ? []
        : [
          "fifo_listener_", "inet_listener_", "login_socket_path", "namespace_", "passdb_", "service_",
          "unix_listener_", "userdb_",
        ]
    }

    /// A config that leaves nothing open.
    fileprivate var sound: String {
      self == .earlier ? OceanImportTests.sound(location: "maildir:~/Maildir") : soundLater(path: "~/Maildir")
    }
  }

  private struct Setting {
    /// The sections around it, from the outside: `passdb {`, `service pop3-login {`.
    let sections: [String]
    let name: String
    let value: String

    func text(_ value: String) -> String {
      sections.joined(separator: "\n") + "\n\(name) = \(value)\n"
        + String(repeating: "}\n", count: sections.count)
    }
  }

  private static func settings(_ version: Version) -> [Setting] {
    var open: [String] = []
    var found: [Setting] = []
    for line in version.all.split(separator: "\n").map({ $0.trimmingCharacters(in: .whitespaces) }) {
      if line.hasPrefix("#") || version.ofSections.contains(where: line.hasPrefix) { continue }
      if line == "}" {
        open.removeLast()
      } else if line.hasSuffix("{") {
        open.append(line)
      } else {
        let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        found.append(Setting(sections: open, name: parts[0], value: parts.count > 1 ? parts[1] : ""))
      }
    }
    return found
  }

  @Test(arguments: Version.allCases) func `no setting of Dovecot's is unknown`(_ version: Version) throws {
    let settings = Self.settings(version)
    #expect(settings.count > 500)
    let imported = try Imported(
      settings.map { $0.text($0.value) }.joined(), version: version.rawValue)
    #expect(!imported.text.contains("not known"), "\(imported.text)")
    #expect(!imported.text.contains("has no effect beside"), "\(imported.text)")
  }

  /// Every setting with another value shows in the config or in the findings.
  @Test(arguments: Version.allCases) func `no setting is passed over in silence`(_ version: Version) throws {
    let rest = version.sound + "\n"
    let base = try Imported(rest, version: version.rawValue)
    var silent: [String] = []
    for setting in Self.settings(version) {
      let value = ["yes": "no", "no": "yes"][setting.value] ?? "x7"
      let other = try Imported(rest + setting.text(value), version: version.rawValue)
      if other.yaml == base.yaml, other.text == base.text {
        silent.append((setting.sections + [setting.name]).joined(separator: " "))
      }
    }
    // For which version a file is has no value to differ in.
    #expect(silent.filter { !$0.hasPrefix("dovecot_") } == [])
  }

  @Test func `a setting that says what is so anyway changes nothing`() throws {
    let advice = ["NO COUNTERPART", "NOT QUITE THE SAME", "TO BE DECIDED"]
    let base = try Imported("mail_uid = vmail\nnamespace inbox {\n}\n")
    var told: [String] = []
    for setting in Self.settings(.earlier)
    where setting.sections.isEmpty && !["mail_uid", "protocols"].contains(setting.name) {
      // These are the settings that Debian sets.
      if [
        "mail_location", "mail_privileged_group", "ssl_cert", "ssl_key", "ssl_dh", "ssl_client_ca_dir",
        "ssl_min_protocol",
      ]
      .contains(setting.name) {
        continue
      }
      let other = try Imported(setting.text(setting.value) + "mail_uid = vmail\nnamespace inbox {\n}\n")
      if advice.contains(where: { other.section($0) != base.section($0) }) { told.append(setting.name) }
    }
    #expect(told == [])
  }

  @Test(arguments: [
    "new_setting = 1", "passdb {\n  new = 1\n}", "userdb {\n  new = 1\n}", "plugin {\n  nobody_knows = 1\n}",
    "service pop3-login {\n  inet_listener pop3 {\n    new = 1\n  }\n}", "service pop3 {\n  new = 1\n}",
    "new {\n  a = b\n}", "mail_plugins = nobody_knows", "mail_location = maildir:/m/%u:NEW=x",
    "userdb {\n  driver = static\n  args = new=1\n}", "protocol pop3 {\n  new = 1\n}",
    "remote 10.0.0.0/8 {\n  new = 1\n}", "namespace inbox {\n  inbox = yes\n  new = 1\n}",
    "service pop3-other {\n  executable = pop3-login\n}",
  ])
  func `what is not known is to be decided`(_ more: String) throws {
    let base = try Imported(sound())
    #expect(base.openCount == 0, "\(base.text)")
    let imported = try Imported(sound(more))
    #expect(imported.openCount > 0, "\(imported.text)")
  }

  @Test(arguments: [
    "new_setting = 1", "passdb passwd-file {\n  new = 1\n}", "userdb static {\n  new = 1\n}",
    "service pop3-login {\n  inet_listener pop3 {\n    new = 1\n  }\n}", "service pop3 {\n  new = 1\n}",
    "new {\n  a = b\n}", "mail_plugins {\n  nobody_knows = yes\n}", "mail_path = /m/%{user | sha1}",
    "userdb static {\n  fields {\n    new = 1\n  }\n}", "protocol pop3 {\n  new = 1\n}",
    "remote 10.0.0.0/8 {\n  new = 1\n}", "namespace inbox {\n  inbox = yes\n  new = 1\n}",
    "mail_control_path = /var/control/%{user}", "ssl_server {\n  new = 1\n}", "protocols = imap",
    "passdb ldap {\n  ldap_bind = yes\n}", "passdb_default_password_scheme = PLAIN-MD5",
  ])
  func `what is not known of the later form is to be decided`(_ more: String) throws {
    let base = try Imported(soundLater(), version: "2.4.1")
    #expect(base.openCount == 0, "\(base.text)")
    let imported = try Imported(soundLater(more), version: "2.4.1")
    #expect(imported.openCount > 0, "\(imported.text)")
  }
}
