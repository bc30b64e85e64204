import Foundation
import OceanImport
import Testing

/// Doveconf/all.conf is the output of `doveconf -a` of Dovecot 2.3.19.1 on Debian 12.
struct AccountedForTests {
  private static let all =
    (try? String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Doveconf/all.conf"),
      encoding: .utf8))
    ?? ""

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

  private static func settings() -> [Setting] {
    var open: [String] = []
    var found: [Setting] = []
    for line in all.split(separator: "\n").map({ $0.trimmingCharacters(in: .whitespaces) }) {
      if line.hasPrefix("#") { continue }
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

  @Test func `no setting of Dovecot's is unknown`() throws {
    #expect(Self.settings().count > 900)
    let imported = try Imported(Self.all)
    #expect(!imported.text.contains("not known"), "\(imported.text)")
    #expect(!imported.text.contains("has no effect beside"), "\(imported.text)")
  }

  /// Every setting with another value shows in the config or in the findings.
  @Test func `no setting is passed over in silence`() throws {
    let rest = sound(location: "maildir:~/Maildir") + "\n"
    let base = try Imported(rest)
    var silent: [String] = []
    for setting in Self.settings() {
      let value = ["yes": "no", "no": "yes"][setting.value] ?? "x7"
      let other = try Imported(rest + setting.text(value))
      if other.yaml == base.yaml, other.text == base.text {
        silent.append((setting.sections + [setting.name]).joined(separator: " "))
      }
    }
    #expect(silent == [])
  }

  @Test func `a setting that says what is so anyway changes nothing`() throws {
    let advice = ["NO COUNTERPART", "NOT QUITE THE SAME", "TO BE DECIDED"]
    let base = try Imported("mail_uid = vmail\nnamespace inbox {\n}\n")
    var told: [String] = []
    for setting in Self.settings()
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
}
