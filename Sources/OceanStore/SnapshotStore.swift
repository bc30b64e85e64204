import CLinux
import Glibc
import Synchronization

/// Finds the present snapshots of mailboxes: in memory, on disk, or by reading what has changed.
final class SnapshotStore: Sendable {
  private let cache: SnapshotCache
  private let watches: FolderWatches
  /// The number of messages from which a Maildir is watched: reading a smaller one takes less than two
  /// milliseconds.
  private let watchedFrom: Int
  private let tableBytes: Int
  let index: IndexFile
  let closer = FileCloser()
  let now: @Sendable () -> Int64
  /// Mailboxes where a size in a file name was found wrong and this could not be saved in the index.
  private let distrusted = Mutex<Set<String>>([])
  let note: MaildirStore.Noting

  init(
    cacheBytes: Int, index: IndexFile, watchedFrom: Int, tableBytes: Int,
    now: @escaping @Sendable () -> Int64, noting note: @escaping MaildirStore.Noting
  ) {
    cache = SnapshotCache(capacity: cacheBytes)
    watches = FolderWatches(now: now)
    (self.index, self.watchedFrom, self.tableBytes, self.now) = (index, watchedFrom, tableBytes, now)
    self.note = note
  }

  var cachedBytes: Int { cache.byteCount }

  /// The present snapshot of a mailbox.
  ///
  /// - Precondition: the mailbox's lock is held, for all calls.
  /// - Parameter isShared: whether other hosts serve the mailbox, which must know messages by the same ids.
  func current(
    of maildir: String, _ scheme: UIDLScheme, isShared: Bool = false, _ cancellation: Cancellation? = nil
  ) throws(StoreError) -> Snapshot {
    let (snapshot, isNew) = try find(maildir, scheme, isShared, cancellation)
    // Making a large table leaves holes of several times its size, which the heap would keep.
    if isNew, snapshot.byteCount > 8 << 20 { linux_return_memory() }
    tidy(maildir, snapshot)
    return snapshot
  }

  /// Removes now and then what crashes have left in tmp/. In between, a login without new mail does not pay a
  /// system call for it.
  private func tidy(_ maildir: String, _ snapshot: Snapshot) {
    let (now, last) = (now(), snapshot.tidied.load(ordering: .relaxed))
    guard last == 0 || now < last || now &- last >= TemporaryFiles.interval else { return }
    var isAll = true
    if let files = TemporaryFiles(ofMaildir: maildir) {
      switch files.removeAbandoned(now: now) {
      case .failed(let error): note(maildir, .abandonedNotRemoved(error))
      case .removed(let count, let wasAll):
        isAll = wasAll
        if count > 0 { note(maildir, .abandonedRemoved(count: count, path: maildir + "/tmp")) }
      }
    }
    if isAll { snapshot.tidied.store(now, ordering: .relaxed) }
  }

  private func find(
    _ maildir: String, _ scheme: UIDLScheme, _ isShared: Bool, _ cancellation: Cancellation?
  ) throws(StoreError) -> (snapshot: Snapshot, isNew: Bool) {
    guard let (known, watch) = cache.entry(of: maildir) else {
      return try findOnDisk(maildir, scheme, isShared, cancellation)
    }
    // The directories that were read were judged (see `LinkPolicy`), and an equal stamp means the same
    // directories: those that other links lead to have other stamps.
    if known.isOf(scheme), !known.isPartial, !(isShared && known.hasUnsharedIDs()),
      try known.state.holds(at: MaildirStamp(ofMaildir: maildir)),
      watch?.isQuiet ?? true
    {
      return (known, false)
    }
    return (try refresh(known, of: maildir, scheme, isShared, watch, cancellation), true)
  }

  private func findOnDisk(
    _ maildir: String, _ scheme: UIDLScheme, _ isShared: Bool, _ cancellation: Cancellation?
  ) throws(StoreError) -> (snapshot: Snapshot, isNew: Bool) {
    guard let known = try read(maildir) else {
      return (try refresh(nil, of: maildir, scheme, isShared, nil, cancellation), true)
    }
    // Folders that cannot be read may have an index that knows everything.
    let directories = try OpenMaildir(maildir, toRead: false)
    // The watch begins before the stamps are looked at.
    let watch = known.count >= watchedFrom ? MaildirWatch(directories, by: watches) : nil
    // Messages that could not be read are tried again.
    if known.isOf(scheme), !known.isPartial, known.unknownSizes == 0, !isDistrusted(maildir),
      !(isShared && known.hasUnsharedIDs()),
      try known.state.holds(at: directories.stamp()), watch?.isQuiet ?? true
    {
      known.folders = LocalFolders(directories)
      watch?.settle()
      cache.insert(known, for: maildir, watch)
      return (known, false)
    }
    return (try refresh(known, of: maildir, scheme, isShared, watch, cancellation), true)
  }

  private func read(_ maildir: String) throws(StoreError) -> Snapshot? {
    switch index.read(maildir) {
    case .none: return nil
    case .snapshot(let snapshot, _): return snapshot
    case .damaged:
      if let path = index.location.path(for: maildir) { note(maildir, .indexDamaged(path: path)) }
      return nil
    case .unreadable(let error):
      // The index may be readable later: ids that only it knows must not change because of this.
      if case .exhausted = error { throw error }
      note(maildir, .indexNotRead(error))
      return nil
    }
  }

  private func isDistrusted(_ maildir: String) -> Bool { distrusted.withLock { $0.contains(maildir) } }

  private func refresh(
    _ known: Snapshot?, of maildir: String, _ scheme: UIDLScheme, _ isShared: Bool, _ watch: MaildirWatch?,
    _ cancellation: Cancellation?
  ) throws(StoreError) -> Snapshot {
    // Only an index remembers that a size in a name was wrong.
    let claims = index.location != .none && !isDistrusted(maildir)
    return try refresh(known, of: maildir, scheme, isShared, claims: claims, watch, cancellation)
  }

  /// Reads what is not known yet, and saves it.
  ///
  /// - Parameters:
  ///   - claims: whether sizes in names and other servers' lists are believed until the messages are sent.
  ///   - watch: watches the Maildir since `known`.
  func refresh(
    _ known: Snapshot?, of maildir: String, _ scheme: UIDLScheme, _ isShared: Bool, claims: Bool,
    _ watch: MaildirWatch? = nil, _ cancellation: Cancellation? = nil
  ) throws(StoreError) -> Snapshot {
    let directories = try OpenMaildir(maildir)
    var watch = watch
    if let old = watch, !old.isOf(directories) {
      old.end()
      watch = nil
    }
    // The size of a Maildir that was never read is not known.
    if watch == nil, known?.count ?? .max >= watchedFrom { watch = MaildirWatch(directories, by: watches) }
    let (snapshot, changes) = try make(
      known, of: directories, scheme, isShared, claims: claims, watch, WireCounter(cancellation))
    snapshot.folders = LocalFolders(directories)
    if let known { snapshot.tidied.store(known.tidied.load(ordering: .relaxed), ordering: .relaxed) }
    if save(snapshot, of: maildir, changes, since: known) {
      _ = distrusted.withLock { $0.remove(maildir) }
    }
    watch?.settle()
    cache.insert(snapshot, for: maildir, snapshot.count < watchedFrom ? nil : watch)
    if snapshot.isPartial { throw .cancelled }
    return snapshot
  }

  private func save(
    _ snapshot: Snapshot, of maildir: String, _ changes: SnapshotChanges, since known: Snapshot?
  ) -> Bool {
    do throws(StoreError) {
      return try index.save(snapshot, of: maildir, changes, since: known)
    } catch {
      note(maildir, .indexNotSaved(error))
      return false
    }
  }

  func forget(_ maildir: String) { cache.remove(maildir) }

  private func make(
    _ known: Snapshot?, of directories: borrowing OpenMaildir, _ scheme: UIDLScheme, _ isShared: Bool,
    claims: Bool,
    _ watch: MaildirWatch?, _ counter: borrowing WireCounter
  ) throws(StoreError) -> (Snapshot, SnapshotChanges) {
    let start = now()
    var attempts = 0
    while true {
      // Only the builder may hold what was read, so that it can change it in place.
      var builder = SnapshotBuilder(
        try MaildirReading(
          directories, since: known.map { ($0.table, $0.state) }, start: start, watch,
          counter.cancellation), previous: known)
      builder.tellCopies(in: directories)
      if let list = scheme.list {
        try builder.take(
          from: list, in: directories, anew: known.map { !$0.isOf(scheme) } ?? false,
          counter.cancellation)
      }
      if isShared {
        try builder.takeShared(
          in: directories, scheme, isAll: known?.hasUnsharedIDs() ?? false, counter.cancellation)
      }
      try builder.measure(in: directories, claims: claims, counter)
      builder.separateIDs()
      // The size includes known and new messages, and the other server's ids, which are as long as that
      // server likes.
      guard builder.table.byteCount <= tableBytes else { throw .tooLarge(path: directories.path) }
      attempts += 1
      if builder.missedMessages, attempts < 3 { continue }
      let lines = builder.sharedLines(scheme)
      if !lines.isEmpty { try SharedIDs.append(lines, in: directories) }
      for error in builder.unreadable { note(directories.path, .notCounted(error)) }
      return builder.finish(scheme)
    }
  }

  /// Corrects sizes that were announced wrong: the next session is to announce these.
  func correct(_ sizes: [Int: MessageSize], of snapshot: Snapshot, _ maildir: String) {
    cache.remove(maildir)
    guard index.location != .none else { return }
    do throws(StoreError) {
      if try index.correct(sizes, of: snapshot, maildir) { return }
    } catch {
      note(maildir, .indexNotSaved(error))
    }
    _ = distrusted.withLock { $0.insert(maildir) }
  }

  /// Saves that sizes which were only claimed, or belong to files that were touched, have been found right.
  func confirm(_ sizes: [Int: MessageSize], of snapshot: Snapshot, _ maildir: String) {
    guard let entry = cache.entry(of: maildir), entry.snapshot === snapshot else { return }
    let corrected = snapshot.correcting(sizes)
    corrected.tidied.store(snapshot.tidied.load(ordering: .relaxed), ordering: .relaxed)
    _ = save(
      corrected, of: maildir, SnapshotChanges(put: sizes.keys.sorted()), since: snapshot)
    // The session goes on with the old snapshot, and may have more to append.
    snapshot.saved = corrected.saved
    cache.insert(corrected, for: maildir, entry.watch)
  }
}

extension Snapshot {
  /// Whether its unique ids and order are those of a scheme.
  func isOf(_ scheme: UIDLScheme) -> Bool { scheme == .ocean || self.scheme == scheme.identity }
}
