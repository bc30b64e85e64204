import Glibc
import Testing

@testable import OceanStore

@Suite struct LockTests {
  let fixture = Fixture()

  @Test func oneSessionAMailbox() throws {
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

  @Test func theLastReferenceReleases() throws {
    let store = try fixture.store()
    for _ in 0..<3 { _ = try store.open(fixture.maildir) }
  }

  /// Two stores have two open file descriptions: to the kernel they are as two processes.
  @Test func oneSessionAmongStores() throws {
    let (one, two) = (try fixture.store(), try fixture.store())
    let first = try one.open(fixture.maildir)
    #expect(throws: StoreError.inUse) { try two.open(fixture.maildir) }
    first.close()
    let second = try two.open(fixture.maildir)
    #expect(throws: StoreError.inUse) { try one.open(fixture.maildir) }
    withExtendedLifetime(second) {}
  }

  @Test func aMailboxOutlivesItsStore() throws {
    var store: MaildirStore? = try fixture.store()
    let mailbox = try store?.open(fixture.maildir)
    store = nil
    #expect(throws: StoreError.inUse) { try fixture.store().open(fixture.maildir) }
    mailbox?.close()
    _ = try fixture.store().open(fixture.maildir)
  }

  /// Another process, which locks every byte of the file, and is killed.
  @Test func aKilledProcessHoldsNothing() throws {
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

  @Test func theLockFileIsPrivateAndNoLink() throws {
    _ = try fixture.store()
    var status = stat()
    lstat(fixture.root + "/mailbox.locks", &status)
    #expect(status.st_mode == S_IFREG | 0o600)

    unlink(fixture.root + "/mailbox.locks")
    symlink(fixture.root + "/elsewhere", fixture.root + "/mailbox.locks")
    let failure = SystemFailure(operation: .open, path: fixture.root + "/mailbox.locks", errno: ELOOP)
    #expect(throws: StoreError.notADirectory(failure)) { try fixture.store() }
  }
}
