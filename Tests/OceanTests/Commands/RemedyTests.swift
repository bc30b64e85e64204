import Foundation
import Testing

/// Follows the advice of `check` about files, as it stands, on hosts that are made like real ones. Then the
/// server's user can do what it needs, and every other program can do what it could before.
@Suite(.enabled(if: geteuid() == 0, "only root can give files to others"))
struct RemedyTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeConfig(server: ["user: games", "drain_timeout: 0s"])
    try shell("chown games:games . state users.passwd && chmod 750 state && chmod 755 .")
  }

  @discardableResult
  private func shell(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Bool {
    let run = try workspace.run("sh", ["-c", "cd '\(workspace.directory.path)' && { \(script)\n}"])
    #expect(
      run.status == .exited(0), "\(script)\n\(run.output)\(run.errorOutput)", sourceLocation: sourceLocation)
    return run.status == .exited(0)
  }

  /// Whether a user of that group, and of no other, can read a file.
  private func canRead(_ user: String, _ group: String, _ path: String) throws -> Bool {
    try workspace.run(
      "setpriv", ["--reuid", user, "--regid", group, "--clear-groups", "head", "-c", "1", path]
    ).status == .exited(0)
  }

  private func help(for code: String) throws -> [String] {
    let check = try workspace.ocean("check", workspace.path("ocean.yaml"), "--format", "json")
    struct Report: Decodable {
      struct Finding: Decodable {
        let code: String
        let help: String?
      }
      let diagnostics: [Finding]
    }
    let report = try JSONDecoder().decode(Report.self, from: Data(check.output.utf8))
    return report.diagnostics.filter { $0.code == code }.map { $0.help ?? "" }
  }

  /// The commands of a help text, without the words around them and without the alternative, if there is one.
  private func commands(_ help: String) -> String {
    let words = ["chgrp", "chmod", "chown", "setfacl", "install"]
    let ways = help.components(separatedBy: "\nor, ")[0]
    return ways.split(separator: "\n").filter { !$0.contains("ITS-USER") }.compactMap { line in
      words.compactMap { line.range(of: "\($0) ")?.lowerBound }.min().map { String(line[$0...]) }
    }.joined(separator: "\n")
  }

  private func obey(_ code: String, expecting text: String) throws {
    let helps = try help(for: code)
    #expect(helps.contains { $0.contains(text) }, "\(helps)")
    for help in helps { try shell(commands(help)) }
    #expect(try self.help(for: code) == [])
  }

  // MARK: -

  @Test func `Dovecot goes on reading its passwd-file`() throws {
    // The file is like /etc/dovecot/users, with another group in place of Dovecot's.
    try shell("chown root:mail users.passwd && chmod 640 users.passwd")
    try obey("OC0328", expecting: "setfacl -m u:games:r \(workspace.path("users.passwd"))")
    #expect(try canRead("bin", "mail", workspace.path("users.passwd")))
    #expect(try !canRead("bin", "bin", workspace.path("users.passwd")))
    try Server(workspace).stop()
  }

  @Test func `a file that everybody reads is closed to all but its group and the server`() throws {
    try shell("chown root:mail users.passwd && chmod 644 users.passwd")
    try obey("OC0424", expecting: "setfacl -m u:games:r")
    #expect(try canRead("bin", "mail", workspace.path("users.passwd")))
    #expect(try !canRead("bin", "bin", workspace.path("users.passwd")))
    try Server(workspace).stop()
  }

  @Test func `a home that is closed stays its owner's`() throws {
    try shell("mkdir home && mv users.passwd home && ln -s home/users.passwd users.passwd")
    try shell("chown -R daemon:daemon home && chmod 700 home && chmod 644 home/users.passwd")
    try obey("OC0328", expecting: "setfacl -m u:games:x \(workspace.path("home"))")
    #expect(try canRead("daemon", "daemon", workspace.path("home/users.passwd")))
    #expect(try !canRead("bin", "bin", workspace.path("home/users.passwd")))
  }

  @Test func `what a server of root has left is handed over`() throws {
    try workspace.writeConfig()
    try Server(workspace).stop()
    try workspace.writeConfig(server: ["user: games", "drain_timeout: 0s"])
    try shell("chown games:games state access.jsonl")
    try obey("OC0328", expecting: "chown -R games \(workspace.path("state"))")
    try Server(workspace).stop()
  }

  @Test func `an index that root has made is handed over, and keeps no server from starting`() throws {
    try shell(
      "mkdir state/index && chown games state/index && touch state/index/1.index && chmod 600 state/index/*")
    let server = try Server(workspace)
    #expect(server.log.contains("OC0328"), "\(server.log)")
    try server.stop()
    try obey("OC0328", expecting: "chown -R games \(workspace.path("state"))")
  }

  @Test func `a log among others gets a directory of its own`() throws {
    try shell("mkdir log && chmod 755 log")
    try workspace.write(
      workspace.read("ocean.yaml").replacing("access: access.jsonl", with: "access: log/access.jsonl"),
      to: "ocean.yaml")
    let log = workspace.path("log")
    let help = try #require(try help(for: "OC0328").first)
    #expect(help.contains("install -d -o games -g games -m 750 \(log)/ocean"))
    #expect(help.contains("access: \(log)/ocean/access.jsonl"))
    try shell(commands(help))
    try workspace.write(
      workspace.read("ocean.yaml").replacing("access: log/", with: "access: log/ocean/"), to: "ocean.yaml")
    try Server(workspace).stop()
  }

  // MARK: - Keys

  /// Makes files as certbot does: links into a directory beside, both for root alone.
  private func makeCertbot() throws {
    try workspace.makeCertificate()
    let name = Workspace.hostName
    try shell(
      """
      mkdir -p le/live/\(name) le/archive/\(name)
      mv tls/\(name).crt le/archive/\(name)/fullchain1.pem && mv tls/\(name).key le/archive/\(name)/privkey1.pem
      ln -s ../../archive/\(name)/fullchain1.pem le/live/\(name)/fullchain.pem
      ln -s ../../archive/\(name)/privkey1.pem le/live/\(name)/privkey.pem
      chown -R root:root le && chmod 700 le/live le/archive && chmod 600 le/archive/*/privkey1.pem
      """)
    try useCertificate("le/live/\(name)/fullchain.pem", "le/live/\(name)/privkey.pem")
  }

  private func useCertificate(_ chain: String, _ key: String) throws {
    try workspace.write(
      workspace.read("ocean.yaml").replacing(
        "accounts:", with: "certificates: { main: { chain: \(chain), key: \(key) } }\naccounts:"
      )
      .replacing("    ports:", with: "    tls: { implicit: [] }\n    ports:"), to: "ocean.yaml")
  }

  @Test func `all that is in the way of certbot's key is named at once`() throws {
    try makeCertbot()
    let le = workspace.directory.resolvingSymlinksInPath().path + "/le"
    let helps = try help(for: "OC0422")
    // The help for the key; the chain is in the same directories.
    let key = try #require(helps.last)
    for command in [
      "chgrp games \(le)/live && chmod g+x \(le)/live",
      "chgrp games \(le)/archive && chmod g+x \(le)/archive",
      "chgrp games \(le)/archive/\(Workspace.hostName)/privkey1.pem && "
        + "chmod 640 \(le)/archive/\(Workspace.hostName)/privkey1.pem",
    ] { #expect(key.contains(command), "\(key)") }
    try shell(commands(key))
    #expect(try help(for: "OC0422") == [])
    #expect(try !canRead("bin", "bin", "\(le)/live/\(Workspace.hostName)/privkey.pem"))
  }

  @Test func `keys of a group stay that group's`() throws {
    // The directory is like /etc/ssl/private, with another group in place of ssl-cert.
    try workspace.makeCertificate()
    let (chain, key) = ("tls/\(Workspace.hostName).crt", "private/\(Workspace.hostName).key")
    try shell("mkdir private && mv tls/*.key private && chown -R root:mail private")
    try shell("chmod 710 private && chmod 640 private/*.key")
    try useCertificate(chain, key)
    let helps = try help(for: "OC0422")
    #expect(helps.first?.contains("restart the server: usermod -aG mail games") == true, "\(helps)")
    try obey("OC0422", expecting: "setfacl -m u:games:x")
    #expect(try canRead("bin", "mail", workspace.path(key)))
    #expect(try !canRead("bin", "bin", workspace.path(key)))
  }

  @Test func `a key that everybody reads is closed, and the server reads it`() throws {
    try workspace.makeCertificate()
    try useCertificate("tls/\(Workspace.hostName).crt", "tls/\(Workspace.hostName).key")
    try shell("chown root:mail tls/*.key && chmod 644 tls/*.key")
    try obey("OC0320", expecting: "setfacl -m u:games:r")
    #expect(try help(for: "OC0422") == [])
    #expect(try canRead("bin", "mail", workspace.path("tls/\(Workspace.hostName).key")))
    // Nobody can reach the key: there is nothing to say.
    try shell("chmod 644 tls/*.key && chmod 700 tls && chown games tls")
    #expect(try help(for: "OC0320") == [])
  }
}
