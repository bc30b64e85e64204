import Foundation
import OceanAddresses
import OceanBase
import OceanPlan
import Synchronization
import TestSupport
import Testing

@testable import OceanAccess

/// Accounts behind saslauthd and Dovecot, which are killed, stopped, started again and cut off in the middle.
@Suite(.serialized) struct SocketServerTests {
  private final class Changes: Sendable {
    let seen = Mutex<[String]>([])

    var observer: BackendObserver {
      BackendObserver(
        changed: { _, trouble in self.seen.withLock { $0.append(trouble == nil ? "back" : "away") } },
        answered: { _, _, _ in })
    }
  }

  private func login(
    _ login: String, _ password: String = "secret", _ source: any AccountSource,
    domain: String? = "example.org", from peer: IPAddress = somewhere
  ) -> String {
    let password = SecretBytes(password)
    let candidate = AccountDirectory([source], defaultDomain: domain) { 0 }.lookup(
      login, password: password, service: "pop3", peer: peer)
    if let reason = candidate.reason { return reason }
    do {
      guard let found = try candidate.verify(password).identity else { return "wrong" }
      return "\(found.name) \(found.home ?? "-") \(found.maildir ?? "-")"
    } catch {
      return "temporary"
    }
  }

  private func find(_ login: String, _ source: any AccountSource) -> String {
    switch AccountDirectory([source], defaultDomain: "example.org", now: { 0 }).find(
      login, service: "pop3", peer: somewhere)
    {
    case .entry(let entry): "\(entry.identity.name) \(entry.account.home ?? "-")"
    case .nobody: "nobody"
    case .unavailable: "unavailable"
    }
  }

  /// A program that hangs answers nobody, and nobody waits long for it; one that was killed comes back.
  private func away(
    _ server: SocketServer, _ source: any AccountSource, _ changes: Changes, _ right: String
  ) throws {
    #expect(login("anna", source) == right)
    server.kill(SIGSTOP)
    let start = ContinuousClock.now
    #expect(login("anna", source) == "temporary")
    #expect(ContinuousClock.now - start < .seconds(3))
    while source.lastHealth.problem == nil { #expect(login("anna", "wrong", source) == "temporary") }
    // Now it is known to be away, and costs no time.
    let later = ContinuousClock.now
    #expect(login("anna", "wrong", source) == "temporary")
    #expect(ContinuousClock.now - later < .milliseconds(500))
    server.kill(SIGCONT)
    try waitUntil { login("anna", source) == right }
    #expect(changes.seen.withLock { $0 } == ["away", "back"])

    server.kill(SIGKILL)
    #expect(login("anna", source) == "temporary")
    #expect(login("anna", "wrong", source) == "temporary")
    try server.start()
    try waitUntil { login("anna", source) == right }
    #expect(login("anna", "wrong", source) == "wrong")
    #expect(changes.seen.withLock { $0 } == ["away", "back", "away", "back"])
  }

  private func login(_ name: String, _ source: any AccountSource) -> String {
    login(name, "secret", source)
  }

  // MARK: - saslauthd

  private func saslauthd(
    _ socket: String, realm: String? = nil, service: String = "pop", timeout: Int = 10,
    _ changes: Changes = Changes()
  ) -> SaslauthdSource {
    var settings = Plan.Saslauthd(socket: socket, realm: realm)
    (settings.service, settings.timeoutSeconds) = (service, timeout)
    return SaslauthdSource(settings, observer: changes.observer)
  }

  @Test(.enabled(if: SaslauthdServer.canRun, "needs Debian's package sasl2-bin, and root"))
  func `saslauthd`() throws {
    let server = try SaslauthdServer()
    let source = saslauthd(server.socket)
    let right = "anna@example.org - -"
    try waitUntil { login("anna", source) == right }
    #expect(login("ANNA@example.org", source) == right)
    #expect(login("anna", "wrong", source) == "wrong")
    #expect(login("nobody", source) == "wrong")
    #expect(login("anna", "", source) == "wrong")
    // PAM would take what is before the NUL.
    #expect(login("anna", "secret\u{0}x", source) == "wrong")
    #expect(login("anna", String(repeating: "x", count: 300), source) == "wrong")
    #expect(login("berta", source) == "saslauthd says 'PAM acct error': the account may not log in")
    #expect(login("berta", "wrong", source) == "wrong")
    // saslauthd would take anna@example.net for the anna of this host.
    #expect(login("anna@example.net", source) == "wrong")
    #expect(login("anna@example.org", "secret", source, domain: nil) == "wrong")
    #expect(login("anna", "secret", source, domain: nil) == "anna - -")
    #expect(find("anna", source) == "unavailable")
    #expect(source.lastHealth.problem == nil)

    let proxy = try UnixProxy(to: server.socket, in: server.directory, "proxy")
    defer { proxy.stop() }
    let cut = saslauthd(proxy.path)
    #expect(login("anna", cut) == right)
    for limit in 0..<4 {
      proxy.limit.withLock { $0 = limit }
      #expect(login("anna", saslauthd(proxy.path)) == "temporary", "\(limit)")
      #expect(login("anna", "wrong", saslauthd(proxy.path)) == "temporary", "\(limit)")
    }
    proxy.limit.withLock { $0 = .max }
    #expect(login("anna", cut) == right)
    proxy.change.withLock { $0 = { _ in "\u{0}\u{4}OKAY" } }
    #expect(login("anna", cut) == "temporary")
    proxy.change.withLock { $0 = { _ in "\u{7f}\u{7f}OK" } }
    #expect(login("anna", cut) == "temporary")
    #expect(cut.lastHealth.problem == nil)

    let changes = Changes()
    try away(server, saslauthd(server.socket, timeout: 1, changes), changes, right)
    var settings = Plan.Saslauthd(socket: server.socket)
    settings.timeoutSeconds = 1
    try checkRememberedLogins(
      login: "anna", password: "secret", of: "anna@example.org",
      { [settings] in SaslauthdSource(settings, cacheSeconds: $0, observer: .nobody) }, server.kill)
  }

  @Test(.enabled(if: SaslauthdServer.canRun, "needs Debian's package sasl2-bin, and root"))
  func `saslauthd with realms knows domains`() throws {
    let server = try SaslauthdServer("-r")
    let source = saslauthd(server.socket, realm: Plan.Saslauthd.domain)
    try waitUntil { login("anna", source) == "anna@example.org - -" }
    #expect(login("anna@example.net", source) == "anna@example.net - -")
    #expect(login("anna@example.com", source) == "wrong")
    #expect(login("berta", source) == "wrong")
    #expect(login("anna", saslauthd(server.socket, realm: "example.org")) == "anna@example.org - -")
  }

  // MARK: - Dovecot

  private func dovecot(
    _ auth: String, _ users: String?, timeout: Int = 10, _ changes: Changes = Changes()
  ) -> DovecotSource {
    var settings = Plan.Dovecot(auth: auth, users: users)
    settings.timeoutSeconds = timeout
    return DovecotSource(settings, observer: changes.observer)
  }

  private static let accounts = """
    anna@example.org:{PLAIN}secret:1000:1000::/home/anna::
    berta@example.org:{PLAIN}secret:1000:1000::/home/berta::userdb_mail=maildir:~/Mail
    cleo@example.org:{PLAIN}secret:1000:1000::/home/cleo::allow_nets=198.51.100.0/24
    dora@example.org:{PLAIN}secret:1000:1000::/home/dora::user=anna@example.org
    emma@example.org:{PLAIN}secret:1000:1000::/home/emma::proxy=y host=192.0.2.7
    flora@example.org:{PLAIN}secret:1000:1000::/home/flora::nologin=y
    gina@example.org:{PLAIN}secret:1000:1000::../../etc::
    hanna@example.org:{PLAIN}secret:1000:1000::/home/hanna::userdb_mail=mbox:~/mail
    ida:{PLAIN}secret:1000:1000::/home/ida::

    """

  @Test(.enabled(if: DovecotServer.canRun, "\(InstalledDovecot.absence)"))
  func `Dovecot`() throws {
    let server = try DovecotServer(Self.accounts)
    let source = dovecot(server.auth, server.users)
    let right = "anna@example.org /home/anna -"
    try waitUntil { login("anna", source) == right }
    #expect(login("anna@example.org", source) == right)
    #expect(login("anna", "wrong", source) == "wrong")
    for stranger in ["nobody", "anna@example.net", "' OR 1=1 --", "*)(uid=*", "a b", "ännä"] {
      #expect(login(stranger, source) == "wrong", "\(stranger)")
    }
    #expect(login("anna", "", source) == "wrong")
    #expect(login("anna", "secret\u{0}", source) == "wrong")
    #expect(login("anna", "se\tcret\n", source) == "wrong")
    #expect(login("berta", source) == "berta@example.org /home/berta /home/berta/Mail")
    // Dovecot sees the client's address.
    #expect(login("cleo", source) == "wrong")
    let near = try IPAddress(parsing: "198.51.100.7")
    #expect(login("cleo", "secret", source, from: near) == "cleo@example.org /home/cleo -")
    // Dovecot says whose account it is.
    #expect(login("dora", source) == right)
    #expect(login("emma", source).contains("proxy"))
    #expect(login("flora", source).contains("nologin"))
    #expect(login("flora", "wrong", source) == "wrong")
    #expect(login("gina", source) == "the field home is not an absolute path; the account cannot log in")
    #expect(
      login("hanna", source) == "the field mail is not the path of a Maildir; the account cannot log in")
    // The second of the names that the login may mean.
    #expect(login("ida", source) == "ida@example.org /home/ida -")
    #expect(find("anna", source) == "anna@example.org /home/anna")
    #expect(find("nobody", source) == "nobody")
    #expect(source.lastHealth.problem == nil)

    let alone = dovecot(server.auth, nil)
    #expect(login("anna", alone) == "anna@example.org - -")
    #expect(login("anna", "wrong", alone) == "wrong")
    #expect(find("anna", alone) == "unavailable")

    try probes(server)
    try cutOff(server, right)
    let changes = Changes()
    try away(server, dovecot(server.auth, server.users, timeout: 1, changes), changes, right)
    var settings = Plan.Dovecot(auth: server.auth, users: server.users)
    settings.timeoutSeconds = 1
    try checkRememberedLogins(
      login: "anna", password: "secret", of: "anna@example.org",
      { [settings] in DovecotSource(settings, cacheSeconds: $0, observer: .nobody) }, server.kill)
  }

  private func probes(_ server: DovecotServer) throws {
    try SocketProbe.dovecotAuth(server.auth)
    try SocketProbe.dovecotUsers(server.users)
    // Each is the other's.
    #expect(throws: BackendError.self) { try SocketProbe.dovecotAuth(server.users) }
    #expect(throws: BackendError.self) { try SocketProbe.dovecotUsers(server.auth) }
    #expect(throws: BackendError.self) { try SocketProbe.saslauthd(server.auth + "x") }
  }

  /// Wherever an answer is cut off, or changed, it is no answer.
  private func cutOff(_ server: DovecotServer, _ right: String) throws {
    let auth = try UnixProxy(to: server.auth, in: server.directory, "auth-proxy")
    let users = try UnixProxy(to: server.users, in: server.directory, "users-proxy")
    defer {
      auth.stop()
      users.stop()
    }
    let whole = dovecot(auth.path, users.path)
    #expect(login("anna", whole) == right)
    for proxy in [auth, users] {
      for limit in stride(from: 0, to: 200, by: 13) {
        proxy.limit.withLock { $0 = limit }
        let found = login("anna", dovecot(auth.path, users.path))
        #expect(found == "temporary" || found == right, "\(limit): \(found)")
        let wrong = login("anna", "wrong", dovecot(auth.path, users.path))
        #expect(wrong == "temporary" || wrong == "wrong", "\(limit): \(wrong)")
      }
      proxy.limit.withLock { $0 = .max }
    }
    let changed: [(UnixProxy, String, String)] = [
      (auth, "OK\t1\t", "OK\t2\t"), (auth, "user=anna", "user=emma"), (auth, "MECH\tPLAIN", "MECH\tLOGIN"),
      (auth, "VERSION\t1", "VERSION\t2"), (auth, "OK\t1\t", "CONT\t1\t"),
      (auth, "OK\t1\tuser=anna@example.org", "FAIL\t1\ttemp"), (users, "USER\t1\tanna", "USER\t1\temma"),
      (users, "USER\t1", "USER\t7"), (users, "USER\t1", "FAIL\t1"), (auth, "OK\t1\t", "\u{1}\u{2}"),
      (users, "\n", String(repeating: "x", count: 70_000)),
    ]
    for (proxy, old, new) in changed {
      proxy.change.withLock { $0 = { $0.replacing(old, with: new) } }
      #expect(login("anna", dovecot(auth.path, users.path)) == "temporary", "\(old) \(new.prefix(20))")
      proxy.change.withLock { $0 = nil }
    }
    // The source from before goes on.
    #expect(login("anna", whole) == right)
    try unread(server, auth, users, right)
  }

  /// A connection that still waits for an answer is not kept, whatever the other one says: the answer would be taken for
  /// that to the next question.
  private func unread(_ server: DovecotServer, _ auth: UnixProxy, _ users: UnixProxy, _ right: String) throws
  {
    var settings = Plan.Dovecot(auth: auth.path, users: users.path)
    (settings.timeoutSeconds, settings.connections) = (1, 1)
    let source = DovecotSource(settings, observer: .nobody)
    let greetings = Mutex(0)
    let counted: @Sendable (String) -> String = { text in
      if text.hasPrefix("VERSION") { greetings.withLock { $0 += 1 } }
      return text
    }
    users.change.withLock { $0 = counted }
    #expect(login("anna@example.org", source) == right)
    users.change.withLock { $0 = { $0.hasPrefix("USER") ? "" : counted($0) } }
    auth.change.withLock { $0 = { $0.hasPrefix("OK\t2\t") ? "FAIL\t2\ttemp\n" : $0 } }
    #expect(login("berta@example.org", source) == "temporary")
    users.change.withLock { $0 = counted }
    auth.change.withLock { $0 = nil }
    #expect(login("anna@example.org", source) == right)
    #expect(greetings.withLock { $0 } == 2)
    users.change.withLock { $0 = nil }
  }

  @Test func `a peer that sends octet by octet makes nobody wait longer`() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/drip"
    let server = try SocketServer(
      directory,
      [
        "/usr/bin/env", "python3", "-c",
        "import socket,time\ns=socket.socket(socket.AF_UNIX)\ns.bind('\(path)')\ns.listen()\nc,_=s.accept()\n"
          + "while True: c.send(b'x'); time.sleep(0.005)",
      ])
    var connection: UnixConnection?
    try waitUntil {
      connection = try? UnixConnection(to: path, of: "it", until: SystemClock.boot.now + 1_000_000_000)
      return connection != nil
    }
    let start = ContinuousClock.now
    #expect(throws: BackendError.timedOut) {
      try connection?.line(until: SystemClock.boot.now + 100_000_000)
    }
    #expect(ContinuousClock.now - start < .seconds(5))
    server.kill(SIGKILL)
  }
}
