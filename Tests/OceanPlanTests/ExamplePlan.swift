import OceanPlan

extension Plan {
  /// A plan with something of everything.
  static let example = try? Plan(
    server: Server(
      hostname: "mail.example.org", state: "/var/lib/ocean", user: "vmail", defaultDomain: "example.org",
      drainSeconds: 30),
    log: Log(access: "/var/log/ocean/access.jsonl"),
    accounts: [
      AccountSource(name: "main", passwdFile: "/etc/ocean/users.passwd"),
      AccountSource(name: "more", passwdFile: "/etc/ocean/more.passwd"),
    ],
    mail: Mail(maildir: MailTemplate(parsing: "/var/mail/{domain}/{user}/Maildir")),
    services: [
      Service(
        name: "one", kind: .pop3, enabled: true, listeners: [.local(110), .local(1110)], limits: .typical,
        accounts: ["main", "more"], plaintextLogin: Service.loopback),
      Service(
        name: "two", kind: .pop3, enabled: false, listeners: [.local(2110)], limits: .typical,
        accounts: ["main"],
        plaintextLogin: Service.everywhere),
    ])
}

extension Plan.Listener {
  static func local(_ port: Int) -> Plan.Listener {
    Plan.Listener(address: IPAddress(v4: 127 << 24 | 1), port: port, tls: .none)
  }
}

extension Plan.Limits {
  static let typical = Plan.Limits(
    connections: 200, idleSeconds: 600, loginSeconds: 60, loginAttempts: 3, badCommands: 10,
    failureDelayMilliseconds: 2000, lineOctets: 255, outputOctets: 128 * 1024)
}
