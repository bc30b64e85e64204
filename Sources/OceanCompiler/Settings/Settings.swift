import OceanAddresses
import OceanBase
import OceanPlan
import OceanSyntax

/// The settings table. Decoding, defaults, the JSON Schema, the reference and "did you mean" all come from
/// here.
enum Settings {
  static let root = Section<Config>(
    summary: "the config",
    settings: [
      Setting(
        "version", .integer(1...1), \.version, required: "1",
        "The version of this format. The only one is 1."),
      Setting(
        "include", .list(.text("a file name or pattern"), of: "file names"), \.include,
        "More files of this config, `*` and `?` allowed; read in sorted order. Only this file may include. "
          + "Each key may be set in one file only."),
      Setting(
        "log", .section(log), \.log,
        "What is logged, and where."),
      Setting(
        "server", .section(server), \.server,
        "Settings of the whole server."),
      Setting(
        "certificates", .named(certificate, thing: "a certificate", things: "certificates"), \.certificates,
        "Certificates for TLS, by name. With one, services have TLS unless they say otherwise."),
      Setting(
        "accounts", .named(accounts, thing: "an account source", things: "account sources"), \.accounts,
        required: "{ main: { passwd_file: users.passwd } }",
        "Where accounts and their passwords are kept, by name."),
      Setting(
        "address_lists", .namedAddresses, \.addressLists,
        "Address lists by name. A name can be written wherever addresses are."),
      Setting(
        "mail", .section(mail), \.mail, required: "{ maildir: \"/var/mail/vhosts/{domain}/{user}/Maildir\" }",
        "Where the mail is, and which unique ids its messages have."),
      Setting(
        "monitor", .section(monitor), \.monitor, default: .words("no monitor"),
        "A listener for metrics (`/metrics`, for Prometheus), for health checks (`/healthz`, `/readyz`) and for a page about "
          + "what the server does (`/`). It can only be read, and speaks HTTP without TLS."),
      Setting(
        "service_defaults", .section(service, isListed: false), \.serviceDefaults,
        "Defaults for all services; takes the settings of `services.NAME`. A list of a service replaces the list here; "
          + "they do not merge."),
      Setting(
        "services", .named(service, thing: "a service", things: "services"), \.services,
        required: "{ pop3: {} }",
        "The services, by name. A service that is present is enabled."),
      Setting(
        "expect", .list(.expectation, of: "expectations"), \.expect,
        "Which addresses must be able to connect or to log in, and which must not; and bounds on lists and services. Checked "
          + "whenever the config is compiled; an expectation that does not hold is an error that names the rule to blame."
      ),
      Setting(
        "acknowledge", .list(.section(acknowledgement), of: "acknowledgements"), \.acknowledge,
        "Warnings that are known and accepted. They are still listed, as acknowledged, but no longer counted."
      ),
    ])

  static let log = Section<Config.Log>(
    summary: "the log section",
    example: "log: { access: /var/log/ocean/access.jsonl }",
    settings: [
      Setting(
        Plan.Log.access, .path, \.access, default: .words("no access log"),
        "The access log, a regular file and not a link: one JSON object a line for each session, refusal and failed login. "
          + "It is reopened after it was rotated away."),
      Setting(
        Plan.Log.logins, .choice([("on", .on), ("failures", .failures), ("off", .off)]), \.logins,
        default: .words("`on` without an access log, `off` with one, which has all of this and more"),
        "What the server's own log has of clients, on standard error or in the journal: with `on` a line for each login, "
          + "failed login and refusal, with `failures` one for the latter two. Of each kind it has a limited number of lines "
          + "in a second, and a count of the others."),
    ])

  static let server = Section<Config.Server>(
    summary: "the server section",
    settings: [
      Setting(
        Plan.Server.hostname, .hostName, \.hostname, default: .words("the host's own name"),
        "The name the server greets its clients with."),
      Setting(
        "bind", .serverBind, \.bind, default: .words("loopback, 127.0.0.1 and ::1"),
        "The addresses that `bind: default` of a service means. Host names are resolved when the config is "
          + "compiled."),
      Setting(
        Plan.Server.state, .path, \.state, default: .written(Defaults.state),
        "The directory for what the server keeps: mailbox locks and indexes, blocked addresses, plans and the control socket. It must exist and belong to the user that "
          + "the server runs as."),
      Setting(
        Plan.Server.user, .text("the name of a user"), \.user,
        default: .words("the user who starts it; required for root"),
        "The user to become before the first client is served. The Maildirs must belong to it."),
      Setting(
        Plan.Server.defaultDomain, .hostName, \.defaultDomain, default: .words("none"),
        "The domain of a login without `@`: with example.org, `anna` and `anna@example.org` are one account."),
      Setting(
        Plan.Server.drainTimeout, \.drainTimeout,
        "How long sessions may go on after the server was asked to stop."),
      Setting(
        Plan.Server.ticketSecret, .secret, \.ticketSecret,
        default: .words("keys of this process, which no other has"),
        "Where the secret is from which keys of TLS session tickets are derived: `{ file: PATH }`, `{ env: VARIABLE }` or "
          + "`{ credential: NAME }`, at least 32 octets. On hosts with one secret and one certificate, a client resumes its "
          + "session on any of them, and after a restart. There is a new key for each hour; the clocks of the hosts may be "
          + "an hour apart. Who has the secret can read what was sent under TLS 1.2."),
      Setting(
        "limits", .section(serverLimits), \.limits,
        "Limits of an address, over all services together."),
      Setting(
        "anti_hammering", .section(antiHammering), \.antiHammering,
        "When an address that guesses passwords is blocked. Services take part unless they say `anti_hammering: false`."
      ),
      Setting(
        "shared_state", .section(sharedState), \.sharedState,
        "Where servers count together: failed logins, blocks and connections of addresses, over all that name the same engine and prefix. "
          + "While it is away, each counts alone."),
      Setting(
        "protect", .addresses, \.protect, default: .words("none"),
        "Addresses that must be able to connect to every enabled service, and to log in: short for an `expect` with "
          + "`verdict: allow` and `can: login`."),
    ])

  static let serverLimits = Section<Config.ServerLimits>(
    summary: "the limits of the server",
    example: "limits: { connections_per_ip: 20 }",
    settings: [
      Setting(
        Plan.Server.Limits.connectionsPerIP, \.connectionsPerIP,
        "The most connections of one address at one time. A further one gets an error and is closed."),
      Setting(
        Plan.Server.Limits.except, .list(.section(limitException), of: "exceptions"), \.except,
        "Addresses with a number of their own, such as an office behind one address. The first that matches counts."
      ),
      Setting(
        Plan.Server.Limits.preloginConnections, \.preloginConnections,
        "The most connections, over all addresses, that are not logged in yet."),
      Setting(
        Plan.Server.Limits.connectionsPerMinute, \.connectionsPerMinute,
        "The most new connections of one address in a minute."),
      Setting(
        Plan.Server.Limits.ipv6Prefix, \.ipv6Prefix,
        "How many leading bits of an IPv6 address stand for one client, here and for `anti_hammering`: providers hand out "
          + "whole networks."),
    ])

  static let limitException = Section<Config.LimitException>(
    summary: "an exception",
    settings: [
      Setting("from", .addresses, \.from, required: "office", "The addresses."),
      Setting(
        Plan.Server.Limits.connectionsPerIP.key,
        .integer(Plan.Server.Limits.connectionsPerIP.range), \.connectionsPerIP, required: "200",
        "The most connections of each of them."),
    ])

  static let antiHammering = Section<Config.AntiHammering>(
    summary: "the anti_hammering section",
    example: "anti_hammering: { max_failures: 5 }",
    settings: [
      Setting(
        Plan.Server.AntiHammering.maxFailures, \.maxFailures,
        "Failed logins that an address may have; with one more it is blocked. The same wrong password of the same user "
          + "counts once, whatever device repeats it."),
      Setting(
        Plan.Server.AntiHammering.forgetAfter, \.forgetAfter,
        "Failures are forgotten when no other has followed for this long."),
      Setting(
        Plan.Server.AntiHammering.blockFor, \.blockFor,
        "How long an address is blocked: its sessions end, and new connections are closed without a word. Blocks outlive a "
          + "restart; `ocean unblock` lifts them."),
      Setting(
        Plan.Server.AntiHammering.neverBlock, \.neverBlock,
        default: .words("127.0.0.1 and ::1, which are always among them"),
        "Addresses that are never blocked."),
    ])

  static let endingAddress = Section<Config.EndingAddress>(
    summary: "an address with an end",
    example: "{ address: 203.0.113.9, until: 2027-01-31 }",
    settings: [
      Setting(
        "address", .oneAddress, \.address, required: "203.0.113.9", "One address, network or range."),
      Setting(
        "until", .ruleEnd, \.until, required: "2027-01-31",
        "When the entry ends: from then on it is as if it were not there. A date is the end of that day, UTC; a time is "
          + "written as in RFC 3339, `2027-01-31T18:00:00+01:00`."),
    ])

  static let addressFile = Section<Config.AddressFile>(
    summary: "a list file",
    settings: [
      Setting(
        "file", .path, \.file, required: "lists/drop.netset",
        "A file with one address, network or range a line, as block lists are published; `#` and `;` start a comment."
      ),
      Setting(
        "at_least", .integer(1...Plan.Bounds.listBlocks), \.atLeast, default: .words("none"),
        "The fewest entries that the file may have: a download may be empty, or cut short."),
      Setting(
        "at_most", .integer(1...Plan.Bounds.listBlocks), \.atMost, default: .words("none"),
        "The most entries that it may have."),
      Setting(
        "largest_network", .networkLength, \.largestNetwork, default: .words("none"),
        "The largest network that an entry may be, as a length: `/8`. For IPv6 the length is twice that, here /16."
      ),
    ])

  static let addressList = Section<Config.AddressList>(
    summary: "an address list",
    settings: [
      Setting(
        Plan.Service.IPControl.List.enabled, .boolean, \.enabled, default: .written("true"),
        "Whether the list is used. One that is switched off is still checked."),
      Setting("entries", .addresses, \.entries, default: .words("none"), "The addresses."),
    ])

  static let ipControl = Section<Config.IPControl>(
    summary: "the ip_control section",
    example: "ip_control: { black_list: [203.0.113.0/24] }",
    settings: [
      Setting(
        Plan.Service.IPControl.defaultAction, verdict, \.defaultAction, default: .written("allow"),
        "What happens to addresses on neither list. With `refuse` only those on the white list may connect."),
      Setting(
        "black_list", .switchedAddresses, \.blackList, default: .words("none"),
        "Addresses that may not connect: closed without a word."),
      Setting(
        "white_list", .switchedAddresses, \.whiteList, default: .words("none"),
        "Addresses that may connect even if the black list holds them. It does not overrule a block or a limit."
      ),
    ])

  static let verdict = ValueType<Plan.Service.IPControl.DefaultAction>.choice([
    ("allow", .allow), ("refuse", .refuse),
  ])

  static let certificate = Section<Config.Certificate>(
    summary: "a certificate",
    settings: [
      Setting(
        "chain", .path, \.chain, required: "tls/fullchain.pem",
        "The certificate and its issuers in PEM, the server's own first, like `fullchain.pem` of an ACME client."
      ),
      Setting(
        "key", .path, \.key, required: "tls/privkey.pem",
        "Its private key, PEM. The user that the server runs as must be able to read it, and users who do not need "
          + "it must not."),
      Setting(
        "passphrase", .secret, \.passphrase, default: .words("none: the key is not encrypted"),
        "Where the passphrase of an encrypted key is: `{ file: PATH }`, `{ env: VARIABLE }` or `{ credential: NAME }`."
      ),
    ])

  /// A secret has one of these keys; the setting that is a secret checks that.
  static let secret = Section<Config.Secret>(
    summary: "the place of a secret",
    isChoice: true,
    settings: [
      Setting(
        "file", .path, \.file, "A file. A line break at its end is not part of the secret."),
      Setting(
        "env", .environmentVariable, \.env, "An environment variable."),
      Setting(
        "credential", .credential, \.credential,
        "A credential that systemd passes (`LoadCredential=`)."),
    ])

  static let accounts = Section<Config.Accounts>(
    summary: "an account source",
    example: "main: { passwd_file: users.passwd }",
    isChoice: true,
    beside: [Plan.AccountSource.cache.key],
    settings: [
      Setting(
        Plan.AccountSource.passwdFile, .path, \.passwdFile,
        "A file of lines `user:{SCHEME}hash:uid:gid:gecos:home:shell:extra`, the format of Dovecot's "
          + "passwd-file. Changes are picked up at the next login."),
      Setting(
        "sql", .section(sql), \.sql,
        "A database with the accounts, PostgreSQL, MariaDB, MySQL or SQLite, in place of a file. It is asked at each login; "
          + "while it is away, logins fail for now (`[SYS/TEMP]`), and no failure is counted."),
      Setting(
        "ldap", .section(ldap), \.ldap,
        "A directory with the accounts, asked by LDAP, in place of a file. It is asked at each login; while it is away, logins "
          + "fail for now (`[SYS/TEMP]`), and no failure is counted."),
      Setting(
        "saslauthd", .saslauthd, \.saslauthd,
        "saslauthd, which checks passwords against PAM or /etc/shadow: the path of its socket, or a mapping. It knows "
          + "neither homes nor Maildirs."),
      Setting(
        "dovecot", .section(dovecot), \.dovecot,
        "A Dovecot on this host, with all the accounts that it knows. It checks their passwords, and says where their mail "
          + "is."),
      Setting(
        Plan.AccountSource.cache, .durationOrOff(Plan.AccountSource.cache.type.range ?? 1...1), \.cache,
        default: .written("off"),
        "How long a login that was let in is remembered; not for a file. In the first half of that time the source is not asked "
          + "about it again. In the second half it is asked, and what is remembered counts only if the source cannot tell. So "
          + "long, an old password and an account that was removed may still be used; `ocean accounts flush` ends that at once."
      ),
    ])

  static let mail = Section<Config.Mail>(
    summary: "the mail section",
    example: "mail: { maildir: \"/var/mail/vhosts/{domain}/{user}/Maildir\" }",
    settings: [
      Setting(
        Plan.Mail.maildir, .maildir, \.maildir, required: "\"/var/mail/vhosts/{domain}/{user}/Maildir\"",
        "The Maildir of an account, such as `/var/mail/vhosts/{domain}/{user}/Maildir` or `{home}/Maildir`. `{user}` and "
          + "`{domain}` are the parts before and after the `@` of its name, `{home}` is its home directory."
      ),
      Setting(
        Plan.Mail.uidl, .uidl, \.uidl, default: .written("ocean"),
        "The server whose unique ids messages keep, so that clients do not fetch them again: the `dovecot` or "
          + "`courier` that served these Maildirs before, or still does. `dovecot` stands for its default format, "
          + "`{ dovecot: \"%08Xu%08Xv\" }`. A message that it did not number gets an id of ocean's; once given, an id stays."
      ),
      Setting(
        Plan.Mail.locks, .choice([("local", .local), ("shared", .shared)]), \.locks,
        default: .written("local"),
        "Where it is written down that a mailbox is in use. `local` is in `server.state`, for one host that serves the mail. "
          + "`shared` is on the mail's own file system, for several hosts: in `.ocean-locks`, in the directory above the first "
          + "parameter of `maildir`. It needs NFS 4 or CephFS; on a disk of this host "
          + "it is for several servers of this host."
      ),
    ])

  static let foreignIDs = Section<Config.ForeignIDs>(
    summary: "the ids of another server",
    settings: [
      Setting(
        "dovecot", .dovecotUIDLFormat, \.dovecot, required: "\"%08Xu%08Xv\"",
        "Dovecot's `pop3_uidl_format`.")
    ])

  static let tls = Section<Config.TLS>(
    summary: "the tls section",
    example: "tls: { explicit: required }",
    settings: [
      Setting(
        Plan.Service.TLS.explicit,
        .choice([("off", .off), ("optional", .optional), ("required", .required)]), \.explicit,
        default: .words("`required` once there is a certificate, else `off`"),
        "STLS on the plain ports: not offered, offered, or needed for a login. Networks that `plaintext_login` names may "
          + "log in without it even if it is required; with `required` no network is named by default, not even loopback."
      ),
      Setting(
        "implicit", .implicitTLS, \.implicit,
        default: .words("`\(Defaults.tlsPort)` once there is a certificate, else none"),
        "Ports with TLS from the first octet, on each address of the service. `[]` for none; "
          + "`{ enabled: false, ports: [995] }` keeps ports that are switched off."),
      Setting(
        Plan.Service.TLS.certificate, .list(.name(of: "a certificate"), of: "names of certificates"),
        \.certificate,
        default: .words("the only one; with several, one must be chosen"),
        "The certificate, or several. A client gets the one for the host it names (SNI), and the first if it names no host."
      ),
      Setting(
        Plan.Service.TLS.profile, .choice(Plan.Service.TLS.Profile.allCases.map { ($0.rawValue, $0) }),
        \.profile,
        default: .written(Defaults.profile.rawValue),
        "`modern` is TLS 1.3, `intermediate` TLS 1.2 and 1.3, `legacy` all that the system's libssl can still do, for "
          + "clients that can do nothing better. `ocean plan` says which versions these really are."),
    ])

  static let implicitTLS = Section<Config.ImplicitTLS>(
    summary: "implicit TLS",
    settings: [
      Setting(
        "enabled", .boolean, \.enabled, default: .written("true"), "Whether the ports are open."),
      Setting(
        "ports", .list(.integer(Plan.Bounds.port), of: "ports"), \.ports,
        default: .written("\(Defaults.tlsPort)"), "The ports."),
    ])

  static let acknowledgement = Section<Config.Acknowledgement>(
    summary: "an acknowledgement",
    settings: [
      Setting(
        "code", .text("the code of a warning"), \.code, required: "OC0403", "The warning's code, like OC0401."
      ),
      Setting(
        "reason", .text("a reason"), \.reason, required: "known and accepted",
        "Why it is accepted, for those who read it later."),
    ])

  /// The places where each key is known, by key.
  static let placesByKey = places(of: root.rows)
  static let placesInTests = places(of: testFile.rows)

  static func places(of rows: [SettingRow]) -> [String: [String]] {
    var places: [String: [String]] = [:]
    for row in rows {
      let parts = row.path.split(separator: ".")
      guard let key = parts.last else { continue }
      let place = parts.count == 1 ? "at the top level" : "in \(parts.dropLast().joined(separator: "."))"
      places[String(key), default: []].append(place)
    }
    return places
  }
}
