import OceanPlan
import OceanSyntax

/// The settings table. Decoding, defaults, the JSON Schema, the reference and "did you mean" all come from here.
enum Settings {
  static let root = Section<Config>(summary: "the config", make: Config.init, settings: [
    Setting(
      "version", .integer(1...1), \.version, required: true,
      "The version of this format. There is one: 1."),
    Setting(
      "include", .list(.text("a file name or pattern"), of: "file names"), \.include,
      "More files of this config, `*` and `?` allowed; read in sorted order. Only this file may include. "
        + "Each key may be set in one file only."),
    Setting(
      "log", .section(log), \.log, children: log.rows(below: ""),
      "What is written where."),
    Setting(
      "server", .section(server), \.server, children: server.rows(below: ""),
      "What holds for the whole server."),
    Setting(
      "accounts", .named(accounts, thing: "an account source"), \.accounts, required: true,
      children: accounts.rows(below: "NAME"),
      "Where users and passwords are, by name."),
    Setting(
      "mail", .section(mail), \.mail, required: true, children: mail.rows(below: ""),
      "Where the mail is."),
    Setting(
      "service_defaults", .section(service), \.serviceDefaults,
      "Settings for every service that does not have its own. Lists replace each other, they do not merge."),
    Setting(
      "services", .named(service, thing: "a service"), \.services, required: true,
      children: service.rows(below: "NAME"),
      "The services, by name. One that is present is enabled."),
    Setting(
      "acknowledge", .list(.section(acknowledgement), of: "acknowledgements"), \.acknowledge,
      "Warnings that are known and accepted. They are still listed, as acknowledged, but no longer counted."),
  ])

  static let log = Section<Config.Log>(summary: "the log section", make: Config.Log.init, settings: [
    Setting(
      "access", .path, \.access, default: "no access log",
      "The access log: one JSON object a line for each session, refusal and failed login. "
        + "It is reopened when it was rotated away.")
  ])

  static let server = Section<Config.Server>(summary: "the server section", make: Config.Server.init, settings: [
    Setting(
      "hostname", .hostName, \.hostname, default: "the host's own name",
      "The name the server greets its clients with."),
    Setting(
      "bind", .serverBind, \.bind, default: "loopback, 127.0.0.1 and ::1",
      "The addresses that `bind: default` of a service means. Host names are resolved when the config is "
        + "compiled."),
    Setting(
      "state", .path, \.state, default: "/var/lib/ocean",
      "The directory for what the server keeps: mailbox locks now. It must exist and belong to the user that "
        + "the server runs as."),
    Setting(
      "user", .text("the name of a user"), \.user, default: "the user who starts it; required for root",
      "The user to become before the first client is served. The Maildirs must belong to it."),
    Setting(
      "default_domain", .hostName, \.defaultDomain, default: "none",
      "The domain of a login without `@`: with example.org, `anna` and `anna@example.org` are one account."),
    Setting(
      "drain_timeout", .duration(0...86_400), \.drainTimeout, default: "30s",
      "How long sessions may go on after the server was asked to stop."),
  ])

  static let accounts = Section<Config.Accounts>(
    summary: "an account source", make: Config.Accounts.init,
    settings: [
      Setting(
        "passwd_file", .path, \.passwdFile, required: true,
        "A file of lines `user:{SCHEME}hash:uid:gid:gecos:home:shell:extra`, the format of Dovecot's "
          + "passwd-file. Changes are picked up at the next login.")
    ])

  static let mail = Section<Config.Mail>(summary: "the mail section", make: Config.Mail.init, settings: [
    Setting(
      "maildir", .maildirTemplate, \.maildir, required: true,
      "The Maildir of an account: a path in which `{user}`, `{domain}` and `{home}` stand for the account's.")
  ])

  static let service = Section<Config.Service>(summary: "a service", make: Config.Service.init, settings: [
    Setting(
      "kind", .choice([("pop3", .pop3)]), \.kind, default: "pop3",
      "What the service speaks."),
    Setting(
      "enabled", .boolean, \.enabled, default: "true",
      "Whether the service runs. A disabled one is checked all the same."),
    Setting(
      "bind", .serviceBind, \.bind, default: "default",
      "The addresses it listens on: those of the server section, all, or its own."),
    Setting(
      "ports", .list(.integer(1...65_535), of: "ports"), \.ports, default: "110",
      "The ports it listens on, on each of its addresses."),
    Setting(
      "max_connections", .integer(1...100_000), \.maxConnections, default: "200",
      "Most sessions at one time, over all its addresses and ports. One more is told so and closed."),
    Setting(
      "idle_timeout", .duration(1...86_400), \.idleTimeout, default: "10m",
      "A session without traffic for this long is closed, and nothing is deleted. RFC 1939 wants at least 10m."),
    Setting(
      "login_timeout", .duration(1...3600), \.loginTimeout, default: "1m",
      "How long a client may take to log in."),
    Setting(
      "max_login_attempts", .integer(1...100), \.maxLoginAttempts, default: "3",
      "Failed logins after which a connection is closed."),
    Setting(
      "max_bad_commands", .integer(1...1000), \.maxBadCommands, default: "10",
      "Unknown or malformed commands in a row after which a connection is closed."),
    Setting(
      "accounts", .list(.name(of: "an account source"), of: "names of account sources"), \.accounts,
      default: "all, in the order of their names",
      "Who may log in: account sources, asked in this order."),
    Setting(
      "plaintext_login", .plaintextLogin, \.plaintextLogin, default: "loopback",
      "From where clients may send their password in clear text."),
  ])

  static let acknowledgement = Section<Config.Acknowledgement>(
    summary: "an acknowledgement", make: Config.Acknowledgement.init,
    settings: [
      Setting("code", .text("the code of a warning"), \.code, required: true, "The warning's code, like OC0401."),
      Setting("reason", .text("a reason"), \.reason, required: true, "Why it is accepted, for those who come after."),
    ])

  /// For each key, the sections it is known in.
  static let placesByKey: [String: [String]] = {
    var places: [String: [String]] = [:]
    func add(_ keys: [String], _ place: String) {
      for key in keys { places[key, default: []].append(place) }
    }
    add(root.settings.map(\.key), "the top level")
    add(log.settings.map(\.key), "log")
    add(server.settings.map(\.key), "server")
    add(accounts.settings.map(\.key), "accounts.NAME")
    add(mail.settings.map(\.key), "mail")
    add(service.settings.map(\.key), "services.NAME")
    return places
  }()
}
