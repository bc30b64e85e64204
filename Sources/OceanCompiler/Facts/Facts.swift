package import OceanAddresses
import OceanPlan

/// Everything that compiling needs to know about the world, gathered beforehand.
///
/// The same config and the same facts give the same plan on any machine.
package struct Facts: Sendable, Hashable, Codable {
  /// The host's own name, in lower case.
  package var hostname: String
  /// Whether the server would be started by root.
  package var isRoot: Bool
  /// Whether the host can open IPv6 sockets.
  package var hasIPv6: Bool
  /// The addresses of the host's interfaces.
  package var localAddresses: [IPAddress]
  package var hosts: [String: HostAnswer]
  package var users: [String: UserState]
  /// Users that missing ones may stand for: with that number, or a similar name.
  package var suggestedUsers: [String: String]?
  package var directories: [String: DirectoryState]
  package var accountFiles: [String: AccountFile]
  /// The facts about certificates, by the certificate's name.
  package var certificates: [String: CertificateFacts]
  package var listFiles: [String: ListFile]
  /// Nil if the config names no token for a monitor, or in facts of an ocean that did not look.
  package var monitorToken: Secret?
  /// Nil if the config names no secret for session tickets, or in facts of an ocean that did not look.
  package var ticketSecret: Secret?
  /// Nil if the config names no password for a shared state, or in facts of an ocean that did not look.
  package var sharedStatePassword: Secret?
  /// Nil if the config names no password for Sentinels, or in facts of an ocean that did not look.
  package var sentinelPassword: Secret?
  /// What databases with accounts say, by the names of their sources; nil in facts of an ocean that did not ask.
  package var databases: [String: Database]?
  /// What directories with accounts say, by the names of their sources; nil in facts of an ocean that did not ask.
  package var ldapServers: [String: LDAPServer]?
  /// What is behind the sockets of account sources; nil in facts of an ocean that did not look.
  package var sockets: [Socket]?
  /// Nil if locks are not shared, or in facts of an ocean that did not look.
  package var mailFileSystem: MailFileSystem?
  /// The protocol versions that the linked libssl really offers under each profile, the lowest first: `TLS
  /// 1.2`.
  package var protocols: [String: [String]]
  /// The accounts that the config names, sorted; nil in facts of an ocean that did not look.
  package var logins: [Login]?
  /// Accounts that `{user}` alone does not tell apart; nil if the config does not ask.
  package var namesakes: SharedMailboxes?
  /// The Maildirs of accounts; nil if they were not looked for.
  package var mailboxes: Mailboxes?
  /// The permissions of users of this host, by name. Only root, and for itself that user, can find out.
  package var permissions: [String: Permissions]?
  /// The permissions of the user that runs this, for what the server needs; nil in facts of an ocean that did
  /// not look.
  package var own: Permissions?
  /// The owner and mode of paths that other facts name as an obstacle, or as open to everybody.
  package var places: [String: Place]?
  /// The file or directories through which everybody on this host can change a path, by the path that the
  /// config names.
  package var writable: [String: [String]]?
  /// The kind of each file that the server writes; nil in facts of an ocean that did not look.
  package var writtenFiles: [String: FileKind]?
  /// Whether setfacl(1) is installed; nil in facts of an ocean that did not look.
  package var hasSetfacl: Bool?
  /// The lowest port that the user that runs this may bind, 0 for all; nil in facts of an ocean that did not
  /// look.
  package var lowestPort: Int?
  /// Account files that everybody on the host can read, and state directories that everybody can write to;
  /// sorted.
  package var exposed: [String]?
  /// How many files a process may have open here (the hard limit of RLIMIT_NOFILE); nil means no limit.
  package var fileLimit: Int?
  /// How many cores a process may use here; nil in facts of an ocean that did not look.
  package var cores: Int?
  /// Directories that the server writes to whose file system has no room, and what is used up; nil in facts of an
  /// ocean that did not look.
  package var full: [String: Shortage]?
  /// The damaged files that a server keeps, by its state directory; nil if nobody looked, as at a reload, or in
  /// facts of an earlier ocean.
  package var damaged: [String: Damage]?
  /// The time, in seconds since 1970.
  package var now: Int64

  package init(
    hostname: String, isRoot: Bool, hasIPv6: Bool, localAddresses: [IPAddress],
    hosts: [String: HostAnswer] = [:], users: [String: UserState] = [:],
    suggestedUsers: [String: String] = [:], directories: [String: DirectoryState] = [:],
    accountFiles: [String: AccountFile] = [:],
    certificates: [String: CertificateFacts] = [:], listFiles: [String: ListFile] = [:],
    monitorToken: Secret? = nil, ticketSecret: Secret? = nil,
    sharedStatePassword: Secret? = nil, sentinelPassword: Secret? = nil, databases: [String: Database]? = nil,
    ldapServers: [String: LDAPServer]? = nil, sockets: [Socket]? = nil,
    mailFileSystem: MailFileSystem? = nil,
    protocols: [String: [String]] = [:], logins: [Login]? = nil, namesakes: SharedMailboxes? = nil,
    mailboxes: Mailboxes? = nil,
    permissions: [String: Permissions] = [:], own: Permissions? = nil,
    places: [String: Place]? = nil, writable: [String: [String]]? = nil,
    writtenFiles: [String: FileKind]? = nil, hasSetfacl: Bool? = nil,
    lowestPort: Int? = nil, exposed: [String] = [], fileLimit: Int? = nil, cores: Int? = nil,
    full: [String: Shortage]? = nil, damaged: [String: Damage]? = nil, now: Int64 = 0
  ) {
    self.hostname = hostname
    self.isRoot = isRoot
    self.hasIPv6 = hasIPv6
    self.localAddresses = localAddresses
    self.hosts = hosts
    self.users = users
    self.suggestedUsers = suggestedUsers
    self.directories = directories
    self.accountFiles = accountFiles
    self.certificates = certificates
    self.listFiles = listFiles
    self.monitorToken = monitorToken
    self.ticketSecret = ticketSecret
    self.sharedStatePassword = sharedStatePassword
    self.sentinelPassword = sentinelPassword
    self.databases = databases
    self.ldapServers = ldapServers
    self.sockets = sockets
    self.mailFileSystem = mailFileSystem
    self.protocols = protocols
    self.logins = logins
    self.namesakes = namesakes
    self.mailboxes = mailboxes
    self.permissions = permissions
    self.own = own
    self.places = places
    self.writable = writable
    self.writtenFiles = writtenFiles
    self.hasSetfacl = hasSetfacl
    self.lowestPort = lowestPort
    self.exposed = exposed
    self.fileLimit = fileLimit
    self.cores = cores
    self.full = full
    self.damaged = damaged
    self.now = now
  }

  private enum CodingKeys: String, CodingKey {
    case hostname, isRoot, localAddresses, hosts, users, suggestedUsers, directories, accountFiles,
      certificates, listFiles, monitorToken, ticketSecret, sharedStatePassword, sentinelPassword,
      databases, ldapServers,
      sockets, mailFileSystem
    case protocols, logins, namesakes, mailboxes, permissions, own, places, writable, writtenFiles,
      hasSetfacl,
      lowestPort, exposed, fileLimit, cores, full, damaged, now
    // The name that decoding makes of has_ipv6.
    case hasIPv6 = "hasIpv6"
  }
}
