import OceanAddresses
import OceanHost
import OceanInit
import OceanSyntax
import Testing

struct TakenPortsTests {
  private static let any = IPAddress(v4: 0)
  private static let dovecot = [
    ListeningSocket(any, 110, program: "dovecot"), ListeningSocket(any, 995, program: "dovecot"),
    ListeningSocket(IPAddress(v6: 0), 995, program: "dovecot"),
  ]

  private func text(
    _ sockets: [ListeningSocket], width: Int = 80, _ change: (inout Choices) -> Void = { _ in }
  ) -> String {
    var choices = Choices.usual
    change(&choices)
    return TakenPorts(choices, sockets).lines(
      "/etc/ocean/ocean.yaml", on: Screen(width: width, isTerminal: true)
    ).joined(separator: "\n")
  }

  @Test func `ports of Dovecot can be taken over, or left to it`() {
    #expect(
      text(Self.dovecot) == """
        Ports 110 and 995 are in use by dovecot. To try ocean beside that, give 'pop3'
        other ports in /etc/ocean/ocean.yaml:
          ports: [1110]
          tls: { explicit: required, implicit: [1995] }
        To take them over, remove 'pop3' from the 'protocols' of Dovecot's config, and
        before ocean starts:
          doveadm reload
        """)
    #expect(
      text(Self.dovecot, width: 40).split(separator: "\n").allSatisfy {
        $0.columns <= 40 || $0.hasPrefix("  ")
      })
  }

  @Test func `of another program it is told what is known`() {
    let unknown = text([ListeningSocket(Self.any, 110, program: nil)])
    #expect(unknown.hasPrefix("Port 110 is in use by another program."))
    #expect(unknown.hasSuffix("  ss -ltnp 'sport = :110'"))
    #expect(text([ListeningSocket(Self.any, 995, program: "couriertcpd")]).contains("in use by couriertcpd."))
  }

  @Test func `what is not in the way is not told`() {
    #expect(text([]) == "")
    #expect(text([ListeningSocket(Self.any, 995, program: "x")]) { $0.certificate = .missing } == "")
    let loopback = [ListeningSocket(.loopback(.v4), 110, program: "x")]
    #expect(text(loopback) { $0.addresses = .list(["192.0.2.10"]) } == "")
    #expect(text(loopback) { $0.addresses = .list(["127.0.0.1"]) } != "")
    #expect(text(loopback) { $0.addresses = .loopback } != "")
    let outside = [ListeningSocket(IPAddress(v4: 0xc000_020a), 110, program: "x")]
    #expect(text(outside) { $0.addresses = .loopback } == "")
    #expect(text(outside) != "")
  }
}
