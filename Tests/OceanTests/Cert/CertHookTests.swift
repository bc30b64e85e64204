import Foundation
import Testing

/// Runs hooks as the clients do that they are written for.
@Suite struct CertHookTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try writeConfig("tls/mail.crt", "tls/mail.key")
    try FileManager.default.createDirectory(
      at: workspace.directory / "tls", withIntermediateDirectories: false)
  }

  private func writeConfig(_ chain: String, _ key: String) throws {
    try workspace.write(
      """
      version: 1
      server: { state: state, user: nobody }
      certificates: { main: { chain: \(chain), key: \(key) } }
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "mail/{domain}/{user}" }
      services: { pop3: {} }
      """, to: "ocean.yaml")
  }

  /// A certificate and its key under the names that certbot gives them.
  private func renew(_ folder: String, for name: String = "mail.example.org") throws {
    _ = try workspace.ocean("cert", "new", name, "--out", workspace.path(folder), "--force")
    for (old, new) in [(".crt", "/fullchain.pem"), (".key", "/privkey.pem")] {
      try workspace.write(workspace.read("\(folder)/\(name)\(old)"), to: folder + new)
    }
  }

  private func write(_ client: String, _ options: String...) throws -> Command {
    let words = [
      "cert", "hook", client, "-c", workspace.path("ocean.yaml"), "--out", workspace.path("hook"), "--name",
      "mail.example.org",
    ]
    let command = try Command(try oceanBinary(), words + options, directory: workspace.directory)
    try command.wait()
    return command
  }

  /// What a client gives to its hook.
  private func environment(_ client: String, _ folder: String) -> [String: String] {
    let (chain, key) = (workspace.path(folder + "/fullchain.pem"), workspace.path(folder + "/privkey.pem"))
    return switch client {
    case "certbot": ["RENEWED_LINEAGE": workspace.path(folder), "RENEWED_DOMAINS": "mail.example.org"]
    case "lego": ["LEGO_CERT_DOMAIN": "mail.example.org", "LEGO_CERT_PATH": chain, "LEGO_CERT_KEY_PATH": key]
    case "lego 5": ["LEGO_HOOK_CERT_PATH": chain, "LEGO_HOOK_CERT_KEY_PATH": key]
    default: ["Le_Domain": "mail.example.org", "CERT_FULLCHAIN_PATH": chain, "CERT_KEY_PATH": key]
    }
  }

  private func mode(_ name: String) -> mode_t {
    var status = stat()
    return lstat(workspace.path(name), &status) == 0 ? status.st_mode & 0o7777 : 0
  }

  @Test(arguments: ["certbot", "lego", "lego 5", "acme.sh"])
  func `a renewal is copied, for the server's group`(client: String) throws {
    let tool = client.split(separator: " ").first.map(String.init) ?? ""
    let written = try write(tool)
    #expect(written.status == .exited(0), "\(written.errorOutput)")
    #expect(mode("hook") == 0o755)
    try workspace.run("sh", ["-n", workspace.path("hook")]).wait()
    for _ in 0..<2 {
      try renew("renewed")
      let hook = try workspace.run(workspace.path("hook"), [], environment: environment(client, "renewed"))
      #expect(hook.status == .exited(0) && hook.output + hook.errorOutput == "", "\(hook.errorOutput)")
      #expect(workspace.read("tls/mail.crt") == workspace.read("renewed/fullchain.pem"))
      #expect(workspace.read("tls/mail.key") == workspace.read("renewed/privkey.pem"))
    }
    #expect(mode("tls/mail.crt") == 0o644 && mode("tls/mail.key") == 0o640)
    let owner = try workspace.run("stat", ["-c", "%U:%G", workspace.path("tls/mail.key")]).output
    #expect(owner == "root:nogroup\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path("tls")).count == 2)
  }

  /// The clients themselves, with the server of Let's Encrypt's makers that is for tests (pebble).
  @Test func `certbot and lego run it after they have renewed`() throws {
    let address = workspace.address
    let openssl = try workspace.run(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=IP:\(address)", "-keyout", workspace.path("ca.key"), "-out", workspace.path("ca.pem"),
      ])
    #expect(openssl.status == .exited(0), "\(openssl.errorOutput)")
    try workspace.write(
      """
      {"pebble": {"listenAddress": "\(address):14000", "managementListenAddress": "\(address):15000",
        "certificate": "\(workspace.path("ca.pem"))", "privateKey": "\(workspace.path("ca.key"))",
        "httpPort": 5002, "tlsPort": 5001, "ocspResponderURL": "", "externalAccountBindingRequired": false}}
      """, to: "pebble.json")
    let pebble = try Command(
      "pebble", ["-config", workspace.path("pebble.json")],
      environment: ["PEBBLE_VA_ALWAYS_VALID": "1", "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"],
      directory: workspace.directory)
    try eventually("pebble listens") {
      (pebble.output + pebble.errorOutput).contains("ACME directory available") ? true : nil
    }

    func run(_ client: String, _ arguments: [String]) throws {
      let environment = [
        "LEGO_CA_CERTIFICATES": workspace.path("ca.pem"), "REQUESTS_CA_BUNDLE": workspace.path("ca.pem"),
      ]
      let command = try Command(
        client, arguments, environment: environment, directory: workspace.directory)
      try command.wait(within: 60)
      #expect(command.status == .exited(0), "\(client) \(command.output)\(command.errorOutput)")
    }
    let server = "https://\(address):14000/dir"
    _ = try write("certbot", "--force")
    let folders = ["config", "work", "logs"].flatMap { ["--\($0)-dir", workspace.path("certbot-\($0)")] }
    try run(
      "certbot",
      folders + [
        "certonly", "--standalone", "--http-01-address", address, "--http-01-port", "5992", "--server",
        server, "--non-interactive", "--agree-tos", "--register-unsafely-without-email", "--domain",
        "mail.example.org", "--deploy-hook", workspace.path("hook"),
      ])
    let live = "certbot-config/live/mail.example.org"
    let first = workspace.read("tls/mail.crt")
    #expect(first == workspace.read("\(live)/fullchain.pem") && first.contains("BEGIN CERTIFICATE"))
    try run("certbot", folders + ["renew", "--force-renewal", "--no-random-sleep-on-renew"])
    let second = workspace.read("tls/mail.crt")
    #expect(second == workspace.read("\(live)/fullchain.pem") && second != first)
    #expect(workspace.read("tls/mail.key") == workspace.read("\(live)/privkey.pem"))

    _ = try write("lego", "--force")
    let lego = [
      "--server", server, "--accept-tos", "--email", "admin@example.org", "--domains", "mail.example.org",
      "--http", "--http.port", "\(address):5993", "--path", workspace.path("lego"),
    ]
    try run("lego", lego + ["run"])
    #expect(workspace.read("tls/mail.crt") == second)
    try run(
      "lego",
      lego + ["renew", "--days", "9999", "--no-random-sleep", "--renew-hook", workspace.path("hook")])
    let third = workspace.read("tls/mail.crt")
    #expect(third == workspace.read("lego/certificates/mail.example.org.crt") && third != second)
    #expect(mode("tls/mail.crt") == 0o644 && mode("tls/mail.key") == 0o640)
    pebble.signal(SIGTERM)
    try pebble.wait()
  }

  @Test func `certificates for others are left alone, and what cannot be used replaces nothing`() throws {
    _ = try write("certbot")
    try renew("renewed")
    try workspace.run(workspace.path("hook"), [], environment: environment("certbot", "renewed")).wait()
    let before = workspace.read("tls/mail.crt")

    try renew("other", for: "www.example.org")
    let other = try workspace.run(workspace.path("hook"), [], environment: environment("certbot", "other"))
    #expect(other.status == .exited(0) && other.output == "")

    try renew("broken")
    try workspace.write(workspace.read("other/privkey.pem"), to: "broken/privkey.pem")
    let broken = try workspace.run(workspace.path("hook"), [], environment: environment("certbot", "broken"))
    #expect(broken.status == .exited(1))
    #expect(broken.errorOutput.contains("broken/fullchain.pem cannot be used; nothing was copied"))

    let none = try workspace.run(workspace.path("hook"), [], environment: environment("certbot", "none"))
    #expect(
      none.status == .exited(1) && none.errorOutput.contains("none/fullchain.pem"), "\(none.errorOutput)")

    let bare = try workspace.run(workspace.path("hook"), [])
    #expect(bare.status != .exited(0) && bare.errorOutput.contains("RENEWED_LINEAGE: certbot sets it"))
    #expect(workspace.read("tls/mail.crt") == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path("tls")).count == 2)
  }

  @Test func `a script that somebody changed stays`() throws {
    let shown = try write("lego", "--dry-run")
    #expect(shown.output.hasPrefix("#!/bin/sh\n") && workspace.read("hook").isEmpty)
    _ = try write("lego")
    #expect(workspace.read("hook") == shown.output)
    #expect(try write("lego").output.hasPrefix("It is there already: "))
    try workspace.write("#!/bin/sh\n", to: "hook")
    let kept = try write("lego")
    #expect(
      kept.status == .exited(1) && kept.errorOutput.contains("--force replaces it"), "\(kept.errorOutput)")
    #expect(workspace.read("hook") == "#!/bin/sh\n")
    #expect(try write("lego", "--force").status == .exited(0))
    #expect(workspace.read("hook") == shown.output)
  }

  @Test func `a config that names the client's own files needs no hook`() throws {
    let live = "/etc/letsencrypt/live/mail.example.org"
    try writeConfig("\(live)/fullchain.pem", "\(live)/privkey.pem")
    let refused = try write("certbot")
    #expect(refused.status == .exited(1))
    #expect(refused.errorOutput.contains("needs no hook: the server takes up what changes there"))
  }

  @Test func `what is missing is told`() throws {
    func hook(_ words: String...) throws -> String {
      let command = try Command(
        try oceanBinary(), ["cert", "hook", "certbot", "-c", workspace.path("ocean.yaml")] + words,
        directory: workspace.directory)
      try command.wait()
      #expect(command.status != .exited(0))
      return command.errorOutput
    }
    #expect(try hook().contains("tls/mail.crt is not there yet; give a name"))
    #expect(try hook("--name", "a b").contains("'a b' is not a host name"))
    #expect(try hook("--certificate", "x").contains("names no certificate 'x'; it has main"))
    #expect(
      try hook("--name", "a.test", "--out", workspace.path("none/hook")).contains("there is no directory"))
    let text = workspace.read("ocean.yaml").replacingOccurrences(of: ", user: nobody", with: "")
    try workspace.write(text, to: "ocean.yaml")
    #expect(try hook("--name", "a.test").contains("set server.user"))
  }
}
