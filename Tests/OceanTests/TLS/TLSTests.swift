import OceanBase
import Foundation
import Testing

/// Tests foreign programs over TLS.
struct TLSTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.deliverSamples()
    try workspace.makeCertificate()
    try workspace.writeTLSConfig()
  }

  private var sample: SampleMessage { SampleMessage.all[0] }

  @Test(arguments: [("pop3s", Workspace.tlsPort, []), ("pop3", Workspace.port, ["--ssl-reqd"])])
  func `curl fetches a message`(scheme: String, port: Int, options: [String]) throws {
    let server = try Server(workspace)
    let curl = try workspace.run(
      "curl",
      [
        "--silent", "--show-error", "--user", "anna:\(Workspace.secret)", "--cacert", workspace.certificate(),
        "--resolve", "\(Workspace.hostName):\(port):\(workspace.address)",
      ] + options + ["\(scheme)://\(Workspace.hostName):\(port)/1"])
    #expect(curl.status == .exited(0), "\(curl.errorOutput)")
    #expect(Array(curl.output.utf8) == sample.received)

    let line = try server.accessLogLine { $0["event"] as? String == "session" }
    #expect(line["tls"] as? String == "TLS 1.3")
    #expect(line["user"] as? String == "anna@example.org")
    try server.stop()
  }

  @Test func `poplib verifies the certificate and gets every octet`() throws {
    let server = try Server(workspace)
    try Data(SampleMessage.all[7].received).write(to: workspace.directory / "want")
    try workspace.python(
      """
      poplib._MAXLINE = 1 << 20
      # poplib verifies what it connects to.
      connect = socket.create_connection
      socket.create_connection = lambda address, *rest: connect((HOST, address[1]), *rest)
      want = open(ARGS[0], 'rb').read()
      def check(box):
          box.user('anna')
          box.pass_(SECRET)
          got = b''.join(line + b'\\r\\n' for line in box.retr(8)[1])
          assert got == want, f'{len(got)} octets instead of {len(want)}'
          box.quit()
      check(poplib.POP3_SSL(NAME, TLS, context=trusting(MAIL_CRT), timeout=20))
      box = poplib.POP3(NAME, PLAIN, timeout=20)
      assert 'STLS' in box.capa(), box.capa()
      box.stls(trusting(MAIL_CRT))
      check(box)
      """, [workspace.path("want")])
    try server.stop()
  }

  @Test(arguments: [
    ["-tls1_2"], ["-tls1_3"], ["-tls1_3", "-starttls", "pop3"], ["-tls1_2", "-starttls", "pop3"],
  ])
  func `openssl shakes hands`(options: [String]) throws {
    let server = try Server(workspace)
    let port = options.contains("-starttls") ? Workspace.port : Workspace.tlsPort
    let client = try workspace.sClient(options + ["-servername", Workspace.hostName], port: port)
    let version = options[0] == "-tls1_2" ? "TLS 1.2" : "TLS 1.3"
    // The exit code also shows that the close_notify was not missed.
    #expect(client.status == .exited(0), "\(client.errorOutput)")
    #expect(client.output.contains("New, \(version.replacing(" ", with: "v")), Cipher is"))
    #expect(client.output.contains("Verify return code: 0 (ok)"))
    #expect(client.output.contains("+OK"))
    #expect(try server.accessLogLine { $0["event"] as? String == "session" }["tls"] as? String == version)
    try server.stop()
  }

  @Test func `ALPN takes pop3, and nothing else`() throws {
    let server = try Server(workspace)
    let pop3 = try workspace.sClient(["-alpn", "http/1.1,pop3"])
    #expect(pop3.output.contains("ALPN protocol: pop3"))
    #expect(try workspace.sClient([]).output.contains("No ALPN negotiated"))
    let http = try workspace.sClient(["-alpn", "http/1.1"])
    #expect(http.status != .exited(0))
    #expect(http.errorOutput.contains("no application protocol"), "\(http.errorOutput)")
    #expect(!http.output.contains("+OK"))
    try server.stop()
  }

  @Test func `the host that a client names decides about the certificate`() throws {
    try workspace.makeCertificate("pop.example.net")
    try workspace.writeTLSConfig(names: [Workspace.hostName, "pop.example.net"])
    let server = try Server(workspace)
    try workspace.python(
      """
      other = ARGS[0]
      for name, file in [
          (NAME, MAIL_CRT), ('pop.example.net', other), ('POP.Example.NET', other), (None, MAIL_CRT),
          ('unknown.example.com', MAIL_CRT), ('x.pop.example.net', MAIL_CRT)]:
          got = over_tls(trusting_all(), name).socket.getpeercert(binary_form=True)
          assert got == ssl.PEM_cert_to_DER_cert(open(file).read()), name
      over_tls(trusting(other), 'pop.example.net').expect('QUIT', '+OK')
      """, [workspace.certificate("pop.example.net")])
    try server.stop()
  }

  // MARK: - Profiles

  @Test(arguments: [
    ("modern", "TLSv1_3", true), ("modern", "TLSv1_2", false),
    ("intermediate", "TLSv1_2", true), ("intermediate", "TLSv1_1", false),
  ])
  func `a profile decides about versions`(profile: String, version: String, isAccepted: Bool) throws {
    try workspace.writeTLSConfig("explicit: required, profile: \(profile)")
    let server = try Server(workspace)
    try workspace.python(
      """
      import warnings
      warnings.simplefilter('ignore')
      context = trusting_all()
      context.set_ciphers('ALL:@SECLEVEL=0')
      context.minimum_version = context.maximum_version = ssl.TLSVersion[ARGS[0]]
      try:
          over_tls(context).expect('QUIT', '+OK')
          accepted = True
      except ssl.SSLError as error:
          assert 'PROTOCOL_VERSION' in error.reason, error
          accepted = False
      assert accepted == (ARGS[1] == 'true'), accepted
      """, [version, "\(isAccepted)"])
    let line = try server.accessLogLine { $0["event"] as? String == "session" }
    #expect((line["outcome"] as? String)?.hasPrefix("tls_failed") == !isAccepted, "\(line)")
    try server.stop()
  }

  @Test func `legacy says what it comes to`() throws {
    try workspace.writeTLSConfig("explicit: required, profile: legacy")
    let check = try workspace.ocean("check", workspace.path("ocean.yaml"))
    #expect(check.status == .exited(0), "\(check.errorOutput)")
    #expect((check.output + check.errorOutput).contains("legacy: the lowest this libssl can do is"))
  }

  /// - Parameter lowest: nil if the linked libssl decides, and `check` says what that is.
  @Test(arguments: [("modern", "TLSv1.3"), ("intermediate", "TLSv1.2"), ("legacy", nil)])
  func `sslscan finds what the profile says, and nothing weak`(profile: String, lowest: String?) throws {
    try workspace.writeTLSConfig("explicit: required, profile: \(profile)")
    let server = try Server(workspace)
    let scan = try workspace.run(
      "sslscan",
      ["--no-colour", "--sni-name=\(Workspace.hostName)", "\(workspace.address):\(Workspace.tlsPort)"])
    #expect(scan.status == .exited(0), "\(scan.errorOutput)")
    let versions = ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    let first = try #require(versions.firstIndex(of: lowest ?? lowestOfLegacy()))
    for (index, version) in versions.enumerated() {
      let isOn = index >= first
      #expect(
        scan.output.contains(try Regex("(?m)^\(version) +\(isOn ? "enabled" : "disabled")$")),
        "\(scan.output)")
      #expect(
        scan.output.contains(try Regex("(?m)^(Preferred|Accepted) +\(version) ")) == isOn, "\(scan.output)")
    }
    let ciphers = scan.output.matches(of: /(Preferred|Accepted) +TLSv1\.\d +(\d+) bits +(\S+)/)
    #expect(ciphers.count >= 3, "\(scan.output)")
    for cipher in ciphers {
      let name = cipher.3
      if profile == "legacy" {
        // An old device may need a cipher without AEAD, but no weaker one may be offered.
        let isWeak = ["NULL", "EXP", "ADH", "AECDH", "PSK", "SRP", "RC4", "MD5"].contains {
          name.contains($0)
        }
        #expect(!isWeak, "weak: \(name)")
        #expect(Int(cipher.2).map { $0 >= 112 } == true, "short: \(cipher.0)")
      } else {
        #expect(name.contains("GCM") || name.contains("CHACHA20"), "no AEAD: \(name)")
        #expect(Int(cipher.2).map { $0 >= 128 } == true, "short: \(cipher.0)")
      }
      if profile != "legacy" || cipher.1 == "Preferred" {
        #expect(name.hasPrefix("TLS_") || name.hasPrefix("ECDHE-"), "no forward secrecy: \(name)")
      }
    }
    // If sslscan cannot try compression it says so.
    #expect(!scan.output.contains("Compression enabled"))
    #expect(!scan.output.contains(/(?m)^TLS\S+ vulnerable to heartbleed/))
    #expect(scan.output.contains("not vulnerable to heartbleed"))
    #expect(!scan.output.contains("Insecure session renegotiation"))
    try server.stop()
  }

  /// The lowest version in sslscan's spelling.
  private func lowestOfLegacy() throws -> String {
    let check = try workspace.ocean("check", workspace.path("ocean.yaml"))
    let said = (check.output + check.errorOutput).firstMatch(
      of: /the lowest this libssl can do is (SSL|TLS) (\d\.\d)/)
    let version = try #require(said)
    return version.1 == "SSL" ? "SSLv3" : "TLSv\(version.2)"
  }
}
