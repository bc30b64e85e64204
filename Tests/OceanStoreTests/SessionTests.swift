import Glibc
import Testing

@testable import OceanStore

/// Changes that other processes make to the files while a session has the mailbox open.
@Suite struct SessionTests {
  let fixture = Fixture()

  @Test func `follows renames`() throws {
    for index in 0..<5 { fixture.write("new/\(index).a", "\(index)\n") }
    let mailbox = try fixture.store().open(fixture.maildir)
    fixture.rename("new/1.a", "cur/1.a:2,")
    #expect(try mailbox.text(1) == "1\n")
    fixture.rename("cur/1.a:2,", "cur/1.a:2,RS")
    fixture.rename("new/3.a", "cur/3.a:2,T")
    #expect(try mailbox.text(3) == "3\n")
    #expect(try mailbox.text(1) == "1\n")
    fixture.rename("cur/3.a:2,T", "new/3.a")
    for index in 0..<5 { #expect(try mailbox.text(index) == "\(index)\n") }
    #expect(mailbox.uidls == (0..<5).map { "\($0).a" })
  }

  @Test(arguments: [0, 10] as [Int64]) func `removed messages are gone alone`(ahead: Int64) throws {
    for index in 0..<3 { fixture.write("new/\(index).a", "\(index)\n") }
    let mailbox = try fixture.store(ahead: ahead).open(fixture.maildir)
    fixture.remove("new/1.a")
    for _ in 0..<3 {
      #expect(throws: StoreError.vanished) { try mailbox.openMessage(1) }
    }
    #expect(try mailbox.text(0) == "0\n")
    // Moved and removed after the directories were read again.
    fixture.rename("new/2.a", "cur/2.a:2,S")
    #expect(try mailbox.text(2) == "2\n")
    fixture.remove("cur/2.a:2,S")
    #expect(throws: StoreError.vanished) { try mailbox.openMessage(2) }
  }

  @Test func `opening without blocking agrees or declines`() throws {
    for index in 0..<4 { fixture.write("new/\(index).a", "\(index)\n") }
    let mailbox = try fixture.store().open(fixture.maildir)
    fixture.remove("new/1.a")
    fixture.rename("new/2.a", "cur/2.a:2,S")
    fixture.write("new/3.a", "longer\n")
    for index in 1..<4 { #expect(mailbox.openMessageIfCached(index) === nil) }
    var buffer = [UInt8](repeating: 0, count: 10)
    if let file = mailbox.openMessageIfCached(0) {
      #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 2)
      #expect(buffer.starts(with: Array("0\n".utf8)))
    }
  }

  @Test func `an open file outlives its name`() throws {
    fixture.write("new/1.a", "one\n")
    let file = try fixture.store().open(fixture.maildir).openMessage(0)
    fixture.remove("new/1.a")
    var buffer = [UInt8](repeating: 0, count: 10)
    #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 4)
  }

  @Test func `a directory in a file's place is no message`() throws {
    fixture.write("new/1.a")
    fixture.write("new/2.a")
    let mailbox = try fixture.store().open(fixture.maildir)
    fixture.remove("new/1.a")
    mkdir(fixture.maildir + "/new/1.a", 0o700)
    fixture.remove("new/2.a")
    mkfifo(fixture.maildir + "/new/2.a", 0o600)
    #expect(throws: StoreError.vanished) { try mailbox.openMessage(0) }
    #expect(throws: StoreError.vanished) { try mailbox.openMessage(1) }
  }

  /// With the snapshot taken from the cache, and with one just made.
  @Test(arguments: [0, 10] as [Int64]) func `a rewritten message is sent once it is left alone`(ahead: Int64)
    throws
  {
    let clock = ShiftedClock(ahead: ahead)
    let store = try fixture.store(now: clock.now)
    fixture.write("new/1.a", "one\n")
    try store.open(fixture.maildir).close()
    let mailbox = try store.open(fixture.maildir)
    if ahead == 0 {
      fixture.write("new/1.a", "half of a long")
      for _ in 0..<2 {
        #expect(throws: StoreError.changed) { try mailbox.openMessage(0) }
        clock.advance(seconds: 1)
      }
    }
    fixture.write("new/1.a", "a longer one\n")
    clock.advance(seconds: 1)
    #expect(try mailbox.openMessage(0).octets == 14)
    #expect(try mailbox.text(0) == "a longer one\n")
    #expect(mailbox.sizes == [5] && mailbox.totalOctets == 5)
    mailbox.close()
    let next = try store.open(fixture.maildir)
    #expect(next.sizes == [14])
    #expect(try next.openMessage(0).octets == 14)
  }

  /// A file that another machine stamped, or this one before its clock was set back, is looked at twice.
  @Test func `a rewritten message that the clock does not tell of`() throws {
    let clock = ShiftedClock(ahead: -3600)
    let store = try fixture.store(now: clock.now)
    fixture.write("new/1.a", "one\n")
    let mailbox = try store.open(fixture.maildir)
    fixture.write("new/1.a", "a longer one\n")
    for seconds in [1, 1] as [Int64] {
      #expect(throws: StoreError.changed) { try mailbox.openMessage(0) }
      clock.advance(seconds: seconds)
    }
    #expect(try mailbox.openMessage(0).octets == 14)
  }

  @Test func `a touched or replaced message of the same length is sent`() throws {
    fixture.write("new/1.a", "one\n")
    let clock = ShiftedClock(ahead: 0)
    let mailbox = try fixture.store(now: clock.now).open(fixture.maildir)
    let times = [timespec(tv_sec: 100, tv_nsec: 0), timespec(tv_sec: 100, tv_nsec: 0)]
    utimensat(AT_FDCWD, fixture.maildir + "/new/1.a", times, 0)
    #expect(try mailbox.text(0) == "one\n")
    // Four bytes that take eight octets, not five.
    fixture.write("new/1.a", "\no\ne")
    #expect(throws: StoreError.changed) { try mailbox.openMessage(0) }
    clock.advance(seconds: 3)
    #expect(try mailbox.openMessage(0).octets == 8)
  }

  @Test func `truncation while reading is an error`() throws {
    fixture.write("new/1.a", "0123456789\n")
    let file = try fixture.store().open(fixture.maildir).openMessage(0)
    truncate(fixture.maildir + "/new/1.a", 3)
    var buffer = [UInt8](repeating: 0, count: 100)
    #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 3)
    #expect(throws: StoreError.changed) {
      _ = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 3) }
    }
    #expect(buffer.withUnsafeMutableBytes { file.readIfCached(into: $0, at: 3) } == nil)
  }

  @Test func `an idle session holds no descriptors`() throws {
    fixture.write("new/1.a")
    let store = try fixture.store()
    let mailboxes = try (0..<20).map { index in
      let path = fixture.root + "/box\(index)"
      mkdir(path, 0o700)
      mkdir(path + "/new", 0o700)
      return try store.open(path)
    }
    // Only descriptors that this test opened can point into its directory: other tests run meanwhile, with thousands of theirs.
    let names = try #require(opendir("/proc/self/fd"))
    defer { closedir(names) }
    var open = 0
    while let entry = readdir(names) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let target = realpath("/proc/self/fd/\(name)", nil) else { continue }
      defer { free(target) }
      if String(cString: target).hasPrefix(fixture.root) { open += 1 }
    }
    #expect(open == 1, "the lock file")
    withExtendedLifetime(mailboxes) {}
  }
}
