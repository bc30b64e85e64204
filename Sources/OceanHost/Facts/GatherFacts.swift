import Glibc
import OceanBase
package import OceanCompiler
import OceanAddresses
package import OceanPlan
import OceanSyntax
import OceanTLS

extension Facts {
  /// Answers the questions of a config. Reads, resolves and looks; changes nothing.
  ///
  /// - Parameters:
  ///   - certificates: what was gathered about certificates.
  ///   - wantsDamage: whether the plans that a server keeps are read, to find those that are damaged.
  ///   - offline: leaves host names unresolved.
  ///   - isBrief: leaves what is in long account files to the server.
  ///   - now: seconds since 1970; nil asks the clock.
  package static func gather(
    _ request: FactRequest, certificates: GatheredCertificates, defaultDomain: String?,
    wantsDamage: Bool, offline: Bool, isBrief: Bool = false, now: Int64?
  ) -> Facts {
    let lockBase = request.lockBase
    let isLockBaseSilent = lockBase.map(isSilent) ?? false
    // Nothing else may ask a file system that does not answer.
    let request = isLockBaseSilent ? request.withoutLockBase : request
    let users = answers(request.users) { name in
      User(named: name).map { $0.uid == 0 ? UserState.isRoot : .exists } ?? .missing
    }
    let now = now ?? SystemClock.wall.seconds
    let accounts = GatheredAccounts(
      request.accountFiles, defaultDomain: defaultDomain, wantsNamesakes: request.wantsNamesakes,
      maildir: request.maildir, isBrief: isBrief, now: now)
    let found = accounts.search.map { FoundMailboxes($0) }
    let asked = AskedPermissions(
      Array(users.filter { $0.value == .exists }.keys), request.uses, and: found?.uses ?? [:])
    let mailboxes = found.map {
      $0.mailboxes(with: asked.server).compared(with: request.stateDirectories, request.maildir)
    }
    let permissions = asked.users.mapValues { $0.limited(to: request.uses) }
    let exposed =
      (request.accountFiles.filter { Files.isOpenToAll($0, S_IROTH) }
      + request.secretFiles.filter { Files.isOpenToAll($0, S_IROTH) }
      + request.stateDirectories.filter { Files.isOpenToAll($0, S_IWOTH) }).sorted()
    let isSilent = mailboxes?.silent != nil
    // Mail may be on a file system that does not answer.
    let trusted = isSilent ? request.trusted.filter { $0 != request.maildir?.base } : request.trusted
    let writable = answers(trusted, Files.placesWritableByAll).filter { !$0.value.isEmpty }
    let exposedKeys = request.certificates.filter { certificates.facts[$0.key]?.isKeyExposed == true }.map(
      \.value.key)
    let places = Set(
      permissions.values.flatMap(\.obstacles) + exposed + exposedKeys + (mailboxes?.closed?.obstacles ?? []))
    return Facts(
      hostname: Host.name, isRoot: geteuid() == 0, hasIPv6: Host.hasIPv6, localAddresses: Host.addresses,
      hosts: answers(request.hosts) { offline ? .notAsked : Host.resolve($0) },
      users: users,
      suggestedUsers: Dictionary(
        users.filter { $0.value == .missing }.keys.compactMap { name in
          User.suggestion(for: name).map { (name, $0) }
        }, uniquingKeysWith: { $1 }),
      directories: answers(request.directories, directory),
      accountFiles: accounts.facts,
      certificates: certificates.facts, listFiles: answers(request.listFiles, listFile),
      monitorToken: request.monitorToken.map { $0.monitorToken },
      ticketSecret: request.ticketSecret.map { $0.ticketSecret },
      sharedStatePassword: request.sharedStatePassword.map { Secret(state: $0.readState().state) },
      sentinelPassword: request.sentinelPassword.map { Secret(state: $0.readState().state) },
      databases: request.databases.isEmpty ? nil : databases(request.databases, offline: offline),
      ldapServers: request.ldapServers.isEmpty ? nil : ldapServers(request.ldapServers, offline: offline),
      sockets: request.sockets.isEmpty ? nil : sockets(request.sockets, offline: offline),
      mailFileSystem: lockBase.map { MailFileSystem(of: $0, isSilent: isLockBaseSilent) },
      protocols: protocols(request.profiles, whole: certificates.wholeProfiles),
      logins: request.logins.isEmpty ? nil : logins(request.logins, defaultDomain: defaultDomain, at: now),
      namesakes: accounts.namesakes,
      mailboxes: mailboxes,
      permissions: permissions,
      own: asked.own?.limited(to: request.uses),
      places: answers(places) { Place(at: $0) }.compactMapValues(\.self), writable: writable,
      writtenFiles: answers(request.writtenFiles, Files.kind),
      hasSetfacl: Host.hasSetfacl, lowestPort: Host.lowestPort,
      exposed: exposed, fileLimit: Host.fileLimit, cores: Process.usableCores,
      full: answers(request.directories, shortage).compactMapValues(\.self),
      damaged: wantsDamage ? answers(request.stateDirectories, damage).compactMapValues(\.self) : nil,
      now: now)
  }

  /// The protocol versions that the linked libssl speaks under each profile.
  ///
  /// - Parameter whole: profiles of which it is known that it speaks all that they allow.
  package static func protocols(
    _ profiles: Set<Plan.Service.TLS.Profile>, whole: Set<Plan.Service.TLS.Profile> = []
  ) -> [String: [String]] {
    Dictionary(
      profiles.map { profile in
        let tried = TLSProfile(profile)
        let versions = whole.contains(profile) ? tried.versions : tried.probe().map(\.version)
        return (profile.rawValue, versions.map(\.description))
      }, uniquingKeysWith: { first, _ in first })
  }

  private static func answers<Answer>(
    _ questions: Set<String>, _ answer: (String) -> Answer
  ) -> [String: Answer] {
    Dictionary(questions.map { ($0, answer($0)) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether a path is on a file system that does not answer.
  private static func isSilent(_ path: String) -> Bool {
    let question = KernelQuestions.Question(path: path, mode: F_OK)
    return KernelQuestions.ask([question], as: nil)?.codes.first == ETIMEDOUT
  }

  private static func directory(_ path: String) -> DirectoryState {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR ? .exists : .notADirectory }
    switch errno {
    case EACCES: return .notPermitted
    default: return .missing
    }
  }

  /// What is left is asked as the server's user has it: some of it may be kept for root.
  private static func shortage(_ directory: String) -> Shortage? {
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { return nil }
    // Some file systems count no inodes, and some nothing.
    if status.f_files > 0, status.f_favail == 0 { return .inodes }
    return status.f_blocks > 0 && status.f_bavail == 0 ? .space : nil
  }

  /// Nil if there is none, or this user may not look.
  private static func damage(_ state: String) -> Damage? {
    let kept = KeptPlans(in: state, isThorough: true)
    let note = WithheldPlans(in: state)
    let closed = FileAccess.ReadError.notPermitted.reason
    let files = (kept.damaged.map(\.file) + [note.trouble].compactMap(\.self)).filter { $0.reason != closed }
    guard !files.isEmpty else { return nil }
    let isWithholding =
      note.trouble != nil || note.waiting != nil || note.takenBack.contains { !$0.isReturned }
    return Damage(
      files: files, mayKeepFromStarting: isWithholding && kept.last == nil && !kept.isEmpty)
  }

  static func listFile(_ path: String) -> ListFile {
    do {
      let bytes = try Files.read(path, limit: Files.listLimit)
      let file = AddressListFile(reading: bytes)
      // Other lines may hold a key, and not even its hash may be known.
      return .read(file, Digest(of: file.hasOtherLines ? Array(file.text.utf8) : bytes))
    } catch .missing {
      return .missing
    } catch .notPermitted {
      return .notPermitted
    } catch {
      return .unreadable(error.reason)
    }
  }
}

extension FactRequest {
  /// The same questions but for those about the directory of shared locks.
  fileprivate var withoutLockBase: FactRequest {
    var request = self
    guard let base = lockBase else { return request }
    for path in [base, LockDirectory.path(in: base)] {
      request.uses[path] = nil
      request.writtenFiles.remove(path)
      request.trusted.remove(path)
    }
    return request
  }
}

/// The permissions of the users of a config, and of this process. Each of them is asked once: an asking forks
/// this process, which may be a large server.
private struct AskedPermissions {
  private(set) var users: [String: Facts.Permissions] = [:]
  /// Those of this process.
  let own: Facts.Permissions?
  /// Those of the user that the server runs as, for its further uses too; nil if this process cannot tell.
  let server: Facts.Permissions?

  /// - Parameters:
  ///   - names: users of this host, the server's first; empty if the server runs as this process does.
  ///   - others: further uses that the server makes.
  init(_ names: [String], _ uses: [String: FactRequest.Use], and others: [String: FactRequest.Use]) {
    for name in names {
      users[name] = Facts.Permissions(of: name, uses, and: name == names[0] ? others : [:])
    }
    if let same = names.first(where: { User(named: $0)?.uid == geteuid() }) {
      own = users[same].map { Facts.Permissions(group: nil, paths: $0.paths) }
    } else {
      own = Facts.Permissions(ofThisProcess: uses, and: names.isEmpty ? others : [:])
    }
    server = if let name = names.first { users[name] } else { own }
  }
}

extension Facts.Permissions {
  fileprivate var obstacles: [String] {
    paths.values.flatMap { permission -> [String] in
      if case .denied(let places) = permission { places } else { [] }
    }
  }
}
