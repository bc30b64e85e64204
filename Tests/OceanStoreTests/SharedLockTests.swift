import CLinux
import Glibc
import TestSupport
import Testing

@testable import OceanStore

/// Two stores, each with a state directory of its own, are like the servers of two hosts that serve the same mail.
@Suite struct SharedLockTests {
  let fixture = Fixture()
  private let other = Fixture()

  private var place: LockPlace { .shared(base: fixture.root) }
  private var folder: String { fixture.root + "/.ocean-locks" }
  /// The only shard that was needed.
  private var shard: String { folder + "/" + (FileNames.of(folder).first { $0 != "." && $0 != ".." } ?? "") }

  private func open(_ store: MaildirStore) throws -> Mailbox {
    try store.open(fixture.maildir, locks: place)
  }

  @Test func `one session among hosts`() throws {
    let (one, two) = (try fixture.store(), try other.store())
    let first = try open(one)
    #expect(throws: StoreError.inUse) { try open(two) }
    #expect(throws: StoreError.inUse) { try open(one) }
    first.close()
    let second = try open(two)
    #expect(throws: StoreError.inUse) { try open(one) }
    withExtendedLifetime(second) {}
  }

  /// Servers of one host that do not share a state directory have no other lock in common.
  @Test func `local locks are of one state directory`() throws {
    let first = try fixture.store().open(fixture.maildir)
    _ = try other.store().open(fixture.maildir)
    withExtendedLifetime(first) {}
    #expect(!fixture.exists("../.ocean-locks"))
  }

  /// The mail may have another path on each host, and may be found through a link.
  @Test func `what counts is the path below the base`() throws {
    symlink(fixture.root, other.root + "/mounted")
    let first = try open(try fixture.store())
    let (base, store) = (other.root + "/mounted", try other.store())
    #expect(throws: StoreError.inUse) { try store.open(base + "/mail", locks: .shared(base: base)) }
    first.close()
    _ = try store.open(base + "/mail", locks: .shared(base: base + "/"))
  }

  @Test func `a session has no descriptor of its own`() throws {
    let store = try fixture.store()
    var mailboxes: [Mailbox] = []
    for number in 0..<500 {
      mailboxes.append(try store.open(fixture.root + "/box\(number)", locks: place))
    }
    #expect(FileNames.of(folder).count { $0 != "." && $0 != ".." } == SharedLocks.shardCount)
    let others = try other.store()
    for number in 0..<500 {
      #expect(throws: StoreError.inUse) { try others.open(fixture.root + "/box\(number)", locks: place) }
    }
    mailboxes = []
    for number in 0..<500 { _ = try others.open(fixture.root + "/box\(number)", locks: place) }
  }

  /// Opens and closes at random, compared with a table of who has what.
  @Test(arguments: [UInt64(1), 2, 3]) func `nobody gets what another has`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let stores = try [fixture.store(), other.store(), fixture.store()]
    let boxes = 12
    var held: [Int: (store: Int, mailbox: Mailbox)] = [:]
    for _ in 0..<3000 {
      let (box, store) = (Int.random(in: 0..<boxes, using: &random), Int.random(in: 0..<3, using: &random))
      if let holder = held[box], holder.store == store, Bool.random(using: &random) {
        holder.mailbox.close()
        held[box] = nil
        continue
      }
      let path = fixture.root + "/box\(box)"
      if held[box] == nil {
        held[box] = (store, try stores[store].open(path, locks: place))
      } else {
        #expect(throws: StoreError.inUse) { try stores[store].open(path, locks: place) }
      }
    }
  }

  // MARK: - Locks that are lost

  private func write(_ count: Int) { for number in 0..<count { fixture.write("new/\(1000 + number).a") } }

  private var left: Int { FileNames.of(fixture.maildir + "/new").count { $0.hasSuffix(".a") } }

  @Test func `a lock that was lost removes nothing`() throws {
    write(10)
    let store = try fixture.store()
    let mailbox = try open(store)
    let path = shard
    rename(path, path + ".old")
    #expect(
      mailbox.update(deleting: 0..<10, seen: [])
        == UpdateResult(removed: 0, failed: 10, firstError: .locksLost(path: path)))
    #expect(left == 10)
    // It stays lost, even if the file is where it was.
    rename(path + ".old", path)
    #expect(mailbox.update(deleting: [0], seen: []).firstError == .locksLost(path: path))
    mailbox.close()
    // The next session has a lock that holds.
    let next = try open(store)
    #expect(throws: StoreError.inUse) { try open(try other.store()) }
    #expect(next.update(deleting: 0..<10, seen: []) == UpdateResult(removed: 10))
  }

  /// The lock is lost in the middle of a batch: what is removed after that is at most the rest of it.
  @Test(arguments: [0, 1, 63, 64, 65, 128, 199]) func `a lock that is lost meanwhile ends the removals`(
    at loss: Int
  ) throws {
    write(200)
    let mailbox = try open(try fixture.store())
    let path = shard
    var turn = 0
    let result = mailbox.update(deleting: 0..<200, seen: []) {
      if turn == loss { unlink(path) }
      turn += 1
    }
    let removed = (loss + Mailbox.batch - 1) / Mailbox.batch * Mailbox.batch
    guard removed < 200 else {
      #expect(result == UpdateResult(removed: 200))
      return
    }
    #expect(
      result == UpdateResult(removed: removed, failed: 200 - removed, firstError: .locksLost(path: path)))
    #expect(left == 200 - removed)
  }

  @Test func `another host may have the mailbox as soon as the lock is lost`() throws {
    write(3)
    let mailbox = try open(try fixture.store())
    unlink(shard)
    let second = try open(try other.store())
    #expect(second.count == 3)
    #expect(mailbox.update(deleting: [0], seen: [1]).removed == 0)
    #expect(second.update(deleting: [2], seen: []) == UpdateResult(removed: 1))
    #expect(left == 2)
  }

  @Test func `only the file that was listed is removed`() throws {
    write(2)
    let mailbox = try open(try fixture.store())
    let name = fixture.maildir + "/new/1000.a"
    // The new file cannot have the inode of the one that is still there.
    rename(name, fixture.maildir + "/tmp/old")
    fixture.write("new/1000.a", "another\n")
    #expect(mailbox.update(deleting: [0, 1], seen: []) == UpdateResult(removed: 2))
    #expect(fixture.read(name) == Array("another\n".utf8))
    #expect(left == 1)
  }

  // MARK: - What stands in the way

  private func reason(_ base: String? = nil) -> String? {
    do {
      _ = try other.store().open(fixture.maildir, locks: .shared(base: base ?? fixture.root))
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// The shard of the mailbox, once it is free.
  private func shardOfMailbox() throws -> String {
    try open(try fixture.store()).close()
    return shard
  }

  @Test func `a lock file from before is of no matter`() throws {
    _ = try shardOfMailbox()
    fixture.replace(shard, with: [0x0A])
    #expect(reason() == nil)
  }

  @Test func `what another program has written stays`() throws {
    let path = try shardOfMailbox()
    fixture.replace(path, with: Array("precious".utf8))
    #expect(
      reason() == "cannot use the lock \(path): another program has written to it: locks have no content")
    #expect(fixture.read(path) == Array("precious".utf8))
  }

  @Test func `a link in its place is not followed`() throws {
    let path = try shardOfMailbox()
    unlink(path)
    symlink("/dev/null", path)
    #expect(reason() == "cannot use the lock \(path): it must be a file, and neither a link nor a directory")
    unlink(path)
    mkdir(path, 0o700)
    #expect(reason() == "cannot use the lock \(path): it must be a file, and neither a link nor a directory")
    rmdir(path)
    mkfifo(path, 0o600)
    #expect(reason() == "cannot use the lock \(path): it must be a file, and neither a link nor a directory")
  }

  @Test func `a link to the directory is not followed`() throws {
    symlink(other.root, folder)
    let sentence = "cannot use the lock \(folder): it must be a directory, and neither a link nor a file"
    #expect(reason() == sentence)
    unlink(folder)
    fixture.replace(folder, with: [])
    #expect(reason() == sentence)
  }

  /// A mount, even of the same file system, is another host's other directory.
  @Test func `nothing may be mounted there`() throws {
    let path = try shardOfMailbox()
    let mounted = "something else is mounted there, and the locks must be on the mail's own file system"
    guard mount(other.root, folder, nil, 4096, nil) == 0 else { return }
    #expect(reason() == "cannot use the lock \(folder): \(mounted)")
    umount2(folder, Int32(MNT_DETACH))
    fixture.replace(other.root + "/file", with: [])
    guard mount(other.root + "/file", path, nil, 4096, nil) == 0 else { return }
    #expect(reason() == "cannot use the lock \(path): \(mounted)")
    umount2(path, Int32(MNT_DETACH))
  }

  @Test func `a mailbox on another file system is refused`() throws {
    let path = fixture.root + "/elsewhere"
    mkdir(path, 0o700)
    guard mount("none", path, "tmpfs", 0, nil) == 0 else { return }
    defer { umount2(path, Int32(MNT_DETACH)) }
    for name in ["", "/new", "/cur", "/tmp"] { mkdir(path + "/box" + name, 0o700) }
    #expect {
      try fixture.store().open(path + "/box", locks: place)
    } throws: {
      "\($0)" == "cannot use the lock \(shard): the mailbox is on another file system than its lock"
    }
    // A file system that comes later is found by the next login.
    let store = try fixture.store()
    #expect(throws: StoreError.self) { try store.open(path + "/box", locks: place) }
    _ = try store.open(path + "/box", locks: .shared(base: path))
  }

  @Test func `a mailbox elsewhere has no shared lock`() throws {
    #expect(
      reason(other.root)
        == "\(fixture.maildir) is not below \(other.root), where the shared locks of mailboxes are")
    #expect(reason(fixture.maildir) != nil)
    #expect(reason(fixture.root + "/ma") != nil)
  }

  @Test func `no directory, no lock`() throws {
    #expect(reason(fixture.root + "/absent") != nil)
    let store = try other.store()
    #expect {
      try store.open(fixture.root + "/absent/mail", locks: .shared(base: fixture.root + "/absent"))
    } throws: {
      "\($0)" == "cannot open \(fixture.root)/absent: No such file or directory"
    }
    // Nothing of it is left behind.
    _ = try store.open(fixture.root + "/absent/mail")
  }
}
