import CLinux
import Glibc
import Synchronization

/// One session's exclusive hold on a mailbox: a snapshot whose numbers never change, though mail arrives (RFC 1939 §3).
/// Messages are numbered from 0. Holds no descriptors.
package final class Mailbox: Sendable {
  private let maildir: String
  let snapshot: Snapshot
  private let cache: SnapshotCache
  private let now: @Sendable () -> Int64
  private let lock: Mutex<MailboxLock?>
  /// The latest reading, once a message was not found under its name in the snapshot.
  private let relisted = Mutex<Listing?>(nil)

  init(
    _ maildir: String, _ snapshot: Snapshot, _ lock: MailboxLock, _ cache: SnapshotCache,
    now: @escaping @Sendable () -> Int64
  ) {
    self.maildir = maildir
    self.snapshot = snapshot
    self.cache = cache
    self.now = now
    self.lock = Mutex(lock)
  }

  /// The number of messages.
  package var count: Int { snapshot.count }

  /// The octets of all messages.
  package var totalOctets: UInt64 { snapshot.totalOctets }

  /// The length of a message on the wire: every line ended by CRLF, byte-stuffing not counted (RFC 1939 §11).
  ///
  /// - Precondition: `index` is in `0..<count`, here and below.
  package func octets(of index: Int) -> UInt64 { snapshot.octets(of: index) }

  /// The unique id of a message: 1 to 70 octets of 0x21-0x7E (RFC 1939 §7); valid within `body`.
  package func withUIDL<R>(of index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    snapshot.withUIDL(of: index, body)
  }

  /// Opens a message, under whatever name it has by now.
  ///
  /// What it holds takes `octets(of:)` octets: a file that was touched or rewritten since the snapshot is counted again.
  ///
  /// - Throws: `vanished`; `changed` if it has another length now, which the next session will see; `permission`,
  ///   `exhausted`, `io`.
  package func openMessage(_ index: Int) throws(StoreError) -> MessageFile {
    let file = try findMessage(index)
    if !snapshot.wasCounted(index, as: file) {
      cache.remove(maildir)
      let counter = try WireCounter()
      guard try counter.count(file) == snapshot.octets(of: index) else { throw .changed }
    }
    return file
  }

  /// As `openMessage`, but never blocks, so that an event loop may call it: nil if the kernel does not have the names in
  /// memory, or anything else is out of the ordinary, which `openMessage` then finds out.
  package func openMessageIfCached(_ index: Int) -> MessageFile? {
    let listing = snapshot.listing
    do {
      let directory = try OpenMaildir(maildir, only: listing.entries[index].folder, ifCached: true)
      guard let file = try MessageFile(directory, listing, index, ifCached: true),
        snapshot.wasCounted(index, as: file)
      else { return nil }
      return file
    } catch {
      return nil
    }
  }

  private func findMessage(_ index: Int) throws(StoreError) -> MessageFile {
    if let file = try open(index, in: snapshot.listing) { return file }
    if let listing = relisted.withLock({ $0 }), let file = try open(index, in: listing) { return file }
    // It may be renamed again after each reading; not for ever.
    for _ in 0..<3 {
      if let file = try open(index, in: try relist()) { return file }
    }
    throw .vanished
  }

  /// Nil if the message is not, or not any more, under the name it has in that listing.
  private func open(_ index: Int, in listing: Listing) throws(StoreError) -> MessageFile? {
    guard let position = position(of: index, in: listing) else { return nil }
    let directory = try OpenMaildir(maildir, only: listing.entries[position].folder)
    return try MessageFile(directory, listing, position)
  }

  private func position(of index: Int, in listing: Listing) -> Int? {
    listing === snapshot.listing ? index : listing.position(of: index, in: snapshot.listing)
  }

  private func relist() throws(StoreError) -> Listing {
    if let listing = relisted.withLock({ $0 }), listing.isSettled,
      try MaildirStamp(ofMaildir: maildir) == listing.stamp
    {
      return listing
    }
    let start = now()
    let listing = try Listing(reading: try OpenMaildir(maildir), start: start)
    relisted.withLock { $0 = listing }
    return listing
  }

  /// The UPDATE state (RFC 1939 §6): removes messages, then marks others as seen. Every removal is tried, and on disk when
  /// this returns; one already gone is done. Marking moves a message to cur/ with the flag S; it never replaces a file, and
  /// that it could not be marked is no error.
  package func update(deleting: some Sequence<Int>, seen: some Sequence<Int>) -> UpdateResult {
    let (deleting, seen) = (Array(deleting), Array(seen))
    guard !deleting.isEmpty || !seen.isEmpty else { return UpdateResult() }
    // Should close() come meanwhile: this reference keeps others out until the end.
    guard let lock = lock.withLock({ $0 }) else {
      return UpdateResult(failed: deleting.count, firstError: .closed)
    }
    defer { withExtendedLifetime(lock) {} }
    do {
      let directories = try OpenMaildir(maildir)
      var result = follow(deleting, in: directories, Self.remove)
      if !deleting.isEmpty {
        do {
          try Self.synchronize(directories)
        } catch {
          result.firstError = result.firstError ?? error
        }
      }
      _ = follow(seen, in: directories, Self.markSeen)
      return result
    } catch {
      return UpdateResult(failed: deleting.count, firstError: error)
    }
  }

  /// Does something to each message under its present name.
  ///
  /// - Parameter action: gives 0 or an errno. After ENOENT the directories are read again, all such messages together.
  private func follow(
    _ messages: [Int], in directories: borrowing OpenMaildir,
    _ action: (borrowing OpenMaildir, Listing, Int) -> Int32
  ) -> UpdateResult {
    var result = UpdateResult()
    var pending = messages
    var listing = snapshot.listing
    // A message renamed between each reading and the call after it is given up at last.
    for _ in 0..<8 where !pending.isEmpty {
      var missed: [Int] = []
      for index in pending {
        guard let position = position(of: index, in: listing) else {
          result.removed += 1
          continue
        }
        switch action(directories, listing, position) {
        case 0: result.removed += 1
        case ENOENT: missed.append(index)
        case let code:
          result.failed += 1
          result.firstError =
            result.firstError ?? StoreError(.remove, listing.path(of: position, in: maildir), errno: code)
        }
      }
      pending = missed
      guard !pending.isEmpty else { break }
      do {
        listing = try Listing(reading: directories, start: now())
      } catch {
        result.failed += pending.count
        result.firstError = result.firstError ?? error
        return result
      }
    }
    if let index = pending.first {
      result.failed += pending.count
      let path = snapshot.listing.path(of: index, in: maildir)
      result.firstError = result.firstError ?? StoreError(.remove, path, errno: ENOENT)
    }
    return result
  }

  private static func remove(
    _ directories: borrowing OpenMaildir, _ listing: Listing, _ position: Int
  ) -> Int32 {
    let entry = listing.entries[position]
    guard directories[entry.folder] >= 0 else { return ENOENT }
    let result = listing.withCName(of: position) { unlinkat(directories[entry.folder], $0, 0) }
    if result != 0 { return errno }
    // It has another name, which must go as well, or the message is back in the next session.
    return entry.isLinked ? ENOENT : 0
  }

  private static func markSeen(
    _ directories: borrowing OpenMaildir, _ listing: Listing, _ position: Int
  ) -> Int32 {
    let folder = listing.entries[position].folder
    guard directories[folder] >= 0 else { return ENOENT }
    guard let target = listing.withName(of: position, { $0.markedSeen() }) else { return 0 }
    return listing.withCName(of: position) { name in
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

  /// Lets go of the mailbox. Nothing is removed; `update` does nothing any more. Happens by itself with the last reference.
  package func close() {
    let released = lock.withLock { held in
      let lock = held
      held = nil
      return lock
    }
    // Unlocking is a system call: outside the mutex.
    _ = released
  }
}
