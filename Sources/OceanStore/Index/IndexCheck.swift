import Glibc

extension SnapshotStore {
  /// - Parameter scheme: whose list is looked at as well.
  func check(_ maildir: String, _ scheme: UIDLScheme) throws(StoreError) -> IndexReport {
    let directories = try OpenMaildir(maildir)
    var report = IndexReport()
    var indexed: Snapshot?
    switch index.read(maildir) {
    case .none: report.findings.append(.missing)
    case .damaged:
      let path = index.location.path(for: maildir)
      report.findings.append(path.flatMap { Self.isForeign($0) ? .foreignIndex(path: $0) : nil } ?? .damaged)
    case .unreadable(let error): report.findings.append(.unreadableIndex(error))
    case .snapshot(let snapshot, let isTorn):
      indexed = snapshot
      report.messages = snapshot.count
      if isTorn { report.findings.append(.torn) }
    }
    // Everything is read, whatever the stamps say.
    let reading = try MaildirReading(directories, since: nil, start: now())
    if let indexed { compare(indexed, with: reading, maildir, &report) }
    try readMessages(of: reading.merged.table, indexed?.table, in: directories, &report)
    checkAccess(to: directories, &report)
    do throws(StoreError) {
      try scheme.list?.forEach(in: directories, where: { _ in false }, { _ in })
    } catch {
      report.findings.append(.unreadableList(error))
    }
    if let finding = QuotaFile.finding(in: directories) { report.findings.append(finding) }
    return report
  }

  private static func isForeign(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
  }

  private func compare(
    _ snapshot: Snapshot, with reading: MaildirReading, _ maildir: String, _ report: inout IndexReport
  ) {
    let (indexed, present) = (snapshot.table, reading.merged.table)
    func holds(_ folder: Folder) -> Bool {
      snapshot.state[folder].isSettled && snapshot.state[folder].stamp == reading.state[folder].stamp
    }
    var (new, renamed, gone) = (0, 0, 0)
    for position in 0..<present.count {
      let known = indexed.position(of: position, in: present)
      let isRenamed = known.map { !present.hasSameName(position, as: $0, in: indexed) } ?? false
      if known != nil, !isRenamed { continue }
      if holds(present.records[position].folder), !present.records[position].flags.contains(.linked) {
        report.findings.append(.unlisted(path: present.path(of: position, in: maildir)))
      } else if isRenamed {
        renamed += 1
      } else {
        new += 1
      }
    }
    var ids: Set<UInt64> = []
    for position in 0..<indexed.count {
      let path = indexed.path(of: position, in: maildir)
      let (hash, id) = indexed.withUIDL(of: position) {
        (XXHash.hash($0), String(decoding: $0, as: UTF8.self))
      }
      if !ids.insert(hash).inserted { report.findings.append(.sameID(path: path, id: id)) }
      guard present.position(of: position, in: indexed) == nil else { continue }
      if holds(indexed.records[position].folder) {
        report.findings.append(.lost(path: path))
      } else {
        gone += 1
      }
    }
    if new + renamed + gone > 0 { report.findings.append(.behind(new: new, renamed: renamed, gone: gone)) }
  }

  /// Reads all messages, whether or not the index has them.
  private func readMessages(
    of present: MessageTable, _ indexed: MessageTable?, in directories: borrowing OpenMaildir,
    _ report: inout IndexReport
  ) throws(StoreError) {
    let counter = try WireCounter()
    for position in 0..<present.count {
      let counted: MessageSize
      do throws(StoreError) {
        // The file went meanwhile: the next session does without it as well.
        guard let file = try MessageFile(directories, present, position) else { continue }
        counted = try counter.size(of: file)
      } catch .changed {
        continue
      } catch .exhausted(let failure) {
        throw .exhausted(failure)
      } catch {
        report.findings.append(.unreadable(error))
        continue
      }
      guard let indexed, let known = indexed.position(of: position, in: present) else { continue }
      let listed = indexed.records[known].messageSize
      if listed.isKnown, counted.octets != listed.octets {
        let path = present.path(of: position, in: directories.path)
        report.findings.append(
          .wrongSize(path: path, listed: listed.octets, counted: counted.octets, isClaimed: listed.isClaimed))
      }
    }
  }

  /// Checks whether a session could remove messages, mark them and save the index.
  private func checkAccess(to directories: borrowing OpenMaildir, _ report: inout IndexReport) {
    for folder in [Folder.new, .cur] where directories[folder] >= 0 {
      let path = OpenMaildir.path(of: folder, in: directories.path)
      if let error = Self.denial(of: path) { report.findings.append(.fixedFolder(error)) }
    }
    guard let path = index.location.path(for: directories.path), let slash = path.lastIndex(of: "/") else {
      return
    }
    // Only the directory counts: an index file of another user is replaced.
    if let error = Self.denial(of: String(path[..<slash])) {
      report.findings.append(.fixedIndex(error))
    }
  }

  /// Why the user of this process could not change the names in a directory; nil if it seems to be possible.
  private static func denial(of directory: String) -> StoreError? {
    if faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0 {
      let code = errno
      return StoreError(.write, directory, errno: code)
    }
    var space = statvfs()
    // The server cannot use blocks that are reserved for root.
    if statvfs(directory, &space) == 0, space.f_blocks > 0, space.f_bavail == 0, geteuid() != 0 {
      return StoreError(.write, directory, errno: ENOSPC)
    }
    return nil
  }

  func rebuild(_ maildir: String, _ scheme: UIDLScheme, isShared: Bool = false) throws(StoreError) -> Snapshot
  {
    var known: Snapshot?
    switch index.read(maildir) {
    case .none, .damaged: break
    case .snapshot(let snapshot, _): known = snapshot
    case .unreadable(.exhausted(let failure)): throw .exhausted(failure)
    case .unreadable(let error): note(maildir, .indexNotRead(error))
    }
    forget(maildir)
    return try refresh(known?.withoutSizes(), of: maildir, scheme, isShared, claims: false)
  }
}

extension Snapshot {
  /// A copy in which only names, unique ids and order are known.
  func withoutSizes() -> Snapshot {
    let unknown = MessageSize.guess(bytes: 0)
    let sizes = Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, unknown) })
    let state = MaildirState(
      new: FolderState(stamp: nil, isSettled: false), cur: FolderState(stamp: nil, isSettled: false))
    return Snapshot(
      table: correcting(sizes).table, order: order, state: state, scheme: scheme, saved: nil)
  }
}

extension MessageTable {
  func hasSameName(_ position: Int, as other: Int, in table: MessageTable) -> Bool {
    records[position].folder == table.records[other].folder
      && withName(of: position) { name in table.withName(of: other) { $0.isEqual(to: name) } }
  }
}
