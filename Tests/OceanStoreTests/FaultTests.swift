import Dispatch
import Glibc
import OceanBase
import Testing

@testable import OceanStore

/// Maildirs as they occur in practice, with an index and without: no session fails because of one message,
/// and nothing is lost.
@Suite struct FaultTests {
  let fixture = Fixture()

  func stores() throws -> [MaildirStore] {
    [try fixture.store(), try fixture.indexed(ahead: 0)]
  }

  @Test func `one line of a hundred megabytes`() throws {
    fixture.write("new/1.a", "one\n")
    let path = fixture.maildir + "/new/2.a"
    fixture.write("new/2.a", "")
    truncate(path, 100 << 20)
    for store in try stores() {
      let mailbox = try store.open(fixture.maildir)
      #expect(mailbox.sizes == [5, 100 << 20 + 2])
      #expect(try mailbox.openMessage(1).octets == 100 << 20 + 2)
    }
  }

  /// A hole takes no time, and counts as the NULs that reading it gives.
  @Test func `holes`() throws {
    // Holes larger than one read: in between, at the end, at the beginning, and before a line's end.
    for (number, ends) in ["a\n", "\r", "\n", ""].enumerated() {
      let name = "new/\(number).a"
      fixture.write(name, "a\n")
      let descriptor = open(fixture.maildir + "/" + name, O_WRONLY | O_CLOEXEC)
      let bytes = Array(ends.utf8)
      pwrite(descriptor, bytes, bytes.count, 3 << 30)
      pwrite(descriptor, bytes, bytes.count, 1 << 20)
      if number == 3 { ftruncate(descriptor, 1 << 39) }
      close(descriptor)
    }
    let length: UInt64 = 3 << 30
    for store in try stores() {
      let mailbox = try store.open(fixture.maildir)
      let read = [length + 2 + 1 + 2, length + 1 + 1 + 1, length + 1 + 1 + 2]
      #expect(Array(mailbox.sizes.prefix(3)) == read)
      // Too long for a message: listed with its length until it is wanted.
      #expect(mailbox.octets(of: 3) == 1 << 39)
      #expect(try mailbox.openMessage(3).octets == 1 << 39 + 3)
      mailbox.close()
      #expect(try store.open(fixture.maildir).openMessage(3).octets == 1 << 39 + 3)
    }
    #expect(try fixture.indexed(ahead: 0).open(fixture.maildir).octets(of: 3) == 1 << 39 + 3)
  }

  /// Every byte that a name may have, in each folder, over a restart.
  @Test func `names of any bytes`() throws {
    var names: [[UInt8]] = (1...255).filter { $0 != 0x2F && $0 != 0x2E }.map { [UInt8($0), 0x78] }
    names += [
      Array(repeating: 0xFF, count: 255), Array("1.a,W=5:2,S".utf8), Array(":".utf8), Array(",W=".utf8),
    ]
    for (number, name) in names.enumerated() {
      fixture.write(Array((number % 2 == 0 ? "new/" : "cur/").utf8) + name, Array("\(number)\n".utf8))
    }
    for store in try stores() {
      let mailbox = try store.open(fixture.maildir)
      #expect(mailbox.count == names.count)
      #expect(Set(mailbox.uidls).count == names.count)
      for index in 0..<mailbox.count {
        let content = try mailbox.content(index)
        #expect(try mailbox.openMessage(index).octets == UInt64(content.count + 1))
      }
      mailbox.close()
      #expect(try store.checkIndex(of: fixture.maildir).isSound)
    }
  }

  @Test func `directories and others where files belong`() throws {
    fixture.write("new/1.a", "one\n")
    mkdir(fixture.maildir + "/new/2.a", 0o700)
    symlink("/etc/passwd", fixture.maildir + "/cur/3.a:2,S")
    mkfifo(fixture.maildir + "/new/4.a", 0o600)
    for store in try stores() {
      for _ in 0..<2 { #expect(try store.open(fixture.maildir).uidls == ["1.a"]) }
    }
    fixture.remove("new/2.a")
    fixture.write("new/2.a", "two\n")
    let mailbox = try fixture.indexed(ahead: 0).open(fixture.maildir)
    fixture.remove("new/1.a")
    mkdir(fixture.maildir + "/new/1.a", 0o700)
    #expect(throws: StoreError.vanished) { try mailbox.openMessage(0) }
    #expect(try mailbox.text(1) == "two\n")
  }

  @Test func `messages that vanish`() throws {
    for store in try stores() {
      for number in 1...5 { fixture.write("new/\(number).a", "\(number)\n") }
      let mailbox = try store.open(fixture.maildir)
      fixture.remove("new/2.a")
      fixture.rename("new/3.a", "cur/3.a:2,S")
      #expect(throws: StoreError.vanished) { try mailbox.openMessage(1) }
      #expect(try mailbox.text(2) == "3\n")
      #expect(mailbox.update(deleting: [1, 2], seen: [3]) == UpdateResult(removed: 2))
      mailbox.close()
      let next = try store.open(fixture.maildir)
      #expect(next.uidls == ["1.a", "4.a", "5.a"])
      #expect(next.update(deleting: 0..<3, seen: []).removed == 3)
    }
  }

  /// Listed with its length on disk, counted once it can be read; over restarts too.
  @Test func `messages that cannot be read`() throws {
    fixture.write("new/1.a", "one\n")
    fixture.write("new/2.a", "two\n")
    chmod(fixture.maildir + "/new/1.a", 0)
    chmod(fixture.maildir + "/new/2.a", 0o644)
    for path in [fixture.root, fixture.maildir, fixture.maildir + "/new", fixture.maildir + "/cur"] {
      chmod(path, 0o777)
    }
    _ = try fixture.store()
    chmod(fixture.root + "/mailbox.locks", 0o666)
    for _ in 0..<3 {
      try PermissionTests.unprivileged {
        let mailbox = try fixture.indexed().open(fixture.maildir)
        #expect(mailbox.sizes == [4, 5])
        #expect(throws: StoreError.self) { try mailbox.openMessage(0) }
        #expect(try mailbox.text(1) == "two\n")
      }
    }
    chmod(fixture.maildir + "/new/1.a", 0o644)
    #expect(try PermissionTests.unprivileged { try fixture.indexed().open(fixture.maildir).sizes } == [5, 5])
  }

  /// A mailbox that may only be read: its index cannot be written, and nothing can be removed.
  @Test func `a folder that is read only`() throws {
    fixture.write("new/1.a,W=9", "one\n")
    chmod(fixture.maildir + "/new/1.a,W=9", 0o644)
    chmod(fixture.root, 0o777)
    for folder in ["", "/new", "/cur"] { chmod(fixture.maildir + folder, 0o555) }
    _ = try fixture.store()
    chmod(fixture.root + "/mailbox.locks", 0o666)
    try PermissionTests.unprivileged {
      let store = try fixture.indexed(.directory(fixture.maildir))
      for sizes in [[9], [5], [5]] as [[UInt64]] {
        let mailbox = try store.open(fixture.maildir)
        #expect(mailbox.sizes == sizes)
        #expect(try mailbox.openMessage(0).octets == 5)
        #expect(mailbox.update(deleting: [], seen: [0]) == UpdateResult())
        #expect(mailbox.update(deleting: [0], seen: []).failed == 1)
      }
    }
    #expect(fixture.exists("new/1.a,W=9"))
    #expect(
      !fixture.exists(String((IndexLocation.directory("").path(for: fixture.maildir) ?? "/").dropFirst())))
  }

  /// A Maildir that is removed while an index knows it, and comes again.
  @Test func `a Maildir that goes and comes`() throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    let store = try fixture.indexed(ahead: 0)
    try store.open(fixture.maildir).close()
    rename(fixture.maildir, fixture.root + "/away")
    #expect(try store.open(fixture.maildir).count == 0)
    #expect(try fixture.indexed(ahead: 0).open(fixture.maildir).count == 0)
    rename(fixture.root + "/away", fixture.maildir)
    #expect(try store.open(fixture.maildir).count == 3)
    #expect(try fixture.indexed(ahead: 0).open(fixture.maildir).count == 3)
  }

  /// A mailbox that grows in steps is refused like one that is too large at once, and not only after a
  /// restart.
  @Test func `a mailbox that grows`() throws {
    func store() throws -> MaildirStore {
      try MaildirStore(
        lockDirectory: fixture.root, cacheBytes: 64 << 20, index: IndexFile(.directory(fixture.root)),
        tableBytes: 8192, now: { SystemClock.files.now })
    }
    let kept = try store()
    var count = 0
    while count < 1000 {
      do {
        try kept.open(fixture.maildir).close()
      } catch {
        break
      }
      for number in count..<count + 20 { fixture.write("new/\(number).a") }
      count += 20
    }
    #expect(100..<400 ~= count)
    for store in [kept, try store()] {
      #expect(throws: StoreError.tooLarge(path: fixture.maildir)) { try store.open(fixture.maildir) }
    }
    for number in 0..<count / 2 { fixture.remove("new/\(number).a") }
    for store in [kept, try store()] { #expect(try store.open(fixture.maildir).count == count / 2) }
  }

  /// Closing the last descriptor of a removed file frees its blocks. That takes long if it is large, so event
  /// loops must not do it.
  @Test func `a message that is removed while it is sent`() throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    fixture.write("new/4.a", String(repeating: "x", count: 2 << 20))
    let mailbox = try fixture.store(ahead: 10).open(fixture.maildir)
    let closer = mailbox.snapshots.closer
    closer.local.suspend()
    for (index, isThere) in [(0, true), (1, false), (3, true)] {
      var file = mailbox.openMessageIfCached(index)
      #expect(file != nil)
      if !isThere { fixture.remove("new/\(index + 1).a") }
      file = nil
    }
    let paths = fixture.openFiles()
    #expect(paths == [fixture.maildir + "/new/2.a (deleted)", fixture.maildir + "/new/4.a"])
    closer.local.resume()
    closer.local.sync {}
    #expect(fixture.openFiles() == [])
  }
}
