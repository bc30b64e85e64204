import CLinux
import Glibc
import OceanBase
import Synchronization

/// One session's exclusive hold on a mailbox: a snapshot whose numbers never change, though mail arrives (RFC
/// 1939 §3). Messages are numbered from 0. Holds no descriptors.
package final class Mailbox: Sendable {
  /// The Maildir's path.
  package let maildir: String
  let snapshot: Snapshot
  let snapshots: SnapshotStore
  private let lock: Mutex<MailboxLock?>
  private let found = Mutex(Findings())

  /// What the session found out about its messages.
  private struct Findings {
    /// The latest reading, once a message was not found under its name in the snapshot.
    var reading: MaildirReading?
    /// Sizes that the snapshot did not know for certain, by position.
    var sizes: [Int: MessageSize] = [:]
    /// The sizes that are as announced, and not in the index yet.
    var confirmed: [Int: MessageSize] = [:]
    /// Messages that another program seems to be changing, by position: their stamp when this was noticed,
    /// and the time.
    var changing: [Int: (stamp: FileStamp, since: Int64)] = [:]
  }

  init(_ maildir: String, _ snapshot: Snapshot, _ lock: MailboxLock, _ snapshots: SnapshotStore) {
    (self.maildir, self.snapshot, self.snapshots) = (maildir, snapshot, snapshots)
    self.lock = Mutex(lock)
  }

  /// The number of messages.
  package var count: Int { snapshot.count }

  /// The octets of all messages.
  package var totalOctets: UInt64 { snapshot.totalOctets }

  /// The length of a message on the wire: every line ended by CRLF, byte-stuffing not counted (RFC 1939 §11).
  /// It stays the same in this session, even if it turns out wrong when the message is opened: another
  /// server's size was believed, or the message was changed since it was counted.
  ///
  /// - Precondition: `index` is in `0..<count`, here and below.
  package func octets(of index: Int) -> UInt64 { snapshot.size(of: index).octets }

  /// The path of a message when the mailbox was opened, for people.
  package func path(of index: Int) -> String {
    snapshot.table.path(of: snapshot.position(of: index), in: maildir)
  }

  /// Writes the unique id of a message to the beginning of `output`, which has room for it: 1 to 70 octets of 0x21-0x7E
  /// (RFC 1939 §7), or up to 255 if another server gave it to clients.
  ///
  /// - Returns: its length.
  package func copyUIDL(of index: Int, to output: UnsafeMutableRawBufferPointer) -> Int {
    snapshot.withUIDL(of: index) { id in
      let count = min(id.count, output.count)
      output.copyMemory(from: UnsafeRawBufferPointer(rebasing: id[..<count]))
      return count
    }
  }

  /// Opens a message, under whatever name it has by now, for reading from its beginning.
  ///
  /// It takes `MessageFile.octets` on the wire. That is `octets(of:)`, unless that was another server's size
  /// or a guess, or the file was changed under its name. A message whose size was never counted, or that was
  /// touched or rewritten since, is counted now.
  ///
  /// - Parameter cancellation: ends the counting.
  /// - Throws: `vanished`; `changed` if another program may still be changing it, so that the same call is
  ///   worth another try after `settlingTime`; `cancelled`; `permission`, `exhausted`, `io`.
  package func openMessage(
    _ index: Int, cancellation: Cancellation? = nil
  ) throws(StoreError) -> MessageFile {
    let position = snapshot.position(of: index)
    let file = try findMessage(position)
    let announced = snapshot.table.records[position].messageSize
    if let size = knownSize(of: position, as: file) {
      file.setOctets(size.octets)
      return file
    }
    let size = try WireCounter(cancellation).size(of: file)
    file.setOctets(size.octets)
    if size.octets != announced.octets {
      snapshots.correct([position: size], of: snapshot, maildir)
      guard !announced.isCounted || isSettled(file, at: position) else { throw .changed }
    }
    found.withLock {
      $0.sizes[position] = size
      if size.octets == announced.octets { $0.confirmed[position] = size }
    }
    return file
  }

  /// How long a message that was changed under its name must have been left alone before it is sent, in
  /// nanoseconds: sooner it may be only half of what it will be.
  package static let settlingTime = MaildirStamp.granularity

  /// Whether a file has been left alone for `settlingTime`. Its time of change tells, if the clock that
  /// stamped it is this machine's; otherwise the file must be looked at twice.
  private func isSettled(_ file: MessageFile, at position: Int) -> Bool {
    let now = snapshots.now()
    if file.isLocal, file.stamp.changed <= now &- Self.settlingTime { return true }
    return found.withLock { findings in
      if let first = findings.changing[position], first.stamp == file.stamp {
        return now &- first.since >= Self.settlingTime
      }
      findings.changing[position] = (file.stamp, now)
      return false
    }
  }

  /// Opens a message like `openMessage`, but never blocks, so that an event loop may call it. Nil if the
  /// kernel does not have the names in memory, or if anything else is out of the ordinary, which
  /// `openMessage` then finds out. Also nil where the file system may be another machine's: NFSv4 asks for
  /// permission to open what it knows.
  package func openMessageIfCached(_ index: Int) -> MessageFile? {
    let position = snapshot.position(of: index)
    let table = snapshot.table
    let folders = snapshot.folders
    guard
      let file = try? MessageFile(cachedIn: maildir, folders, table, position, closedBy: snapshots.closer),
      let size = knownSize(of: position, as: file)
    else { return nil }
    file.setOctets(size.octets)
    return file
  }

  /// The size that was counted in exactly this state of the file; nil if it was not counted.
  private func knownSize(of position: Int, as file: MessageFile) -> MessageSize? {
    let announced = snapshot.table.records[position].messageSize
    if announced.wasCounted(bytes: file.size, modified: file.modified) { return announced }
    guard let size = found.withLock({ $0.sizes[position] }),
      size.wasCounted(bytes: file.size, modified: file.modified)
    else { return nil }
    return size
  }

  private func findMessage(_ position: Int) throws(StoreError) -> MessageFile {
    if let file = try file(at: position, in: snapshot.table) { return file }
    if let reading = found.withLock({ $0.reading }), let file = try open(position, in: reading.merged.table) {
      return file
    }
    // The message may be renamed again after each reading, but we do not look for it for ever.
    for _ in 0..<3 {
      if let file = try open(position, in: try read().merged.table) { return file }
    }
    throw .vanished
  }

  /// Opens a message; nil if it is not, or no longer, under the name that it has in that table.
  private func open(_ position: Int, in table: MessageTable) throws(StoreError) -> MessageFile? {
    guard let position = table.position(of: position, in: snapshot.table) else { return nil }
    return try file(at: position, in: table)
  }

  private func file(at position: Int, in table: MessageTable) throws(StoreError) -> MessageFile? {
    snapshots.closer.awaitClosing(of: maildir)
    let folder = table.records[position].folder
    let directory = try OpenMaildir(maildir, only: folder)
    snapshot.folders[folder] = LocalFolders(directory)[folder]
    return try MessageFile(directory, table, position, closedBy: snapshots.closer)
  }

  private func read() throws(StoreError) -> MaildirReading {
    let latest = found.withLock { $0.reading }
    if let latest, latest.state.holds(at: try MaildirStamp(ofMaildir: maildir)) { return latest }
    let older = latest.map { ($0.merged.table, $0.state) } ?? (snapshot.table, snapshot.state)
    let start = snapshots.now()
    let reading = try MaildirReading(try OpenMaildir(maildir), since: older, start: start)
    found.withLock { $0.reading = reading }
    return reading
  }

  /// Does the work of the UPDATE state (RFC 1939 §6): removes messages, then marks others as seen. Every
  /// removal is tried, and is on disk when this returns; a message already gone counts as removed. Marking
  /// moves a message to cur/ with the flag S. It never replaces a file, and it is not an error if a message
  /// cannot be marked.
  ///
  /// - Parameter giveWay: called now and then: others may have their turn.
  package func update(
    deleting: some Sequence<Int>, seen: some Sequence<Int>, givingWay giveWay: () -> Void = {}
  ) -> UpdateResult {
    let (deleting, seen) = (Array(deleting), Array(seen))
    guard !deleting.isEmpty || !seen.isEmpty else { return UpdateResult() }
    // If close() comes meanwhile, this reference keeps others out until the end.
    guard let lock = lock.withLock({ $0 }) else {
      return UpdateResult(failed: deleting.count, firstError: .closed)
    }
    defer { withExtendedLifetime(lock) {} }
    do {
      confirmSizes()
      let directories = try OpenMaildir(maildir)
      var quota: QuotaFile?
      do throws(StoreError) {
        if !deleting.isEmpty { quota = try QuotaFile(directories) }
      } catch {
        snapshots.note(maildir, .notInQuota(error))
      }
      let isShared = lock.isShared
      var result = follow(deleting, in: directories, .remove, giveWay, lock) {
        [quota] directories, table, position, isFirst in
        // Only a reading of this moment knows the file without looking: another host may have removed the message, and
        // something else may have its name.
        guard !isShared || !isFirst || Self.isThere(directories, table, position) else { return ENOENT }
        return Self.remove(directories, table, position, quota)
      }
      if !deleting.isEmpty {
        do {
          try Self.synchronize(directories)
        } catch {
          result.firstError = result.firstError ?? error
        }
      }
      do { try quota?.write() } catch { snapshots.note(maildir, .notInQuota(error)) }
      // A removed message has no name to look for.
      let gone = result.failed == 0 ? Set(deleting) : []
      let left = gone.isEmpty ? seen : seen.filter { !gone.contains($0) }
      let marked = follow(left, in: directories, .rename, giveWay, lock) { directories, table, position, _ in
        Self.markSeen(directories, table, position)
      }
      if let error = marked.firstError {
        snapshots.note(maildir, .notMarkedSeen(error))
      }
      return result
    } catch {
      if deleting.isEmpty { snapshots.note(maildir, .notMarkedSeen(error)) }
      return UpdateResult(failed: deleting.count, firstError: error)
    }
  }

  private func confirmSizes() {
    let confirmed = found.withLock { findings in
      defer { findings.confirmed = [:] }
      return findings.confirmed
    }
    if !confirmed.isEmpty { snapshots.confirm(confirmed, of: snapshot, maildir) }
  }

  /// After so many messages a lock that other hosts could have taken is proved again.
  static let batch = 64

  /// Does something to each message under its present name, as long as the lock is held.
  ///
  /// - Parameter action: returns 0 or an errno. After ENOENT, or ESTALE on a network file system, the
  ///   directories are read again for all such messages together. It is told whether they were not read again yet.
  private func follow(
    _ messages: [Int], in directories: borrowing OpenMaildir, _ operation: SystemFailure.Operation,
    _ giveWay: () -> Void, _ lock: MailboxLock,
    _ action: (borrowing OpenMaildir, MessageTable, Int, _ isFirst: Bool) -> Int32
  ) -> UpdateResult {
    var result = UpdateResult()
    var pending = messages.map(snapshot.position)
    var (table, state) = (snapshot.table, snapshot.state)
    // A message that is renamed between each reading and the call after it is given up in the end.
    for attempt in 0..<8 where !pending.isEmpty {
      var missed: [Int] = []
      for (number, message) in pending.enumerated() {
        giveWay()
        do {
          if number.isMultiple(of: Self.batch) { try lock.prove() }
        } catch {
          result.failed += pending.count - number + missed.count
          result.firstError = result.firstError ?? error
          return result
        }
        guard let position = attempt == 0 ? message : table.position(of: message, in: snapshot.table) else {
          result.removed += 1
          continue
        }
        switch action(directories, table, position, attempt == 0) {
        case 0: result.removed += 1
        case ENOENT, ESTALE: missed.append(message)
        case let code:
          result.failed += 1
          result.firstError =
            result.firstError ?? StoreError(operation, table.path(of: position, in: maildir), errno: code)
        }
      }
      pending = missed
      guard !pending.isEmpty else { break }
      do {
        let reading = try MaildirReading(directories, since: (table, state), start: snapshots.now())
        (table, state) = (reading.merged.table, reading.state)
      } catch {
        result.failed += pending.count
        result.firstError = result.firstError ?? error
        return result
      }
    }
    if let message = pending.first {
      result.failed += pending.count
      let path = snapshot.table.path(of: message, in: maildir)
      result.firstError = result.firstError ?? StoreError(operation, path, errno: ENOENT)
    }
    return result
  }

  /// Whether a message's name leads to its file.
  private static func isThere(
    _ directories: borrowing OpenMaildir, _ table: MessageTable, _ position: Int
  ) -> Bool {
    let record = table.records[position]
    guard directories[record.folder] >= 0 else { return false }
    var status = stat()
    let result = table.withCName(of: position) {
      fstatat(directories[record.folder], $0, &status, AT_SYMLINK_NOFOLLOW)
    }
    return result == 0 && UInt64(status.st_ino) == record.inode
  }

  private static func remove(
    _ directories: borrowing OpenMaildir, _ table: MessageTable, _ position: Int, _ quota: QuotaFile?
  ) -> Int32 {
    let record = table.records[position]
    guard directories[record.folder] >= 0 else { return ENOENT }
    let size = quota?.size(of: position, in: table, directories)
    let result = table.withCName(of: position) { unlinkat(directories[record.folder], $0, 0) }
    if result != 0 { return errno }
    if let size { quota?.subtract(size) }
    // The message has another name, which must go as well, or the message is back in the next session.
    return record.flags.contains(.linked) ? ENOENT : 0
  }

  private static func markSeen(
    _ directories: borrowing OpenMaildir, _ table: MessageTable, _ position: Int
  ) -> Int32 {
    let folder = table.records[position].folder
    guard directories[folder] >= 0 else { return ENOENT }
    guard directories[.cur] >= 0 else { return ENOTDIR }
    guard let target = table.withName(of: position, { $0.markedSeen() }) else { return 0 }
    return table.withCName(of: position) { name in
      target.withUnsafeBytes { bytes in
        bytes.withMemoryRebound(to: CChar.self) { target in
          guard let target = target.baseAddress, folder == .new || strcmp(name, target) != 0 else { return 0 }
          return linux_rename_new(directories[folder], name, directories[.cur], target) == 0 ? 0 : errno
        }
      }
    }
  }

  private static func synchronize(_ directories: borrowing OpenMaildir) throws(StoreError) {
    for folder in [Folder.new, .cur] where directories[folder] >= 0 {
      guard fsync(directories[folder]) == 0 else {
        let code = errno
        // Some file systems do not synchronise directories.
        if code == EINVAL || code == ENOTSUP { continue }
        throw StoreError(.synchronize, OpenMaildir.path(of: folder, in: directories.path), errno: code)
      }
    }
  }

  /// Whether giving up the mailbox may wait for another machine.
  package var isClosingSlow: Bool { lock.withLock { $0?.isRemote ?? false } }

  /// Gives up the mailbox like `close`, sooner or later, from a thread that may not wait.
  package func leave() {
    guard isClosingSlow else { return close() }
    snapshots.closer.letGo(of: maildir) { self.close() }
  }

  /// Gives up the mailbox. Nothing is removed; `update` does nothing any more. This happens by itself with
  /// the last reference.
  package func close() {
    let released = lock.withLock { held in
      let lock = held
      held = nil
      return lock
    }
    // Unlocking is a system call, so it is done outside the mutex.
    _ = released
  }
}
