import Glibc
import TestSupport
import Testing

@testable import OceanStore

@Suite struct SnapshotTests {
  let fixture = Fixture()

  @Test func `orders by delivery time then name`() throws {
    let ordered = [
      "0.z.host",
      "M1.no-time",
      "no-time",
      "999.z.host",
      "1699999999-upload",
      "1700000000,S=2",
      "1700000000-upload",
      "1700000000.12_3.qmail",
      "1700000000.5432.qmail",
      "1700000000_1.M5P1.a",
      "1700000000.V801I2aM000007.postfix",
      "1700000000.H000010P77.exim",
      "1700000000.M20P1.a",
      "1700000000.M20P1.b",
      "1700000000.M999999P1.a",
      "1700000001",
      "1700000001.M1P1.a",
      "99999999999.M1P1.far-future",
      "99999999999999999999.M1P1.further",
    ]
    var random = SeededGenerator(seed: 1)
    for (index, name) in ordered.shuffled(using: &random).enumerated() {
      fixture.write(index % 2 == 0 ? "new/\(name)" : "cur/\(name):2,S")
    }
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.uidls == ordered)
  }

  @Test func `skips what is no message`() throws {
    fixture.write("new/1.a")
    fixture.write("new/.hidden")
    fixture.write("tmp/2.a")
    fixture.write("3.a")
    mkdir(fixture.maildir + "/cur/4.a", 0o700)
    mkfifo(fixture.maildir + "/cur/5.a", 0o600)
    symlink(fixture.maildir + "/3.a", fixture.maildir + "/cur/6.a")
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.uidls == ["1.a"])
  }

  @Test func `mail that arrives later is for the next session`() throws {
    let store = try fixture.store()
    fixture.write("new/2.a", "two\n")
    let mailbox = try store.open(fixture.maildir)
    fixture.write("new/1.a", "one, which sorts first\n")
    #expect(mailbox.uidls == ["2.a"])
    #expect(mailbox.totalOctets == 5)
    #expect(try mailbox.text(0) == "two\n")
    mailbox.close()
    #expect(try store.open(fixture.maildir).uidls == ["1.a", "2.a"])
  }

  @Test(arguments: [["new"], ["cur"], ["new", "cur"]]) func `missing directories are empty`(missing: [String])
    throws
  {
    for directory in missing { fixture.remove(directory) }
    let kept = ["new", "cur"].filter { !missing.contains($0) }
    for directory in kept { fixture.write("\(directory)/1.a") }
    let store = try fixture.store(ahead: 10)
    for _ in 0..<2 {
      #expect(try store.open(fixture.maildir).count == kept.count)
    }
    for directory in missing {
      mkdir(fixture.maildir + "/" + directory, 0o700)
      fixture.write("\(directory)/2.\(directory)")
    }
    #expect(try store.open(fixture.maildir).count == 2)
  }

  @Test func `missing Maildir is empty until mail arrives`() throws {
    let store = try fixture.store()
    let path = fixture.root + "/nobody"
    let empty = try store.open(path)
    #expect(empty.count == 0)
    #expect(throws: StoreError.inUse) { try store.open(path) }
    empty.close()
    fixture.write("new/1.a")
    #expect(rename(fixture.maildir, path) == 0)
    #expect(try store.open(path).count == 1)
  }

  @Test func `bad paths`() throws {
    let store = try fixture.store()
    #expect(throws: StoreError.badPath("")) { try store.open("") }
    let withNUL = fixture.maildir + "\0/else"
    #expect(throws: StoreError.badPath(withNUL)) { try store.open(withNUL) }
  }

  @Test func `something else in the place of a directory`() throws {
    let store = try fixture.store()
    fixture.write("file")
    let file = fixture.maildir + "/file"
    #expect(
      throws: StoreError.notADirectory(
        SystemFailure(operation: .open, path: file, errno: ENOTDIR))
    ) { try store.open(file) }

    // A symbolic link in the place of new/ could lead to somebody else's mail.
    fixture.rename("new", "elsewhere")
    symlink("elsewhere", fixture.maildir + "/new")
    #expect(
      throws: StoreError.notADirectory(
        SystemFailure(operation: .open, path: fixture.maildir + "/new", errno: ENOTDIR))
    ) { try store.open(fixture.maildir) }
  }

  @Test func `errors read as one sentence`() {
    #expect(StoreError(.open, "/m/new", errno: EACCES).description == "cannot open /m/new: Permission denied")
    #expect(
      StoreError(.open, "/m", errno: EMFILE)
        == .exhausted(SystemFailure(operation: .open, path: "/m", errno: EMFILE)))
    #expect(
      StoreError(.read, "/m", errno: EIO) == .io(SystemFailure(operation: .read, path: "/m", errno: EIO)))
  }

  @Test func `many messages`() throws {
    // More than one getdents buffer.
    for index in 0..<2000 { fixture.write("new/\(1_000_000 + index).M\(index)P1.host.example.org") }
    let store = try fixture.store()
    let mailbox = try store.open(fixture.maildir)
    #expect(mailbox.uidls == (0..<2000).map { "\(1_000_000 + $0).M\($0)P1.host.example.org" })
    #expect(mailbox.totalOctets == 6000)
  }
}
