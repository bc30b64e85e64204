import OceanCompiler
import OceanAddresses
import OceanPlan

/// A host that can answer every question of a config.
struct TestHost {
  var isRoot = false
  var hasIPv6 = true
  var isOffline = false
  /// Whether the user that runs this may not bind low ports, nor write anywhere.
  var isUnprivileged = false
  var isReadOnly = false
  var hasFewFiles = false
  var hasHardlyFiles = false
  var purpose = Purpose.checking
  /// Seconds since 1970.
  var time = Self.now
  /// The contents of list files, by their names without a directory; other files get invented contents.
  var lists: [String: String] = [:]

  init() {}

  /// A host as the first line of a config describes it: `# host: root, no IPv6, offline, serving`.
  init(describedBy config: String) {
    let words = config.prefix { $0 != "\n" }
    guard words.hasPrefix("# host:") else { return }
    isRoot = words.contains("root")
    hasIPv6 = !words.contains("no IPv6")
    isOffline = words.contains("offline")
    isUnprivileged = words.contains("unprivileged")
    isReadOnly = words.contains("read-only")
    hasFewFiles = words.contains("few files")
    hasHardlyFiles = words.contains("hardly any files")
    purpose = words.contains("serving") ? .starting : .checking
  }

  func facts(for request: FactRequest) -> Facts {
    Facts(
      hostname: "this.example.net", isRoot: isRoot, hasIPv6: hasIPv6,
      localAddresses: [
        IPAddress(v4: 127 << 24 | 1), IPAddress(v4: 192 << 24 | 2 << 8 | 10), IPAddress(v4: 10 << 24 | 5),
        IPAddress(v6: 1),
        IPAddress(v6: 0x2001_0db8 << 96 | 0x10),
      ],
      hosts: answers(request.hosts, address), users: answers(request.users, user),
      suggestedUsers: ["vmial": "vmail", "8": "mail"],
      directories: answers(request.directories, directory),
      accountFiles: answers(request.accountFiles, accountFile),
      certificates: request.certificates.mapValues(certificate),
      listFiles: answers(request.listFiles, listFile),
      monitorToken: request.monitorToken.map(secret), ticketSecret: request.ticketSecret.map(secret),
      sharedStatePassword: request.sharedStatePassword.map(secret),
      sentinelPassword: request.sentinelPassword.map(secret),
      databases: request.databases.isEmpty ? nil : request.databases.mapValues(database),
      ldapServers: request.ldapServers.isEmpty ? nil : request.ldapServers.mapValues(ldapServer),
      sockets: request.sockets.isEmpty ? nil : request.sockets.map(socket),
      mailFileSystem: request.lockBase.map(mailFileSystem),
      protocols: Dictionary(uniqueKeysWithValues: request.profiles.map { ($0.rawValue, protocols($0)) }),
      logins: request.logins.map(login),
      namesakes: request.wantsNamesakes ? namesakes(request.accountFiles.sorted()) : nil,
      mailboxes: mailboxes(at: request.maildir?.description ?? ""),
      permissions: Dictionary(
        uniqueKeysWithValues: request.users.filter { $0 == "vmail" || $0 == "lonely" }.map { user in
          (user, Facts.Permissions(group: user == "vmail" ? "mail" : nil, paths: permissions(request.uses)))
        }),
      own: Facts.Permissions(group: nil, paths: request.uses.mapValues { own($0) }), places: Self.places,
      writable: answers(request.trusted, writable).filter { !$0.value.isEmpty },
      writtenFiles: answers(request.writtenFiles, kind), lowestPort: isUnprivileged ? 1024 : 0,
      exposed: (request.accountFiles.union(request.stateDirectories).union(
        request.secretFiles)).filter { $0.contains("open") }.sorted(),
      fileLimit: hasHardlyFiles ? 24 : hasFewFiles ? 120 : nil, cores: 2,
      full: request.directories.filter { $0.contains("full") }.reduce(into: [:]) {
        $0[$1] = $1.contains("inodes") ? .inodes : .space
      },
      damaged: request.stateDirectories.filter { $0.contains("damaged") }.reduce(into: [:]) {
        $0[$1] = .init(
          files: [.init(path: $1 + "/plans/000012.json", reason: "it is empty")],
          mayKeepFromStarting: $1.contains("lost"))
      }, now: time)
  }

  private func answers<Answer>(_ questions: Set<String>, _ answer: (String) -> Answer) -> [String: Answer] {
    Dictionary(uniqueKeysWithValues: questions.map { ($0, answer($0)) })
  }

  private func address(of host: String) -> Facts.HostAnswer {
    if isOffline { return .notAsked }
    switch host {
    case "mx.example.org":
      return .addresses([IPAddress(v4: 192 << 24 | 2 << 8 | 10), IPAddress(v6: 0x2001_0db8 << 96 | 0x10)])
    case "localhost": return .addresses([IPAddress(v4: 127 << 24 | 1), IPAddress(v6: 1)])
    case "away.example.org": return .addresses([IPAddress(v4: 198 << 24 | 51 << 16 | 100 << 8 | 7)])
    case "empty.example.org": return .addresses([])
    default: return .failed("Name or service not known")
    }
  }

  private func secret(_ source: Plan.SecretSource) -> Facts.Secret {
    let name = source.description
    if name.contains("missing") { return Facts.Secret(state: .missing) }
    if name.contains("secret") { return Facts.Secret(state: .notPermitted) }
    return Facts.Secret(state: .read, isUsable: !name.contains("short"))
  }

  private func database(_ sql: Plan.SQL) -> Facts.Database {
    let url = sql.url?.description ?? ""
    var found: Facts.Database
    if isOffline {
      found = Facts.Database(.notAsked, reason: "offline")
    } else if url.contains("away") {
      found = Facts.Database(.away, reason: "connection refused")
    } else if url.contains("library") {
      found = Facts.Database(
        .missingLibrary, reason: "libmariadb.so.3 is not installed (Debian's package libmariadb3)")
    } else if url.contains("refused") {
      found = Facts.Database(.refused, reason: "no such table: tt")
    } else {
      found = Facts.Database(.prepared)
      found.columns = url.contains("columns") ? ["pw", "maildir", "proxy"] : ["password"]
      if url.contains("columns") {
        (found.missing, found.unknown, found.refusing) = (["password"], ["pw", "maildir"], ["proxy"])
        found.repeated = ["maildir"]
      }
    }
    found.password = sql.password.map { source in
      let name = source.description
      return name.contains("missing") ? .missing : name.contains("secret") ? .notHere : .read
    }
    return found
  }

  private func ldapServer(_ ldap: Plan.LDAP) -> Facts.LDAPServer {
    let url = ldap.url?.description ?? ""
    var found: Facts.LDAPServer
    if isOffline {
      found = Facts.LDAPServer(.notAsked, reason: "offline")
    } else if url.contains("away") {
      found = Facts.LDAPServer(.away, reason: "connection refused")
    } else if url.contains("library") {
      found = Facts.LDAPServer(
        .missingLibrary, reason: "libldap-2.5.so.0 is not installed (Debian's package \(LDAPURL.package))")
    } else if url.contains("refused") {
      found = Facts.LDAPServer(
        .refused, reason: "it does not let \(ldap.bindDN ?? "") in: Invalid credentials")
    } else {
      found = Facts.LDAPServer(.answered)
      found.hasBase = !url.contains("empty")
      found.unknown = url.contains("closed") ? nil : url.contains("shape") ? ["homeDir", "maill"] : []
      if url.contains("alias") {
        found.aliases = [
          .init(written: "streetAddress", name: "street"), .init(written: "userid", name: "uid"),
        ]
      }
    }
    found.password = ldap.password.map { source in
      let name = source.description
      return name.contains("missing") ? .missing : name.contains("secret") ? .notHere : .read
    }
    return found
  }

  private func socket(_ question: Facts.Socket.Question) -> Facts.Socket {
    let path = question.path
    if isOffline { return Facts.Socket(question, .notAsked, reason: "offline") }
    if path.contains("missing") { return Facts.Socket(question, .missing) }
    if path.contains("folder") { return Facts.Socket(question, .otherFile) }
    if path.contains("secret") { return Facts.Socket(question, .notPermitted) }
    if path.contains("away") { return Facts.Socket(question, .away, reason: "nothing listens on \(path)") }
    if path.contains("unsuitable") {
      return Facts.Socket(question, .unsuitable, reason: "Dovecot does not offer PLAIN (auth_mechanisms)")
    }
    return Facts.Socket(question, .answering)
  }

  /// The last part of the path says how it is mounted.
  private func mailFileSystem(_ base: String) -> Facts.MailFileSystem {
    let name = base.split(separator: "/").last ?? ""
    func nfs(_ options: String..., recovers: Bool? = false, lease: Int? = nil) -> Facts.MailFileSystem {
      Facts.MailFileSystem(
        path: base, type: options.contains("vers=3") ? "nfs" : "nfs4", source: "nas.example.net:/mail",
        options: ["rw"] + options, recoversLostLocks: recovers, leaseSeconds: lease)
    }
    switch name {
    case "nfs": return nfs("vers=4.2", "local_lock=none")
    case "lease": return nfs("vers=4.2", "local_lock=none", lease: 90)
    case "three": return nfs("vers=3", "local_lock=none")
    case "nolock": return nfs("vers=3", "nolock", "local_lock=all")
    case "flocal": return nfs("vers=4.1", "local_lock=posix")
    case "recovers": return nfs("vers=4.2", "local_lock=none", recovers: true)
    case "ceph": return Facts.MailFileSystem(path: base, type: "ceph", source: "10.0.0.1:6789:/")
    case "fuse": return Facts.MailFileSystem(path: base, type: "fuse.glusterfs", source: "gl:/mail")
    case "silent": return Facts.MailFileSystem(path: base, type: "nfs4", isSilent: true)
    default:
      return Facts.MailFileSystem(
        path: base, type: "ext4", source: "/dev/sda1",
        mountedBelow: name == "volumes" ? [base + "/a", base + "/b"] : [])
    }
  }

  private func user(_ name: String) -> Facts.UserState {
    switch name {
    case "vmail", "lonely": .exists
    case "root", "toor": .isRoot
    default: .missing
    }
  }

  private func directory(_ path: String) -> Facts.DirectoryState {
    if path.contains("missing") { return .missing }
    if path.contains("secret") { return .notPermitted }
    if path.hasSuffix(".jsonl") || path.hasSuffix(".log") { return .missing }
    return path.contains("file") ? .notADirectory : .exists
  }

  private func own(_ use: FactRequest.Use) -> Facts.Permission {
    if isReadOnly, use != .read { return .readOnly(at: "/var") }
    return isUnprivileged && use != .read ? .denied(by: ["/var"]) : .granted
  }

  private func kind(_ path: String) -> Facts.FileKind {
    let state = path.split(separator: "/").dropLast().last ?? ""
    if path.hasSuffix(".ocean-locks") {
      return state == "strange" ? .symbolicLink : state == "frozen" ? .directory : .missing
    }
    if state.hasPrefix("strange") {
      return path.hasSuffix("/plans") ? .fifo : path.hasSuffix(".new") ? .missing : .directory
    }
    if ["ocean.lock", "locks", "blocks", "logins", "index", "plans", "control.sock"].contains(
      where: path.hasSuffix)
      || path.hasSuffix("control.sock.new")
    {
      return .missing
    }
    if path.hasSuffix(".jsonl") || path.hasSuffix(".log") { return .missing }
    return Facts.FileKind(rawValue: path.split(separator: "/").last.map(String.init) ?? "") ?? .directory
  }

  private func writable(_ path: String) -> [String] {
    (path.contains("/public/") ? ["/etc/ocean/public"] : [])
      + (path.split(separator: "/").last?.hasPrefix("any") == true ? [path] : [])
  }

  /// The places as on Debian, where Dovecot and certbot are installed.
  private static let places: [String: Facts.Place] = [
    "/run/saslauthd-denied/mux": .init(owner: "root", group: "sasl", mode: 0o710, isDirectory: true),
    "/etc/dovecot/users": .init(owner: "root", group: "dovecot", mode: 0o640, isDirectory: false),
    "/home/anna": .init(owner: "anna", group: "anna", mode: 0o700, isDirectory: true),
    "/etc/letsencrypt/live": .init(owner: "root", group: "root", mode: 0o700, isDirectory: true),
    "/etc/letsencrypt/archive": .init(owner: "root", group: "root", mode: 0o700, isDirectory: true),
    "/etc/letsencrypt/archive/mail.example.org/privkey1.pem":
      .init(owner: "root", group: "root", mode: 0o600, isDirectory: false),
    "/etc/ssl/private": .init(owner: "root", group: "ssl-cert", mode: 0o710, isDirectory: true),
    "/etc/ssl/private/mail.key": .init(owner: "root", group: "ssl-cert", mode: 0o640, isDirectory: false),
    "/etc/ocean/dovecot/open.passwd": .init(owner: "root", group: "dovecot", mode: 0o644, isDirectory: false),
    "/etc/ocean/open.passwd": .init(owner: "root", group: "root", mode: 0o644, isDirectory: false),
    "/etc/ocean/mine/open.passwd": .init(owner: "vmail", group: "dovecot", mode: 0o644, isDirectory: false),
  ]

  private func permissions(_ uses: [String: FactRequest.Use]) -> [String: Facts.Permission] {
    Dictionary(
      uniqueKeysWithValues: uses.map { path, use in
        switch path {
        case "/etc/dovecot/users": return (path, .denied(by: [path]))
        case "/home/anna/users.passwd": return (path, .denied(by: ["/home/anna"]))
        case "/etc/ssl/private/mail.key": return (path, .denied(by: ["/etc/ssl/private", path]))
        case "/etc/letsencrypt/live/mail.example.org/privkey.pem":
          return (
            path,
            .denied(
              by: [
                "/etc/letsencrypt/live", "/etc/letsencrypt/archive",
                "/etc/letsencrypt/archive/mail.example.org/privkey1.pem",
              ])
          )
        default: break
        }
        if path.contains("shut") { return (path, .denied(by: ["/etc/ocean/shut"])) }
        if path.hasSuffix("left") { return (path, .denied(by: [path + "/ocean.lock"])) }
        if path.hasSuffix("forgotten/index") { return (path, .denied(by: [path, path + "/1.index"])) }
        if path.contains("frozen") { return (path, .readOnly(at: path)) }
        guard path.contains("denied") else { return (path, .granted) }
        return (path, .denied(by: [use == .write ? "/var/log/denied" : path]))
      })
  }

  private func namesakes(_ files: [String]) -> Facts.SharedMailboxes {
    var namesakes = Facts.SharedMailboxes()
    guard let file = files.first(where: { $0.hasSuffix("domains.passwd") }) else { return namesakes }
    namesakes.count = 13
    namesakes.pairs = [
      .init(
        first: .init(account: "anna@example.org", file: file, line: 9),
        second: .init(account: "anna@example.net", file: file, line: 10))
    ]
    return namesakes
  }

  private func mailboxes(at place: String) -> Facts.Mailboxes? {
    var found = Facts.Mailboxes()
    (found.accounts, found.looked, found.existing) = (5, 5, 4)
    if place.contains("typo") { (found.existing, found.missing) = (0, "/var/typo") }
    if place.contains("many") { found.accounts = 5000 }
    if place.contains("closed") { found.unknown = 5 }
    if place.contains("others") {
      found.closed = .init(
        count: 1, looked: 4, first: "/srv/others/anna", obstacles: ["/srv/others/anna/new"], owner: "courier")
      found.emptyDomains = [.init(name: "example.net", accounts: 3)]
    }
    if place.contains("rooted") {
      found.closed = .init(
        count: 4, looked: 4, first: "/srv/rooted/anna", obstacles: ["/srv/rooted"], owner: "root")
    }
    return found
  }

  private func login(_ login: FactRequest.Login) -> Facts.Login {
    func answer(_ clients: AddressSet, _ refusal: String, line: Int?, isUnknown: Bool = false) -> Facts.Login
    {
      Facts.Login(
        login, clients: clients, refusal: refusal, file: line == nil ? nil : login.files.first, line: line,
        isUnknown: isUnknown)
    }
    switch login.user {
    case "near":
      let near = (try? AddressPattern(parsing: "198.51.100.8/30")).map { AddressSet([$0]) } ?? AddressSet()
      return answer(near, "not from this address (allow_nets)", line: 3)
    case "former": return answer(AddressSet(), "disabled", line: 4)
    case "hidden": return answer(AddressSet(), "cannot read users.passwd", line: nil, isUnknown: true)
    case "nobody": return answer(AddressSet(), "no account of that name", line: nil)
    default: return answer(.all, "", line: 1)
    }
  }

  private func listFile(_ path: String) -> Facts.ListFile {
    let text: String
    let name = path.split(separator: "/").last.map(String.init)
    if let text = name.flatMap({ lists[$0] }) {
      return .read(AddressListFile(reading: Array(text.utf8)), Digest(of: text.utf8))
    }
    switch name {
    case "missing.netset": return .missing
    case "secret.netset": return .notPermitted
    case "folder.netset": return .unreadable("it is a directory")
    case "columns.netset": text = "# address\tlists\n198.51.100.3\t10\n198.51.100.4\t2\n"
    case "table.netset": text = "198.51.100.9 OK\n198.51.100.0/24  reject\n"
    case "quoted.netset": text = "id,dst_ip\n\"1\",\"203.0.113.5\"\n"
    case "pairs.netset": text = "start,end\n203.0.113.5,203.0.113.9\n"
    case "masks.netset": text = "203.0.113.0 255.255.255.0\n"
    case "array.netset": text = "[\"203.0.113.5\", \"203.0.113.6\"]\n"
    case "page.netset": text = "<!DOCTYPE html>\n<html><title>404 Not Found</title></html>\n"
    case "geofeed.netset": text = "# prefix,country\n198.51.100.0/24,AT,AT-9,Vienna,\n"
    case "it's json.netset":
      text = "{\"cidr\":\"198.51.100.0/24\",\"sblid\":\"SBL1\"}\n{\"type\":\"metadata\"}\n"
    case "semicolons.netset": text = "198.51.100.3; 198.51.100.4; 203.0.113.9\n"
    case "key.netset":
      text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIH0i\n-----END PRIVATE KEY-----\n"
    case "bogons.netset":
      text = "0.0.0.0/8\n10.0.0.0/8\n127.0.0.0/8\n172.16.0.0/12\n192.168.0.0/16\n198.18.0.0/15\n"
    case "bad.netset": text = "192.0.2.0/24\n198.51.100.7-90 ; wrong\n10.0.0.5/8\n"
    case "everything.netset": text = "203.0.113.0/24\n0.0.0.0/0\n2001:db8::/32\n::/0\n"
    case "overlapping.netset": text = "# published\n203.0.113.0/24\n203.0.113.9\n203.0.113.10\n"
    default: text = "203.0.113.0/24\n2001:db8:bad::/48 # two\n"
    }
    return .read(AddressListFile(reading: Array(text.utf8)), Digest(of: text.utf8))
  }

  private func accountFile(_ path: String) -> Facts.AccountFile {
    var summary = Facts.AccountSummary(active: 2, disabled: 1, homeless: 0, domainless: 0, issues: [])
    switch path.split(separator: "/").last {
    case "missing.passwd": return .missing
    case "secret.passwd": return .notPermitted
    case "folder.passwd": return .unreadable("it is a directory")
    case "empty.passwd": summary.active = 0
    case "bare.passwd": (summary.homeless, summary.domainless) = (1, 2)
    case "odd.passwd":
      summary.issues = [
        .init(line: 3, message: "the scheme is not supported; the account cannot log in"),
        .init(line: nil, message: "7 more like these are not shown"),
      ]
      summary.fields = .init(
        services: [
          .init(name: "pop3", count: 9, firstLine: 1), .init(name: "pop4", count: 1, firstLine: 3),
          .init(name: "imap", count: 3, firstLine: 4),
        ],
        ends: [
          .init(subject: "ben", line: 5, time: Self.now - 86_400 * 3),
          .init(subject: "phone of anna", line: 6, time: Self.now),
          .init(subject: "cleo", line: 7, time: Self.now + 86_400 * 30),
          .init(subject: "dora", line: 8, time: Self.now + 86_400 * 31),
        ])
    default: break
    }
    return .read(summary)
  }
}
