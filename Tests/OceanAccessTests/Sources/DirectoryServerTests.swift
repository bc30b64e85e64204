import Foundation
import OceanAddresses
import OceanBase
import OceanPlan
import Synchronization
import TestSupport
import Testing

@testable import OceanAccess

/// Accounts in OpenLDAP, which is killed, stopped, started again and cut off in the middle.
@Suite(.serialized, .enabled(if: DirectoryServer.isInstalled, "needs Debian's package slapd"))
struct DirectoryServerTests {
  /// An entry; the attributes are those of `inetOrgPerson`, used for whatever a test wants.
  private static func person(_ name: String, _ more: String, password: String?) -> String {
    """
    dn: uid=\(name),ou=people,dc=example,dc=org
    objectClass: inetOrgPerson
    objectClass: posixAccount
    uid: \(name)
    cn: \(name)
    sn: \(name)
    mail: \(name)@example.org
    uidNumber: 1000
    gidNumber: 1000
    homeDirectory: /home/\(name)
    \(password.map { "userPassword: \($0)\n" } ?? "")\(more)


    """
  }

  private static let entries =
    """
    dn: ou=people,dc=example,dc=org
    objectClass: organizationalUnit
    ou: people


    """
    + person("anna", "", password: "x") + person("berta", "employeeType: TRUE", password: "x")
    + person("cleo", "", password: nil)
    + person("dora", "employeeNumber: 20200101000000Z", password: "x")
    + person("emma", "street: 192.0.2.0/24\nstreet: 2001:db8::/32", password: "x")
    + person("fay", "street: 198.51.100.0/24", password: "x")
    + person("gina", "description: /one\ndescription: /two", password: "x")
    + person("hanna", "description:: L2EAYg==\njpegPhoto:: L2EAYg==", password: "x")
    + person("ida", "jpegPhoto:: L/8=", password: "x")
    + person("jana", "description: \(String(repeating: "x", count: 10_000_000))", password: "x")
    + person("kim", "mail: twin@example.org", password: "x")
    + person("lea", "mail: twin@example.org", password: "x")
    + person("mia", "", password: "{CRYPT}$5$saltsalt$hcyDOxdIg0p3xyqtpHh/v8Ph.am06tQaovp1KpEklb7")
    + person("nora", "description: ../../etc", password: "x")

  private func settings(
    _ server: DirectoryServer, url: String? = nil, filter: String = "(mail={address})",
    verify: Plan.LDAP.Verify = .bind, base: String = "ou=people,dc=example,dc=org",
    tls: Plan.SourceTLS = .off, ca: String? = nil, timeout: Int = 5, isKnown: Bool = true,
    _ change: (inout Plan.LDAP.Attributes) -> Void = { $0.home = "homeDirectory" }
  ) throws -> Plan.LDAP {
    var ldap = Plan.LDAP(
      url: try LDAPURL(parsing: url ?? "ldap://127.0.0.1:\(server.port)"), base: base,
      filter: try LDAPFilter(parsing: filter), verify: verify, tls: tls, ca: ca)
    ldap.timeoutSeconds = timeout
    if isKnown {
      ldap.bindDN = "cn=ocean,dc=example,dc=org"
      ldap.password = .env("P")
    }
    change(&ldap.attributes)
    return ldap
  }

  private func source(
    _ ldap: Plan.LDAP, password: String = "secret-of-ocean", _ changes: Changes = Changes()
  ) -> LDAPSource {
    LDAPSource(
      ldap, password: ldap.password.map { _ in SecretBytes(password) }, observer: changes.observer)
  }

  private final class Changes: Sendable {
    let seen = Mutex<[String]>([])

    var observer: BackendObserver {
      BackendObserver(
        changed: { _, trouble in self.seen.withLock { $0.append(trouble == nil ? "back" : "away") } },
        answered: { _, _, _ in })
    }
  }

  private func login(_ login: String, _ source: LDAPSource, _ password: String = "x") -> String {
    let given = SecretBytes(password)
    let candidate = AccountDirectory([source], defaultDomain: "example.org") { 1_700_000_000_000_000_000 }
      .lookup(login, password: given, service: "pop3", peer: somewhere)
    if let reason = candidate.reason { return reason }
    do {
      guard let found = try candidate.verify(given).identity else { return "wrong" }
      return "\(found.name) \(found.home ?? "-")"
    } catch {
      return "temporary"
    }
  }

  private func reason(_ source: LDAPSource, _ login: String = "anna@example.org") throws -> String? {
    let question = AccountQuestion(
      names: [try name(login)], defaultDomain: nil, service: "pop3", client: somewhere,
      password: SecretBytes("x"))
    let answer = source.lookup(question)
    return answer.reason ?? source.lastHealth.problem?.reason
  }

  /// One server for all of it.
  @Test func `OpenLDAP`() throws {
    let server = try DirectoryServer(Self.entries)
    let first = source(try settings(server))
    try waitUntil { login("anna", first) != "temporary" }
    try logins(server)
    try entries(server)
    try comparing(server)
    try refusals(server)
    try transport(server)
    try shape(server)
    try cutOff(server)
    try stopped(server)
    let remembering = try settings(server, timeout: 1)
    try checkRememberedLogins(
      login: "anna", password: "x", of: "anna@example.org",
      {
        LDAPSource(
          remembering, password: SecretBytes("secret-of-ocean"), cacheSeconds: $0, observer: .nobody)
      }, server.kill)
    try killed(server)
  }

  private func logins(_ server: DirectoryServer) throws {
    let source = source(try settings(server))
    #expect(login("anna", source) == "anna@example.org /home/anna")
    #expect(login("ANNA@Example.ORG", source) == "anna@example.org /home/anna")
    #expect(login("anna", source, "wrong") == "wrong")
    #expect(login("nobody", source) == "wrong")
    // A directory takes an empty password for a login of nobody, and agrees.
    #expect(login("anna", source, "") == "wrong")
    #expect(login("anna", source, "x\0") == "wrong")
    #expect(login("anna", source, String(repeating: "x", count: 4000)) == "wrong")
    for login in [
      "*)(uid=*", "*", "anna*", "anna)(mail=*", "' OR 1=1 --", "anna\\2a", "(anna", "an\\", "anna@*", "*@*",
    ] {
      #expect(self.login(login, source) == "wrong", "\(login)")
    }
    // Whoever the connections were last, the next login is another's.
    #expect(login("berta", source) == "berta@example.org /home/berta")
    #expect(login("berta", source, "wrong") == "wrong")
    #expect(login("anna", source) == "anna@example.org /home/anna")
    // Without a password it is told that there is an account, and nothing else.
    guard
      case .entry(let entry) = AccountDirectory([source], defaultDomain: nil, now: { 0 }).find(
        "anna@example.org", service: "pop3", peer: somewhere)
    else {
      Issue.record("an account is not found without its password")
      return
    }
    #expect(entry.account.status == .active && entry.account.hasMainPassword)
    let byUser = self.source(try settings(server, filter: "(&(objectClass=posixAccount)(uid={user}))"))
    #expect(login("anna", byUser) == "anna@example.org /home/anna")
    #expect(login("anna@example.net", byUser) == "wrong")
    // Another domain's user of that name is found, and is somebody else.
    let either = self.source(try settings(server, filter: "(|(uid={user})(mail={address}))"))
    #expect(login("anna", either) == "anna@example.org /home/anna")
    #expect(
      login("anna@example.net", either).hasPrefix("the attribute mail is another name than that of the login")
    )
    let unseen = self.source(try settings(server, filter: "(|(uid={user})(title={address}))"))
    #expect(login("anna@example.net", unseen).hasPrefix("no attribute of its entry says"))
    // The directory ignores blanks around a value.
    #expect(login(" anna", byUser).hasPrefix("the attribute uid is another name than that of the login"))
  }

  private func entries(_ server: DirectoryServer) throws {
    let source = source(
      try settings(server) {
        $0.home = "description"
        $0.nologin = "employeeType"
        $0.expires = "employeeNumber"
        $0.allowNets = "street"
      })
    #expect(login("anna", source) == "anna@example.org -")
    #expect(login("berta", source) == "wrong")
    #expect(login("dora", source) == "wrong")
    #expect(login("emma", source) == "emma@example.org -")
    #expect(login("fay", source) == "wrong")
    #expect(login("gina", source).hasPrefix("the attribute description has 2 values"))
    #expect(login("nora", source).hasPrefix("the attribute description is not an absolute path"))
    let long = login("jana", source)
    #expect(long.hasPrefix("the attribute description has more than 64 KiB"), "\(long)")
    #expect(login("anna", source) == "anna@example.org -")
    #expect(login("twin", source) == "temporary")
    #expect(try reason(source, "twin@example.org") == "its filter finds several entries for twin@example.org")
    // The directory calls it street: by the other name its networks would be missed.
    let alias = self.source(try settings(server) { $0.allowNets = "streetAddress" })
    #expect(login("emma", alias) == "temporary")
    #expect(try reason(alias, "emma@example.org")?.hasPrefix("it gives an attribute 'street'") == true)
    let bytes = self.source(try settings(server) { $0.home = "jpegPhoto" })
    #expect(login("hanna", bytes).hasPrefix("the attribute jpegPhoto contains a NUL byte"))
    #expect(login("ida", bytes).hasPrefix("the attribute jpegPhoto is not UTF-8"))
    // OpenLDAP calls a login without a password of the entry a wrong one.
    #expect(login("cleo", source) == "wrong")
    #expect(source.lastHealth.problem == nil && bytes.lastHealth.problem == nil)
  }

  private func comparing(_ server: DirectoryServer) throws {
    let source = source(try settings(server, verify: .compare))
    #expect(login("mia", source) == "mia@example.org /home/mia")
    #expect(login("mia", source, "wrong") == "wrong")
    #expect(login("mia", source, "") == "wrong")
    #expect(login("cleo", source).hasPrefix("its entry has no attribute userPassword"))
    #expect(login("anna", source).hasPrefix("the password is not a well-formed hash"))
    // Nobody in particular may not read it.
    let blind = self.source(try settings(server, verify: .compare, isKnown: false))
    #expect(login("mia", blind).hasPrefix("its entry has no attribute userPassword"))
  }

  private func refusals(_ server: DirectoryServer) throws {
    let nobody = source(try settings(server, isKnown: false))
    #expect(login("anna", nobody) == "anna@example.org /home/anna")
    let forbidden = source(try settings(server), password: "wrong")
    #expect(login("anna", forbidden) == "temporary")
    #expect(
      try reason(forbidden) == "it does not let cn=ocean,dc=example,dc=org in: Invalid credentials")
    #expect(login("anna", source(try settings(server), password: "")) == "temporary")
    let elsewhere = source(try settings(server, base: "ou=nowhere,dc=example,dc=org"))
    #expect(login("anna", elsewhere) == "temporary")
    #expect(try reason(elsewhere) == "it has no entry ou=nowhere,dc=example,dc=org")
    #expect(elsewhere.lastHealth.problem == nil)
    let other = source(try settings(server, base: "dc=example,dc=com"))
    #expect(login("anna", other) == "temporary")
  }

  private func transport(_ server: DirectoryServer) throws {
    let ca = "\(server.directory.path)/server.pem"
    let secure = "ldaps://127.0.0.1:\(server.tlsPort)"
    for url in [secure, nil] {
      let known = try settings(server, url: url, tls: .verify, ca: ca)
      #expect(login("anna", source(known)) == "anna@example.org /home/anna")
      let open = try settings(server, url: url, tls: .require)
      #expect(login("anna", source(open)) == "anna@example.org /home/anna")
      // The system's CAs do not know it, and its certificate is for another name than localhost.
      #expect(login("anna", source(try settings(server, url: url, tls: .verify))) == "temporary")
      let named = (url ?? "ldap://127.0.0.1:\(server.port)").replacing("127.0.0.1", with: "localhost")
      let unnamed = source(try settings(server, url: named, tls: .verify, ca: ca))
      #expect(login("anna", unnamed) == "temporary")
      let reason = try reason(unnamed)
      #expect(
        reason == "its certificate is not for the host of the URL, or not from a CA in \(ca)",
        "\(reason ?? "")")
    }
    let nothing = source(try settings(server, url: "ldap://127.0.0.1:5"))
    #expect(try reason(nothing) == "nothing answers there")
    let missing = source(try settings(server, url: secure, tls: .verify, ca: "/nonexistent"))
    #expect(login("anna", missing) == "temporary")
    // What listens for TLS does not speak without it, and the other way round.
    #expect(
      login("anna", source(try settings(server, url: "ldap://127.0.0.1:\(server.tlsPort)"))) == "temporary")
    let plain = source(
      try settings(server, url: "ldaps://127.0.0.1:\(server.port)", tls: .require, timeout: 1))
    #expect(login("anna", plain) == "temporary")
    let local = source(try settings(server, url: "ldapi://\(server.socket)"))
    #expect(login("anna", local) == "anna@example.org /home/anna")
  }

  private func shape(_ server: DirectoryServer) throws {
    let password = SecretBytes("secret-of-ocean")
    let good = try DirectoryProbe(try settings(server), password: password)
    #expect(good.hasBase && good.unknown == [])
    let bad = try DirectoryProbe(
      try settings(
        server, filter: "(|(mail={address})(maill={address})(commonName=x))", verify: .compare,
        base: "ou=x,dc=example,dc=org"
      ) {
        $0.home = "homeDir"
        $0.mail = "HOMEDIRECTORY"
      }, password: password)
    #expect(!bad.hasBase && bad.unknown == ["homeDir", "maill"])
    #expect(good.aliases.isEmpty)
    #expect(bad.aliases.map(\.written) == ["commonName"] && bad.aliases.map(\.name) == ["cn"])
    #expect(
      throws: BackendError.notAdmitted("it does not let cn=ocean,dc=example,dc=org in: Invalid credentials")
    ) {
      try DirectoryProbe(try settings(server), password: SecretBytes("wrong"))
    }
  }

  /// Wherever an answer is cut off, it is no answer.
  private func cutOff(_ server: DirectoryServer) throws {
    let proxy = try CutOff(to: server.port)
    defer { proxy.stop() }
    let url = "ldap://127.0.0.1:\(proxy.port)"
    let whole = source(try settings(server, url: url))
    #expect(login("anna", whole) == "anna@example.org /home/anna")
    for limit in stride(from: 0, to: 400, by: 17) {
      proxy.limit.withLock { $0 = limit }
      let found = login("anna", source(try settings(server, url: url)))
      #expect(found == "temporary" || found == "anna@example.org /home/anna", "\(limit): \(found)")
      let wrong = login("anna", source(try settings(server, url: url)), "wrong")
      #expect(wrong == "temporary" || wrong == "wrong", "\(limit): \(wrong)")
    }
    proxy.limit.withLock { $0 = .max }
    // The connection from before is still there, and used.
    #expect(login("anna", whole) == "anna@example.org /home/anna")
  }

  /// A server that hangs answers nobody, and nobody waits long for it.
  private func stopped(_ server: DirectoryServer) throws {
    let changes = Changes()
    let source = source(try settings(server, timeout: 1), changes)
    #expect(login("anna", source) == "anna@example.org /home/anna")
    server.kill(SIGSTOP)
    let start = ContinuousClock.now
    #expect(login("anna", source) == "temporary")
    #expect(ContinuousClock.now - start < .seconds(3))
    while source.lastHealth.problem == nil { #expect(login("anna", source) == "temporary") }
    // Now it is known to be away, and costs no time; not even a wrong password.
    let later = ContinuousClock.now
    #expect(login("anna", source, "wrong") == "temporary")
    #expect(ContinuousClock.now - later < .milliseconds(500))
    server.kill(SIGCONT)
    try waitUntil { login("anna", source) == "anna@example.org /home/anna" }
    #expect(changes.seen.withLock { $0 } == ["away", "back"])
  }

  private func killed(_ server: DirectoryServer) throws {
    let changes = Changes()
    let source = source(try settings(server), changes)
    #expect(login("anna", source) == "anna@example.org /home/anna")
    server.kill(SIGKILL)
    #expect(login("anna", source) == "temporary")
    #expect(login("anna", source, "wrong") == "temporary")
    try server.start()
    try waitUntil { login("anna", source) == "anna@example.org /home/anna" }
    #expect(changes.seen.withLock { $0 } == ["away", "back"])
  }
}
