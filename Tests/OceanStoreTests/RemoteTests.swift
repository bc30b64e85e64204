import OceanBase
import Dispatch
import Glibc
import Synchronization
import Testing

@testable import OceanStore

/// Maildirs on a file system of another machine, whose state this machine remembers for a minute, like NFS: a
/// FUSE mount (package bindfs) of the fixture, whose files change behind it.
@Suite(.enabled(if: Mount.isPossible, "bindfs is not installed, or may not mount"))
struct RemoteTests {
  let fixture = Fixture()
  let mount: Mount

  init() throws { mount = try Mount(fixture) }

  private func open() throws -> Mailbox {
    // Stamps of other machines' clocks settle after a minute.
    try fixture.indexed(ahead: 100).open(mount.maildir)
  }

  @Test func `what another machine delivers is seen`() throws {
    fixture.write("new/1.a")
    #expect(try open().uidls == ["1.a"])
    let before = modified("new")
    fixture.write("new/2.a")
    fixture.rename("new/1.a", "cur/1.a:2,S")
    #expect(modified("new") == before, "the mount remembers what it was")
    let mailbox = try open()
    #expect(mailbox.uidls == ["1.a", "2.a"])
    #expect(try mailbox.content(0) == Array("a\n".utf8))
  }

  private func modified(_ folder: String) -> Int64 {
    var status = stat()
    return lstat(mount.maildir + "/" + folder, &status) == 0 ? status.st_mtim.nanoseconds : 0
  }

  @Test func `stamps settle later`() throws {
    #expect(try OpenMaildir(mount.maildir).settlingTime == 60_000_000_000)
    #expect(try OpenMaildir(fixture.maildir).settlingTime == 2_000_000_000)
  }

  /// Opening and closing may take as long as the other machine likes.
  @Test func `event loops do not open messages`() throws {
    fixture.write("new/1.a")
    let (remote, local) = (try open(), try fixture.indexed().open(fixture.maildir))
    #expect(try remote.content(0) == local.content(0))
    #expect(remote.openMessageIfCached(0) == nil)
    #expect(local.openMessageIfCached(0) != nil)
  }

  /// The file system has no renaming that never replaces.
  @Test func `seen messages are marked`() throws {
    for name in ["new/1.a", "cur/2.a", "new/3.a"] { fixture.write(name) }
    fixture.write("cur/3.a:2,S", "another\n")
    let mailbox = try open()
    try #require(mailbox.count == 4)
    #expect(mailbox.update(deleting: [], seen: 0..<4) == UpdateResult())
    #expect(["cur/1.a:2,S", "cur/2.a:2,S", "new/3.a", "cur/3.a:2,S"].allSatisfy(fixture.exists))
    #expect(!fixture.exists("new/1.a") && !fixture.exists("cur/2.a"))
    #expect(fixture.read(fixture.maildir + "/cur/3.a:2,S") == Array("another\n".utf8))
  }

  @Test func `removals`() throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    let mailbox = try open()
    fixture.rename("new/1.a", "cur/1.a:2,")
    fixture.remove("new/2.a")
    #expect(mailbox.update(deleting: [0, 1], seen: []) == UpdateResult(removed: 2))
    mailbox.close()
    #expect(try open().uidls == ["3.a"])
  }

  /// Names that NFS and FUSE give to files that are removed while they are open.
  @Test func `removed files that are open`() throws {
    fixture.write("new/.nfs000000000001e24000000001")
    fixture.write("cur/.fuse_hidden0000000200000001")
    #expect(try open().count == 0)
  }

  /// The Maildir's owner replaces it with a link to somebody else's mail and back, all the time.
  @Test func `a link that comes and goes`() throws {
    let (mine, others): (uid_t, uid_t) = (64_001, 64_002)
    for folder in ["", "/new", "/cur"] { lchown(fixture.maildir + folder, others, others) }
    let home = fixture.root + "/home"
    for folder in ["", "/Maildir", "/Maildir/new", "/Maildir/cur"] {
      mkdir(home + folder, 0o755)
      lchown(home + folder, mine, mine)
    }
    symlink(fixture.maildir, home + "/link")
    lchown(home + "/link", mine, mine)
    let exchange = try Exchange(mount.path + "/home/Maildir", mount.path + "/home/link")
    let thread = DispatchQueue(label: "exchange")
    thread.async { exchange.runUntilStopped() }
    defer {
      exchange.stop()
      thread.sync {}
    }
    var (own, refused) = (0, 0)
    for _ in 0..<20_000 where own < 300 || refused < 300 {
      do throws(StoreError) {
        let maildir = try OpenMaildir(mount.path + "/home/Maildir")
        var status = stat()
        guard maildir[.new] >= 0, fstat(maildir[.new], &status) == 0 else { continue }
        own += 1
        guard status.st_uid == others else { continue }
        Issue.record("another's mail, the \(own). time")
        return
      } catch {
        refused += 1
      }
    }
    #expect(own > 0 && refused > 0)
  }

  /// An owner mounts his own file system over his Maildir during a session: it has told its names, and
  /// answers no more.
  @Test func `another file system in its place`() throws {
    fixture.write("new/1.a", "one\n")
    let copy = fixture.root + "/copy"
    try #require(system("cp -a '\(fixture.maildir)' '\(copy)'") == 0)
    let mailbox = try fixture.indexed().open(fixture.maildir)
    #expect(mailbox.openMessageIfCached(0) != nil)
    let over = try Mount(of: copy, at: fixture.maildir)
    #expect(fixture.read(fixture.maildir + "/new/1.a") == Array("one\n".utf8))
    over.pause()
    // If it waits after all, it does not wait for ever. The timer is kept for its whole time, the mount is
    // not.
    let watchdog = DispatchWorkItem { [weak over] in over?.goOn() }
    DispatchQueue.global().asyncAfter(deadline: .now() + 20, execute: watchdog)
    #expect(mailbox.openMessageIfCached(0) == nil)
    let hasWaited = over.hasGoneOn.load(ordering: .relaxed)
    #expect(!hasWaited)
    over.goOn()
    watchdog.cancel()
    // A thread that may wait opens it.
    #expect(try mailbox.text(0) == "one\n")
    #expect(mailbox.openMessageIfCached(0) == nil)
  }

  /// Only few files are closed late.
  @Test func `messages are closed apart`() throws {
    fixture.write("new/1.a", "one\n")
    let mailbox = try open()
    for _ in 0..<100 { _ = try mailbox.openMessage(0) }
    let closer = mailbox.snapshots.closer
    #expect(closer.waitingCount(of: mount.maildir) <= 8)
  }
}

/// Two names in one directory that change places.
private final class Exchange: Sendable {
  private typealias Rename =
    @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32

  private let one: String
  private let other: String
  private let rename: Rename
  private let isStopped = Atomic(false)

  init(_ one: String, _ other: String) throws {
    (self.one, self.other) = (one, other)
    rename = unsafeBitCast(try #require(dlsym(nil, "renameat2")), to: Rename.self)
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  func runUntilStopped() {
    while !isStopped.load(ordering: .relaxed) {
      // FUSE may not be able to do that in one step.
      if rename(AT_FDCWD, one, AT_FDCWD, other, 2) == 0 { continue }
      Glibc.rename(one, one + "-kept")
      Glibc.rename(other, one)
      Glibc.rename(one, other)
      Glibc.rename(one + "-kept", one)
    }
  }
}

/// A directory a second time, through FUSE.
final class Mount: Sendable {
  let path: String
  var maildir: String { path + "/mail" }
  private let process: pid_t

  static let isPossible =
    geteuid() == 0 && access("/usr/bin/bindfs", X_OK) == 0 && access("/dev/fuse", R_OK) == 0

  convenience init(_ fixture: Fixture) throws {
    mkdir(fixture.root + "-remote", 0o700)
    try self.init(of: fixture.root, at: fixture.root + "-remote")
  }

  init(of source: String, at path: String) throws {
    self.path = path
    let words = [
      "bindfs", "-f", "-o", "nonempty,attr_timeout=60,entry_timeout=60", source, path,
    ]
    let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var process: pid_t = 0
    var (before, now) = (stat(), stat())
    stat(path, &before)
    try #require(posix_spawnp(&process, "bindfs", nil, nil, arguments, environ) == 0)
    self.process = process
    repeat {
      try #require(waitpid(process, nil, WNOHANG) == 0, "bindfs has ended")
      sched_yield()
    } while stat(path, &now) != 0 || now.st_dev == before.st_dev
  }

  /// Makes all calls to the file system wait.
  func pause() {
    kill(process, SIGSTOP)
    hasGoneOn.store(false, ordering: .relaxed)
  }

  func goOn() {
    hasGoneOn.store(true, ordering: .relaxed)
    kill(process, SIGCONT)
  }

  /// Whether it has gone on since the last pause.
  let hasGoneOn = Atomic(true)

  deinit {
    goOn()
    umount2(path, Int32(MNT_DETACH))
    kill(process, SIGTERM)
    waitpid(process, nil, 0)
    if path.hasSuffix("-remote") { rmdir(path) }
  }
}
