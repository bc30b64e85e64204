import Glibc
import Testing

@testable import OceanStore

@Suite struct UpdateTests {
  let fixture = Fixture()

  @Test func `others have their turn meanwhile`() throws {
    for number in 1...9 { fixture.write("new/\(number).a") }
    let mailbox = try fixture.store(ahead: 10).open(fixture.maildir)
    var turns = 0
    #expect(mailbox.update(deleting: 0..<5, seen: 5..<9) { turns += 1 } == UpdateResult(removed: 5))
    #expect(turns >= 9)
  }

  @Test func `removes what is asked and nothing else`() throws {
    for index in 0..<6 { fixture.write(index % 2 == 0 ? "new/\(index).a" : "cur/\(index).a:2,S") }
    let store = try fixture.store()
    let mailbox = try store.open(fixture.maildir)
    fixture.rename("new/2.a", "cur/2.a:2,F")
    fixture.remove("new/4.a")
    #expect(mailbox.update(deleting: [1, 2, 4], seen: []) == UpdateResult(removed: 3))
    mailbox.close()
    #expect(try store.open(fixture.maildir).uidls == ["0.a", "3.a", "5.a"])
  }

  @Test func `nothing is removed without update`() throws {
    fixture.write("new/1.a")
    let store = try fixture.store()
    try store.open(fixture.maildir).close()
    _ = try store.open(fixture.maildir)
    let mailbox = try store.open(fixture.maildir)
    #expect(mailbox.update(deleting: [], seen: []) == UpdateResult())
    #expect(fixture.exists("new/1.a"))
    mailbox.close()
    #expect(mailbox.update(deleting: [0], seen: []) == UpdateResult(failed: 1, firstError: .closed))
    #expect(fixture.exists("new/1.a"))
  }

  @Test func `tries every removal`() throws {
    for index in 0..<4 { fixture.write("new/\(index).a") }
    let mailbox = try fixture.store().open(fixture.maildir)
    // Not even root can unlink a directory.
    for name in ["1.a", "2.a"] {
      fixture.remove("new/\(name)")
      mkdir(fixture.maildir + "/new/\(name)", 0o700)
    }
    let failure = SystemFailure(operation: .remove, path: fixture.maildir + "/new/1.a", errno: EISDIR)
    #expect(
      mailbox.update(deleting: 0..<4, seen: [])
        == UpdateResult(removed: 2, failed: 2, firstError: .io(failure)))
    #expect(!fixture.exists("new/0.a") && !fixture.exists("new/3.a"))
  }

  @Test func `a Maildir that is gone has nothing left to remove`() throws {
    fixture.write("new/1.a")
    let mailbox = try fixture.store().open(fixture.maildir)
    Glibc.rename(fixture.maildir, fixture.root + "/elsewhere")
    #expect(mailbox.update(deleting: [0], seen: []) == UpdateResult(removed: 1))
    #expect(throws: StoreError.vanished) { try mailbox.openMessage(0) }
  }

  /// A file that replaced a removed one, under its base name, is not the message that the session was shown.
  @Test func `removes no other file of the same base name`() throws {
    fixture.write("new/1.a", "one\n")
    let mailbox = try fixture.store().open(fixture.maildir)
    fixture.write("cur/1.a:2,S", "another\n")
    fixture.remove("new/1.a")
    #expect(throws: StoreError.vanished) { try mailbox.openMessage(0) }
    #expect(mailbox.update(deleting: [0], seen: []) == UpdateResult(removed: 1))
    #expect(fixture.exists("cur/1.a:2,S"))
  }

  @Test(arguments: [
    ("new/1.a", "cur/1.a:2,S"),
    ("new/1.a:2,", "cur/1.a:2,S"),
    ("new/1.a:2,S", "cur/1.a:2,S"),
    ("cur/1.a", "cur/1.a:2,S"),
    ("cur/1.a:", "cur/1.a:2,S"),
    ("cur/1.a:2,TF", "cur/1.a:2,FST"),
    ("cur/1.a:2,RSa", "cur/1.a:2,RSa"),
    // The part behind a second comma belongs to other programs. Dovecot writes the same.
    ("cur/1.a:2,F,zb", "cur/1.a:2,FS,zb"),
    ("cur/1.a:2,FR,", "cur/1.a:2,FRS,"),
    ("cur/1.a:2,DF,X=1", "cur/1.a:2,DFS,X=1"),
    ("cur/1.a:2,,S", "cur/1.a:2,S,S"),
    ("cur/1.a:2,F,a,b", "cur/1.a:2,FS,a,b"),
    ("cur/1.a:2,S,F", "cur/1.a:2,S,F"),
    ("new/1.a:2,SF,a", "cur/1.a:2,SF,a"),
    ("cur/1.a:2,Fa", "cur/1.a:2,FSa"),
    ("cur/1.a:2,RF", "cur/1.a:2,FRS"),
    ("cur/1.a:1,experimental", "cur/1.a:1,experimental"),
  ]) func `marks seen`(name: String, marked: String) throws {
    fixture.write(name)
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.update(deleting: [], seen: [0]) == UpdateResult())
    #expect(fixture.exists(marked))
    #expect(mailbox.uidls == ["1.a"])
    #expect(try mailbox.text(0) == "a\n")
    // Doing it once more changes nothing.
    #expect(mailbox.update(deleting: [], seen: [0]) == UpdateResult())
    #expect(fixture.exists(marked))
  }

  @Test func `marks under the present name`() throws {
    fixture.write("new/1.a")
    let mailbox = try fixture.store().open(fixture.maildir)
    fixture.rename("new/1.a", "cur/1.a:2,F")
    _ = mailbox.update(deleting: [], seen: [0])
    #expect(fixture.exists("cur/1.a:2,FS"))
  }

  @Test func `marking replaces nothing and is no error`() throws {
    fixture.write("new/1.a", "one\n")
    fixture.write("cur/1.a:2,S", "another\n")
    fixture.write("new/" + String(repeating: "x", count: 254))
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.update(deleting: [], seen: 0..<3) == UpdateResult())
    #expect(mailbox.count == 3)
    #expect(Set(try (0..<3).map(mailbox.text)) == ["one\n", "another\n", "a\n"])
  }

  @Test func `a removed message is not marked`() throws {
    fixture.write("new/1.a")
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.update(deleting: [0], seen: [0]) == UpdateResult(removed: 1))
    #expect(!fixture.exists("cur/1.a:2,S"))
  }
}
