import OceanAddresses
import OceanPlan

extension Plan {
  /// A plan with an example of everything.
  static let example = try? Plan(
    server: Server(
      hostname: "mail.example.org", state: "/var/lib/ocean", user: "vmail", defaultDomain: "example.org"),
    log: Log(access: "/var/log/ocean/access.jsonl"),
    certificates: [
      Certificate(
        name: "ec", chain: "/etc/ocean/ec.pem", key: "/etc/ocean/ec.key", passphrase: .env("PHRASE"),
        leaf: .example),
      Certificate(name: "rsa", chain: "/etc/ocean/rsa.pem", key: "/etc/ocean/rsa.key", leaf: .example),
    ],
    accounts: [
      AccountSource(name: "main", passwdFile: "/etc/ocean/users.passwd"),
      AccountSource(name: "more", passwdFile: "/etc/ocean/more.passwd"),
    ],
    mail: Mail(maildir: MailTemplate(parsing: "/var/mail/{domain}/{user}/Maildir")),
    services: [
      Service(
        name: "one", enabled: true, listeners: [.local(110), .local(1110)], limits: .typical,
        accounts: ["main", "more"], plaintextLogin: AddressSet.loopback,
        tls: Service.TLS(explicit: .optional, certificates: ["ec"], profile: .modern)),
      Service(
        name: "two", enabled: false, listeners: [.local(2110)], limits: .typical,
        accounts: ["main"],
        plaintextLogin: AddressSet.all),
    ])
}

extension Plan.Listener {
  static func local(_ port: Int) -> Plan.Listener {
    Plan.Listener(address: IPAddress(v4: 127 << 24 | 1), port: port, tls: .none)
  }
}

extension Plan.LeafFacts {
  static let example = Plan.LeafFacts(
    fingerprint: String(repeating: "a1", count: 32),
    chainFingerprints: ["a1", "b2"].map { String(repeating: $0, count: 32) }, subject: "CN=mail.example.org",
    issuer: "CN=R11", names: ["mail.example.org"], notBefore: 1_790_000_000, notAfter: 1_800_000_000,
    keyType: "ECDSA prime256v1", keyFingerprint: String(repeating: "c3", count: 32))
}

extension Plan.Limits {
  static let typical = Plan.Limits()
}

/// Tests may spell paths; the program takes them from the catalogue.
extension SettingPath: ExpressibleByStringInterpolation {
  package init(stringLiteral text: String) { self.init(text) }
}
