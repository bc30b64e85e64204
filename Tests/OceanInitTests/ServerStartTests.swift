import OceanInit
import Testing

struct ServerStartTests {
  private static let unit = "[Service]\nType=exec\nUser=vmail\nReadWritePaths=/var/mail\n"

  private func commands(_ choices: Choices, unit: String? = unit) -> [String] {
    ServerStart.commands(choices, path: "/etc/ocean/ocean.yaml", unit: unit, program: "/usr/local/bin/ocean")
  }

  @Test func `the unit of this host is for the standard config alone`() {
    let commands = ServerStart.commands(.usual, path: "/srv/mail/ocean.yaml")
    #expect(commands.count == 1 && commands.first?.hasSuffix(" serve /srv/mail/ocean.yaml") == true)
  }

  @Test func `a unit that fits is enabled`() {
    #expect(commands(.usual) == ["systemctl enable --now ocean"])
  }

  @Test func `a unit for another user and other mail is changed first, in a file beside it`() {
    var choices = Choices.usual
    (choices.user, choices.maildir) = ("mailbox", "/var/mailboxes/{domain}/{user}")
    #expect(
      commands(choices) == [
        "mkdir -p /etc/systemd/system/ocean.service.d",
        "printf '%s\\n' '[Service]' User=mailbox ReadWritePaths=/var/mailboxes >> /etc/systemd/system/ocean.service.d/host.conf",
        "systemctl daemon-reload", "systemctl enable --now ocean",
      ])
  }

  /// systemd takes blanks as separators and % as the beginning of a specifier.
  @Test(arguments: [
    ("{home}/Maildir", "ReadWritePaths=/home"), ("/srv/my mail/{user}", #"'ReadWritePaths="/srv/my mail"'"#),
    ("/srv/100%/{user}", "ReadWritePaths=/srv/100%%"),
  ])
  func `what the unit must let the server write`(_ maildir: String, _ line: String) {
    var choices = Choices.usual
    choices.maildir = maildir
    #expect(
      commands(choices)[1]
        == "printf '%s\\n' '[Service]' \(line) >> /etc/systemd/system/ocean.service.d/host.conf")
  }

  @Test func `without a unit the server is started by itself`() {
    #expect(commands(.usual, unit: nil) == ["/usr/local/bin/ocean serve /etc/ocean/ocean.yaml"])
  }
}
