extension SnapshotStore {
  func check(_ maildir: String) throws(StoreError) -> IndexReport {
    let directories = try OpenMaildir(maildir)
    var report = IndexReport()
    switch index.read(maildir) {
    case .none: report.findings.append(.missing)
    case .damaged: report.findings.append(.damaged)
    case .snapshot(let snapshot, let isTorn):
      report.messages = snapshot.count
      if isTorn { report.findings.append(.torn) }
      try compare(snapshot, with: directories, &report)
    }
    return report
  }

  private func compare(
    _ snapshot: Snapshot, with directories: borrowing OpenMaildir, _ report: inout IndexReport
  ) throws(StoreError) {
    let maildir = directories.path
    // Everything is read, whatever the stamps say.
    let reading = try MaildirReading(directories, since: nil, start: now())
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
    let counter = try WireCounter()
    var ids: Set<UInt64> = []
    for position in 0..<indexed.count {
      let path = indexed.path(of: position, in: maildir)
      let (hash, id) = indexed.withUIDL(of: position) {
        (XXHash.hash($0), String(decoding: $0, as: UTF8.self))
      }
      if !ids.insert(hash).inserted { report.findings.append(.sameID(path: path, id: id)) }
      guard let found = present.position(of: position, in: indexed) else {
        if holds(indexed.records[position].folder) {
          report.findings.append(.lost(path: path))
        } else {
          gone += 1
        }
        continue
      }
      let listed = indexed.records[position].messageSize
      guard listed.isKnown, let file = try MessageFile(directories, present, found) else { continue }
      let counted = try counter.size(of: file)
      if counted.octets != listed.octets {
        report.findings.append(
          .wrongSize(path: path, listed: listed.octets, counted: counted.octets, isClaimed: listed.isClaimed))
      }
    }
    if new + renamed + gone > 0 { report.findings.append(.behind(new: new, renamed: renamed, gone: gone)) }
  }

  func rebuild(_ maildir: String, _ scheme: UIDLScheme) throws(StoreError) -> Snapshot {
    let known: Snapshot? = if case .snapshot(let snapshot, _) = index.read(maildir) { snapshot } else { nil }
    forget(maildir)
    return try refresh(known?.withoutSizes(), of: maildir, scheme, claims: false)
  }
}

extension Snapshot {
  /// This with nothing known but names, unique ids and order.
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
