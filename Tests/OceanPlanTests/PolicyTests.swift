import OceanAddresses
@testable import OceanPlan
import Testing

/// Tests what the policy of a plan has, for each row of the catalogue.
@Suite struct PolicyTests {
  let plan: Plan

  init() throws {
    var plan = try #require(Plan.example)
    plan.monitor = Plan.Monitor(bind: [Endpoint(address: .loopback(.v4), port: 9464)], token: .file("/t"))
    plan.server.ticketSecret = .file("/t")
    plan.server.sharedState.url = try SharedStateURL(parsing: "valkey://192.0.2.1")
    plan.server.sharedState.password = .file("/v")
    plan.server.sharedState.ca = "/etc/ca.pem"
    plan.server.sharedState.sentinel.password = .file("/s")
    plan.accounts[0].saslauthd.socket = "/run/mux"
    plan.accounts[0].dovecot = Plan.Dovecot(auth: "/run/auth", users: "/run/users")
    plan.accounts[0].sql = Plan.SQL(
      url: try DatabaseURL(parsing: "sqlite:/var/lib/a.db"), password: .env("A"), ca: "/etc/ca.pem")
    plan.accounts[0].ldap = Plan.LDAP(url: try LDAPURL(parsing: "ldapi:///run/a"), ca: "/etc/ca.pem")
    plan.accounts[0].ldap.password = .file("/a")
    self.plan = plan
  }

  @Test func `a change of what is a node's own keeps the policy, and any other changes it`() throws {
    let policy = try plan.policy
    var kinds: [SettingOwnerKind] = []
    for edit in plan.edits {
      let info = try #require(Plan.info(of: edit.path), "\(edit.path)")
      var changed = plan
      edit.apply(&changed)
      #expect(changed != plan, "\(edit.path)")
      kinds.append(info.owner)
      // The edit of a value that is a node's own but for a part changes that part.
      #expect(try (changed.policy == policy) == (info.owner == .node), "\(edit.path)")
    }
    #expect(kinds.contains(.node) && kinds.contains(.policy))
  }

  @Test func `what a node has of a value of which the policy has a part is its own`() throws {
    let policy = try plan.policy
    var known: Set<String> = []
    for (path, edit) in Self.ownEdits {
      var changed = plan
      try edit(&changed)
      #expect(changed != plan, "\(path)")
      #expect(try changed.policy == policy, "\(path)")
      known.insert(path)
    }
    let parts = Plan.catalogue.filter { if case .nodeBut = $0.owner { true } else { false } }
    #expect(known == Set(parts.map(\.path.description)))
  }

  /// Another value of each setting whose policy has a part of it, with the same part.
  private static let ownEdits: [(String, @Sendable (inout Plan) throws -> Void)] = [
    ("log.access", { $0.log.access = "/other" }),
    ("mail.maildir", { $0.mail.maildir = try MailTemplate(parsing: "/srv/a/{domain}/{user}/Maildir") }),
    (
      "monitor.bind",
      { plan in
        plan.monitor.bind = [.loopback(.v6), IPAddress(v4: 7)].map { Endpoint(address: $0, port: 9464) }
      }
    ),
    ("server.ticket_secret", { $0.server.ticketSecret = .credential("tickets") }),
    ("server.shared_state.password", { $0.server.sharedState.password = .credential("valkey") }),
    (
      "server.shared_state.sentinel.password",
      { $0.server.sharedState.sentinel.password = .credential("sentinel") }
    ),
    ("server.shared_state.ca", { $0.server.sharedState.ca = "/etc/other.pem" }),
    ("monitor.token", { $0.monitor.token = .credential("token") }),
    ("accounts.NAME.passwd_file", { $0.accounts[1].passwdFile = "/other" }),
    ("accounts.NAME.sql.url", { $0.accounts[0].sql.url = try DatabaseURL(parsing: "sqlite:/b.db") }),
    ("accounts.NAME.sql.password", { $0.accounts[0].sql.password = .file("/b") }),
    ("accounts.NAME.sql.ca", { $0.accounts[0].sql.ca = "/b" }),
    ("accounts.NAME.ldap.url", { $0.accounts[0].ldap.url = try LDAPURL(parsing: "ldapi:///run/b") }),
    ("accounts.NAME.ldap.password", { $0.accounts[0].ldap.password = .env("B") }),
    ("accounts.NAME.ldap.ca", { $0.accounts[0].ldap.ca = "/b" }),
    ("accounts.NAME.saslauthd.socket", { $0.accounts[0].saslauthd.socket = "/b" }),
    ("accounts.NAME.dovecot.auth", { $0.accounts[0].dovecot.auth = "/b" }),
    ("accounts.NAME.dovecot.users", { $0.accounts[0].dovecot.users = "/b" }),
    (
      "services.NAME.listeners",
      { plan in
        plan.services[0].listeners = [
          Plan.Listener(address: .loopback(.v6), port: 1110, tls: .none),
          Plan.Listener(address: IPAddress(v4: 9), port: 110, tls: .none),
          Plan.Listener(address: .loopback(.v6), port: 110, tls: .none),
        ]
      }
    ),
  ]

  @Test func `another port, and TLS from the first octet, are another policy`() throws {
    var (port, tls) = (plan, plan)
    port.services[0].listeners[0].port = 111
    tls.services[0].listeners[0].tls = .implicit
    #expect(Set([try plan.policy, try port.policy, try tls.policy]).count == 3)
  }

  @Test(arguments: [
    ("/var/mail/{domain}/{user}/Maildir", "/srv/vhosts/{domain}/{user}/Maildir", true),
    ("/var/mail/{domain}/{user}/Maildir", "/var/mail/{user}/{domain}/Maildir", false),
    ("/var/mail/u-{user}", "/srv/u-{user}", true), ("/var/mail/u-{user}", "/var/mail/v-{user}", false),
    ("{home}/Maildir", "{home}/Mail", false), ("/{user}", "/srv/{user}", true),
  ])
  func `where the mail is, is a node's own in its beginning`(
    _ one: String, _ other: String, _ isSame: Bool
  ) throws {
    var (a, b) = (plan, plan)
    a.mail.maildir = try MailTemplate(parsing: one)
    b.mail.maildir = try MailTemplate(parsing: other)
    #expect(try (a.policy == b.policy) == isSame)
  }

  @Test func `a database on a server is the policy's`() throws {
    var (a, b) = (plan, plan)
    a.accounts[0].sql.url = try DatabaseURL(parsing: "postgresql://ocean@db1.example.org/mail")
    b.accounts[0].sql.url = try DatabaseURL(parsing: "postgresql://ocean@db2.example.org/mail")
    #expect(try a.policy != b.policy)
  }

  @Test func `a plan file has the policy beside the digest and does not read it`() throws {
    let file = try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: PlanRules())
    let text = String(decoding: try file.json, as: UTF8.self)
    let policy = try file.policy
    #expect(text.contains("\"policy\" : \"\(policy)\""))
    #expect(policy != file.digest)
  }
}
