import CLinux
import Glibc
import Testing

@testable import OceanStore

@Suite struct LockTests {
  let fixture = Fixture()

  @Test func `one session a mailbox`() throws {
    let store = try fixture.store()
    let first = try store.open(fixture.maildir)
    #expect(throws: StoreError.inUse) { try store.open(fixture.maildir) }
    mkdir(fixture.root + "/other", 0o700)
    let other = try store.open(fixture.root + "/other")
    first.close()
    first.close()
    let second = try store.open(fixture.maildir)
    // A second close of the first session does not release the lock of the second.
    first.close()
    #expect(throws: StoreError.inUse) { try store.open(fixture.maildir) }
    withExtendedLifetime((second, other)) {}
  }

  @Test func `the last reference releases`() throws {
    let store = try fixture.store()
    for _ in 0..<3 { _ = try store.open(fixture.maildir) }
  }

  /// Two stores have two open file descriptions: for the kernel they are like two processes.
  @Test func `one session among stores`() throws {
    let (one, two) = (try fixture.store(), try fixture.store())
    let first = try one.open(fixture.maildir)
    #expect(throws: StoreError.inUse) { try two.open(fixture.maildir) }
    first.close()
    let second = try two.open(fixture.maildir)
    #expect(throws: StoreError.inUse) { try one.open(fixture.maildir) }
    withExtendedLifetime(second) {}
  }

  @Test func `a mailbox outlives its store`() throws {
    var store: MaildirStore? = try fixture.store()
    let mailbox = try store?.open(fixture.maildir)
    store = nil
    #expect(throws: StoreError.inUse) { try fixture.store().open(fixture.maildir) }
    mailbox?.close()
    _ = try fixture.store().open(fixture.maildir)
  }

  /// Another process, which locks every byte of the file, and is killed.
  @Test func `a killed process holds nothing`() throws {
    let store = try fixture.store()
    let script = """
      import fcntl, struct, sys, time
      file = open(sys.argv[1], "r+b")
      fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
      sys.stdout.write("x"); sys.stdout.flush()
      time.sleep(600)
      """
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    var child: pid_t = 0
    let words = ["python3", "-c", script, fixture.root + "/mailbox.locks"]
    let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    try #require(posix_spawnp(&child, "python3", &actions, nil, arguments, environ) == 0)
    close(ends[1])
    arguments.forEach { free($0) }
    posix_spawn_file_actions_destroy(&actions)
    var byte: UInt8 = 0
    try #require(read(ends[0], &byte, 1) == 1, "the other process has its lock")
    #expect(throws: StoreError.inUse) { try store.open(fixture.maildir) }
    kill(child, SIGKILL)
    var status: Int32 = 0
    waitpid(child, &status, 0)
    close(ends[0])
    _ = try store.open(fixture.maildir)
  }

  private func locks(files: Int = 2048) throws -> MailboxLocks {
    try MailboxLocks(LockFiles(directory: fixture.root, limit: files * 8))
  }

  private func hold(_ numbers: Range<Int>, in locks: MailboxLocks) throws -> [MailboxLock] {
    try numbers.map { try locks.acquire("/mail/\($0)") }
  }

  private func expectHeld(
    _ numbers: Range<Int>, in locks: MailboxLocks, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for number in numbers {
      #expect(throws: StoreError.inUse, sourceLocation: sourceLocation) {
        try locks.acquire("/mail/\(number)")
      }
    }
  }

  /// Few locks are in one file. If there are many, all move to more files, and nobody gets one meanwhile.
  @Test(arguments: [(32, 1), (33, 16), (512, 16), (513, 256), (8192, 256), (8193, 2048), (10_000, 2048)])
  func `many locks have many files`(count: Int, files: Int) throws {
    let (locks, others) = (try locks(), try locks())
    var held = try hold(0..<count, in: locks)
    #expect(locks.fileCount == files)
    expectHeld(0..<count, in: others)
    expectHeld(0..<count, in: try self.locks())
    // A process that comes later uses the same files.
    held.removeFirst(10)
    let taken = try hold(0..<10, in: others)
    #expect(others.fileCount == files)
    expectHeld(0..<10, in: locks)
    withExtendedLifetime((held, taken)) {}
    held = []
    #expect(try hold(10..<count, in: others).count == count - 10)
  }

  @Test func `files stay few where descriptors are`() throws {
    let locks = try locks(files: 16)
    let held = try hold(0..<2000, in: locks)
    #expect(locks.fileCount == 16)
    let none = try MailboxLocks(LockFiles(directory: fixture.root + "/mail", limit: 64))
    let few = try hold(0..<100, in: none)
    #expect(none.fileCount == 1)
    withExtendedLifetime((held, few)) {}
  }

  /// Another process that has a mailbox keeps the locks where it looks for them.
  @Test func `locks move only where nobody is in the way`() throws {
    let (locks, other) = (try locks(), try locks())
    var taken = try hold(1000..<1001, in: other)
    var held = try hold(0..<100, in: locks)
    #expect(locks.fileCount == 1)
    expectHeld(0..<100, in: other)
    expectHeld(1000..<1001, in: locks)
    taken = []
    held += try hold(100..<200, in: locks)
    #expect(locks.fileCount == 16)
    expectHeld(0..<200, in: other)
    // The other process uses these files, too.
    taken = try hold(1000..<1001, in: other)
    held += try hold(200..<600, in: locks)
    #expect(locks.fileCount == 16 && other.fileCount == 16)
    expectHeld(0..<600, in: other)
    withExtendedLifetime((held, taken)) {}
  }

  /// Without a place for more files, the locks stay in one.
  @Test func `no file for locks is no trouble`() throws {
    fixture.replace(fixture.root + "/locks", with: [])
    let locks = try locks()
    let held = try hold(0..<100, in: locks)
    #expect(locks.fileCount == 1)
    expectHeld(0..<100, in: try self.locks())
    withExtendedLifetime(held) {}
  }

  /// Versions that know only `mailbox.locks` cannot have a mailbox that a later version has, nor the other
  /// way round.
  @Test func `one session among versions`() throws {
    let older = open(fixture.root + "/mailbox.locks", O_RDWR | O_CREAT, 0o600)
    defer { close(older) }
    // The offset that they lock.
    func offset(_ number: Int) -> Int64 {
      Array("/mail/\(number)".utf8).withUnsafeBytes { Int64(SipHash.hash($0).low >> 2) }
    }
    try #require(linux_lock_byte(older, offset(7)) == 0)
    let locks = try locks()
    expectHeld(7..<8, in: locks)
    var held = try hold(10..<100, in: locks)
    #expect(locks.fileCount == 1)
    #expect(linux_lock_byte(older, offset(10)) == -1 && errno == EAGAIN)
    _ = linux_unlock_byte(older, offset(7))
    held += try hold(100..<200, in: locks)
    #expect(locks.fileCount == 16)
    for number in [7, 10, 199, 1000] {
      #expect(linux_lock_byte(older, offset(number)) == -1 && errno == EAGAIN)
    }
    withExtendedLifetime(held) {}
  }

  @Test func `the lock file is private and no link`() throws {
    _ = try fixture.store()
    var status = stat()
    lstat(fixture.root + "/mailbox.locks", &status)
    #expect(status.st_mode == S_IFREG | 0o600)

    unlink(fixture.root + "/mailbox.locks")
    symlink(fixture.root + "/elsewhere", fixture.root + "/mailbox.locks")
    let failure = SystemFailure(operation: .open, path: fixture.root + "/mailbox.locks", errno: ELOOP)
    #expect(throws: StoreError.notADirectory(failure)) { try fixture.store() }
  }

  /// One Maildir, whatever the path: one session, one index.
  @Test(arguments: [
    "ROOT//mail", "ROOT/mail/", "ROOT/./mail", "/ROOT/new-directory/../mail/.", "ROOT/absent/../mail",
  ])
  func `one form of a path`(form: String) throws {
    fixture.write("new/1.a")
    mkdir(fixture.root + "/new-directory", 0o700)
    let path = form.replacing("ROOT", with: fixture.root)
    let (one, other) = (try fixture.indexed(), try fixture.indexed())
    let first = try one.open(fixture.maildir)
    for store in [one, other] { #expect(throws: StoreError.inUse) { try store.open(path) } }
    first.close()
    #expect(try other.open(path).uidls == ["1.a"])
    #expect(try other.checkIndex(of: path).isSound)
    #expect(FileNames.of(fixture.root).count { $0.hasSuffix(".index") } == 1)
  }

  /// Only the system knows where these lead.
  @Test func `a path through a link and back`() throws {
    mkdir(fixture.root + "/elsewhere", 0o700)
    mkdir(fixture.root + "/elsewhere/inner", 0o700)
    symlink(fixture.root + "/elsewhere/inner", fixture.root + "/link")
    let path = fixture.root + "/link/../mail"
    #expect(MaildirPath.normalized(path + "/") == path)
    #expect(MaildirPath.normalized(fixture.root + "/link/../mail/../mail") == path)
    rename(fixture.maildir, fixture.root + "/elsewhere/mail")
    for folder in ["/1.a", "/2.a"] {
      fixture.replace(fixture.root + "/elsewhere/mail/new" + folder, with: [])
    }
    #expect(try fixture.store().open(path).count == 2)
  }

  @Test(
    arguments: [
      ("/", "/"), ("//", "/"), ("/..", "/"), ("/../../a", "/a"), ("/.a/..b", "/.a/..b"), ("a/", "a"),
      ("./a", "a"),
      ("a/..", "."), ("../a", "../a"), ("a/../../b", "../b"), (".", "."), ("/a/b", "/a/b"),
      ("/a/\u{301}/..", "/a"),
    ]) func `normal forms`(path: String, normal: String)
  {
    #expect(MaildirPath.normalized(path) == normal)
    #expect(MaildirPath.normalized(normal) == normal)
  }

  /// Even by a symbolic link or a mount, one process has only one session of a Maildir.
  @Test func `two paths of one Maildir`() throws {
    fixture.write("new/1.a")
    let (link, mount) = (fixture.root + "/link", fixture.root + "/mount")
    symlink(fixture.maildir, link)
    mkdir(mount, 0o700)
    let isMounted = Glibc.mount(fixture.maildir, mount, nil, 4096, nil) == 0
    defer { if isMounted { umount2(mount, Int32(MNT_DETACH)) } }
    let paths = [fixture.maildir, link] + (isMounted ? [mount] : [])
    let store = try fixture.store()
    for path in paths {
      let session = try store.open(path)
      for other in paths { #expect(throws: StoreError.inUse) { try store.open(other) } }
      session.close()
    }
    // Nothing is held any more.
    for path in paths { #expect(try store.open(path).count == 1) }
  }
}
