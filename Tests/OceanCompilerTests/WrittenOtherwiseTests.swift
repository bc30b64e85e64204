import OceanAddresses
import OceanCompiler
import OceanPlan
import OceanSyntax
import Testing

/// Tests what may be written in several ways, or is best shown by an example.
@Suite struct WrittenOtherwiseTests {
  private static func config(
    maildir: String = "\"/var/mail/{domain}/{user}\"", hostname: String = "mail.example.org",
    list: String = "[]",
    include: String = "[]"
  ) -> String {
    """
    version: 1
    include: \(include)
    server:
      hostname: \(hostname)
      bind: [127.0.0.1]
    accounts: { main: { passwd_file: users.passwd } }
    mail:
      maildir: \(maildir)
    services:
      pop3:
        ip_control:
          black_list: \(list)

    """
  }

  // MARK: - Blocks

  @Test(arguments: [
    ">\n            198.51.100.3;\n            203.0.113.0/24\n",
    "|\n            198.51.100.3\n            203.0.113.0/24\n\n\n",
    ">-\n            198.51.100.3; 203.0.113.0/24",
    "|+\n            198.51.100.3;\n            203.0.113.0/24;\n",
    "[198.51.100.3,\n203.0.113.0/24]",
  ])
  func `a list is read from a block of text`(list: String) throws {
    let compiled = try Compiled(Self.config(list: list))
    #expect(compiled.codes == [], "\(compiled.report)")
    let addresses = compiled.result.plan?.services.first?.ipControl.blackList.addresses
    #expect(addresses?.description == "198.51.100.3/32, 203.0.113.0/24")
  }

  @Test(arguments: ["|\n    mail.example.org\n", ">\n    mail.example.org\n", ">-\n    mail.example.org"])
  func `a block of one line is that line`(hostname: String) throws {
    let compiled = try Compiled(Self.config(hostname: hostname))
    #expect(compiled.codes == [], "\(compiled.report)")
    #expect(compiled.result.plan?.server.hostname == "mail.example.org")
  }

  // MARK: - Includes

  @Test(arguments: ["", "# example.net: not yet\n", "---\n", "\n\n"])
  func `an included file may have nothing to say yet`(text: String) throws {
    let compiled = try Compiled(Self.config(include: "[parts/*.yaml]"), files: ["parts/b.yaml": text])
    #expect(compiled.codes == [], "\(compiled.report)")
    #expect(compiled.result.plan != nil)
    #expect(compiled.loaded.inputs.map(\.path).contains("/etc/ocean/parts/b.yaml"))
  }

  @Test func `an included file that is broken is an error`() throws {
    let compiled = try Compiled(Self.config(include: "[parts/b.yaml]"), files: ["parts/b.yaml": "a: [\n"])
    #expect(!compiled.errors.isEmpty)
  }

  // MARK: - Dovecot's variables

  @Test(arguments: [
    ("maildir:/var/mail/%d/%n/Maildir", "/var/mail/{domain}/{user}/Maildir"),
    ("/var/mail/%Ld/%Ln", "/var/mail/{domain}/{user}"), ("/var/mail/%u", "/var/mail/{user}@{domain}"),
    ("%h/Maildir", "{home}/Maildir"), ("maildir:~/Maildir", "{home}/Maildir"),
    ("%{domain}/%{user}", "{domain}/{user}"), ("/srv/%{user}", "/srv/{user}@{domain}"),
    ("/srv/%{domain}/%{username}", "/srv/{domain}/{user}"),
    ("/srv/%{user|domain}/%{user|username|lower}", "/srv/{domain}/{user}"),
    ("/srv/%{user | domain}/%{user | username}", "/srv/{domain}/{user}"),
    ("%{home}/mail/%{owner}", "{home}/mail/%{owner}"),
  ])
  func `a location in Dovecot's words is told in ours`(location: String, meant: String) throws {
    let compiled = try Compiled(Self.config(maildir: "\"\(location)\""))
    #expect(compiled.errors.map(\.code.id) == ["OC0215"], "\(compiled.report)")
    #expect(compiled.errors.first?.help == "write \(meant)")
  }
}
