import OceanInit
import Testing

struct FirstConfigTests {
  @Test func `the config is short, and says why`() {
    #expect(
      Choices.usual.yaml == """
        # The config of ocean, a POP3 server. Made by 'ocean init'.
        #
        #     ocean check                       what is wrong here, and what to write instead
        #     ocean plan                        what would change, and for whom
        #     ocean apply --confirm-within 5m   changes the running server; reverts unless confirmed
        #
        # All settings: ocean schema --reference
        version: 1

        server:
          hostname: mail.example.org               # in the greeting; clients connect to this name
          bind: all                                # every address of this host; or a list: [192.0.2.10, "2001:db8::10"]
          state: /var/lib/ocean                    # locks, blocked addresses, plans, the control socket
          user: vmail                              # owns the mail; started by root, the server becomes this user
          default_domain: example.org              # the domain of a login without one

        certificates:
          main: { chain: tls/mail.example.org.crt, key: tls/mail.example.org.key }

        accounts:
          main: { passwd_file: users.passwd }      # one more: ocean passwd NAME >> /etc/ocean/users.passwd

        mail:
          maildir: "/var/mail/vhosts/{domain}/{user}/Maildir" # what delivers the mail must mean the same

        services:
          pop3:
            tls: { explicit: required }            # no password without TLS: STLS on port 110, or port 995

        """)
  }

  @Test(arguments: [true, false])
  func `the compiler takes every combination of choices`(hasIPv6: Bool) {
    let pair = CertificatePair(chain: "/a b/#c.pem", key: "/etc/ocean/'k\".key")
    for certificate in [Choices.Certificate.selfSigned, .missing, .pair(pair)] {
      for addresses in [
        Choices.Addresses.all, .loopback, .list(["192.0.2.10", "2001:db8::10", "mx.example.org"]),
      ] {
        for name in ["null", "true", "yes.example.org", "1.example"] {
          var choices = Choices.usual
          (choices.certificate, choices.addresses) = (certificate, addresses)
          (choices.hostname, choices.domains, choices.user) = (name, [name], "null")
          choices.passwdFile = "/etc/ocean/ü #: users"
          let config = FirstConfig(choices, in: "/etc/ocean", argument: "'a b.yaml'", hasIPv6: hasIPv6)
          #expect(config.flaw == nil, "\(config.text)")
        }
      }
    }
  }

  @Test func `files elsewhere are named by their whole paths`() {
    var choices = Choices.usual
    choices.passwdFile = "/etc/oceanic/users"
    #expect(choices.yaml.contains("passwd_file: /etc/oceanic/users }"))
  }
}
