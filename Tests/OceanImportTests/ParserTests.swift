import OceanImport
import Testing

struct ParserTests {
  private static let text = "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf\n" + sound()

  private func failure(_ bytes: [UInt8]) -> DovecotParser.Failure? {
    do throws(DovecotParser.Failure) {
      _ = try DovecotParser.parse(bytes)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    ("ends of lines of Windows", text.replacing("\n", with: "\r\n")),
    ("a byte order mark", "\u{FEFF}" + text), ("no end of the last line", text + "\nmail_debug = no"),
    ("tabs", text.replacing("  ", with: "\t").replacing(" = ", with: "\t=\t").replacing(" {", with: "\t{")),
    ("complaints among it", "doveconf: Warning: something\n" + text),
  ])
  func `the same settings, however the text is written`(_ what: String, _ text: String) throws {
    let config = try DovecotParser.parse(Array(text.utf8))
    let translation = Translation(config, host: .elsewhere)
    let base = Translation(try DovecotParser.parse(Array(Self.text.utf8)), host: .elsewhere)
    #expect(translation.config.text(head: []) == base.config.text(head: []), "\(what)")
    #expect(translation.findings.openCount == 0, "\(what)")
  }

  @Test(arguments: ["\u{FEFF}# 2.3.19.1 (x): f\r\n", "# 2.3.19.1 (x): f\n"])
  func `what doveconf prints is known by its head`(_ text: String) {
    #expect(DovecotParser.isPrinted(Array(text.utf8)))
    #expect(!DovecotParser.isPrinted(Array("protocols = pop3\n".utf8)))
  }

  @Test func `its head says where it is from`() throws {
    let text =
      "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf\n# OS: x\n# Hostname: MX1\nprotocols = pop3\n"
    let config = try DovecotParser.parse(Array(text.utf8))
    #expect(
      config.version == "2.3.19.1" && config.path == "/etc/dovecot/dovecot.conf" && config.hostname == "MX1")
  }

  @Test(
    arguments: [
      ("", .empty), ("# only a comment\n", .empty),
      ("[section]\nname: x\n", .line(1, "neither a setting nor a section")),
      ("color = red\nsize = 3\n", .foreign),
      ("passdb {\n  driver = pam\n", .line(1, "the section that begins here does not end")),
      ("protocols = pop3\n}\n", .line(2, "'}' closes nothing")),
      ("# 2.5.0 (x): f\nprotocols = pop3\n", .version("2.5.0")),
      ("dovecot_config_version = 3.0.0\nprotocols = pop3\n", .version("3.0.0")),
      ("!include conf.d/*.conf\n", .needsDovecot(line: 1, "includes other files")),
      ("protocols = pop3\n!include_try x\n", .needsDovecot(line: 2, "includes other files")),
      ("auth_verbose = \\\n  yes\n", .needsDovecot(line: 1, "goes on in the next one")),
      ("mail_plugins = $mail_plugins quota\n", .needsDovecot(line: 1, "has a variable in it")),
      ("protocols = pop3\nssl_cert = a\u{0}b\n", .notText(line: 2)),
    ] as [(String, DovecotParser.Failure)])
  func `what cannot be understood is refused`(_ text: String, _ expected: DovecotParser.Failure) {
    #expect(failure(Array(text.utf8)) == expected)
  }

  @Test func `bytes that are not text are refused`() {
    #expect(failure(Array("protocols = pop3\nmail_home = /m/".utf8) + [0xe9, 0x0a]) == .notText(line: 2))
  }

  @Test(arguments: [
    ("/m/%u # a comment", "/m/{user}@{domain}"), ("\"/m/%n\"", "/m/{user}"), ("'/m/%n'", "/m/{user}"),
    ("\"/m#1/%n\"", "/m#1/{user}"), ("/m#1/%n", "/m#1/{user}"), (#""/m \\ \" /%n""#, #"/m \\ \" /{user}"#),
  ])
  func `values are without quotes and comments`(_ value: String, _ path: String) throws {
    let value =
      value.hasPrefix("\"") || value.hasPrefix("'")
      ? value.prefix(1) + "maildir:" + value.dropFirst() : "maildir:" + value
    let imported = try Imported(sound(location: String(value)))
    #expect(imported.yaml.contains("maildir: \"\(path)\""), "\(imported.yaml)")
  }

  @Test func `an earlier version is to be decided`() throws {
    let config = try DovecotParser.parse(Array(Self.text.replacing("2.3.19.1", with: "2.2.36").utf8))
    #expect(Translation(config, host: .elsewhere).findings.openCount == 1)
  }
}
