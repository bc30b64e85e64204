import Glibc
import OceanUIDL
import Testing

@testable import OceanStore

/// Sizes that are claimed in file names (`,S=` and `,W=`).
@Suite struct ClaimTests {
  let fixture = Fixture()

  @Test(
    arguments: [
      ("1.a,S=10,W=12", 12, 10), ("1.a,W=12", 12, nil), ("1.a,W=12,S=10", 12, 10), ("1.a,S=10", nil, 10),
      ("1.a", nil, nil), ("1.a,W=", nil, nil), ("1.a,W=1x", nil, nil), ("1.a,W=12:2,S=3", 12, nil),
      ("1.a,W=0", 0, nil), ("1,W=99999999999999999999", nil, nil), ("1.a,X=1,W=12,Z=3", 12, nil),
      (",W=1", 1, nil),
      ("1.aW=12", nil, nil), ("1,w=12", nil, nil), ("1,W=1,W=2", 2, nil),
    ] as [(String, UInt64?, UInt64?)]) func `parses`(name: String, octets: UInt64?, bytes: UInt64?)
  {
    let sizes = Array(name.utf8).withUnsafeBytes { MessageName($0).claimedSizes }
    #expect(sizes.octets == octets)
    #expect(sizes.bytes == bytes)
  }

  /// No file is read; some could not be.
  @Test func `are believed until the message is sent`() throws {
    fixture.write("new/1.a,S=4,W=5", "one\n")
    fixture.write("new/2.a,S=4,W=6", "two\n")
    fixture.write("new/3.a,S=6", "three\n")
    for number in 1...2 { chmod(fixture.maildir + "/new/\(number).a,S=4,W=\(number + 4)", 0) }
    let mailbox = try fixture.indexed().open(fixture.maildir)
    #expect(mailbox.sizes == [5, 6, 7])
  }

  @Test(arguments: [true, false]) func `a wrong one is put right`(restarts: Bool) throws {
    let names = ["new/1.a,W=5", "new/2.a,W=6", "new/3.a,S=4,W=8", "cur/4.a,W=9:2,S"]
    for name in names { fixture.write(name, "one\n") }
    var store = try fixture.indexed()
    let mailbox = try store.open(fixture.maildir)
    #expect(mailbox.sizes == [5, 6, 8, 9])
    #expect(mailbox.totalOctets == 28)
    for index in 0..<4 {
      #expect(mailbox.openMessageIfCached(index) === nil)
      for _ in 0..<2 {
        #expect(try mailbox.openMessage(index).octets == 5)
        #expect(try mailbox.text(index) == "one\n")
      }
      if let file = mailbox.openMessageIfCached(index) { #expect(file.octets == 5) }
    }
    // Numbers do not change in a session.
    #expect(mailbox.sizes == [5, 6, 8, 9])
    mailbox.close()
    if restarts { store = try fixture.indexed() }
    let next = try store.open(fixture.maildir)
    #expect(next.sizes == [5, 5, 5, 5])
    #expect(next.totalOctets == 20)
    next.close()
    // They stay the same after other changes, too.
    IndexTests.nextTick()
    fixture.write("new/5.a,W=4")
    #expect(try store.open(fixture.maildir).sizes == [5, 5, 5, 5, 4])
    fixture.rename("new/2.a,W=6", "cur/2.a,W=6:2,S")
    #expect(try fixture.indexed(ahead: 0).open(fixture.maildir).sizes == [5, 5, 5, 5, 4])
  }

  /// The message "one" with its line end has four bytes: each is counted at once.
  @Test(
    arguments: [
      "S=4,W=3", "W=3", "S=5,W=6", "S=3,W=6", "W=10", "S=4,W=10", "W=0", "S=0,W=5", "W=999999999999999999",
      "S=4",
    ]) func `what cannot be true is not believed`(claim: String) throws
  {
    fixture.write("new/1.a,\(claim)", "one\n")
    fixture.write("new/2.b", "one\n")
    // The claim is also made by another server's list.
    let fields = claim.split(separator: ",").map { $0.replacing("=", with: "") }.joined(separator: " ")
    fixture.replace(
      fixture.maildir + "/dovecot-uidlist", with: Array("3 V77 N9\n1 \(fields) :2.b\n".utf8))
    let mailbox = try fixture.indexed().open(fixture.maildir, uidls: .dovecot(.cyrus))
    #expect(mailbox.sizes == [5, 5])
    #expect(mailbox.snapshot.table.records.allSatisfy { $0.messageSize.isCounted })
  }

  /// Every message of few bytes against every claim.
  @Test func `what can be true is believed`() {
    var possible: Set<[Int]> = []
    func make(_ message: [UInt8]) {
      possible.insert([message.count, SizeTests.wireForm(message).count])
      if message.count < 5 { for byte in Array("\r\nx".utf8) { make(message + [byte]) } }
    }
    make([])
    for bytes in 0...5 {
      for octets in 0...20 {
        let claim = MessageSize.claim(octets: UInt64(octets), bytes: UInt64(bytes))
        #expect((claim != nil) == possible.contains([bytes, octets]), "\(bytes) bytes, \(octets) octets")
      }
    }
  }

  @Test func `a right one is counted once`() throws {
    fixture.write("new/1.a,W=5", "one\n")
    fixture.write("new/2.a,W=5", "two\n")
    let store = try fixture.indexed()
    let mailbox = try store.open(fixture.maildir)
    _ = try mailbox.openMessage(1)
    #expect(mailbox.update(deleting: [], seen: []) == UpdateResult())
    #expect(mailbox.update(deleting: [], seen: [1]) == UpdateResult())
    mailbox.close()
    for store in [store, try fixture.indexed()] {
      let next = try store.open(fixture.maildir)
      #expect(next.snapshot.table.records.map(\.messageSize.isCounted) == [false, true])
      #expect(next.sizes == [5, 5])
      next.close()
    }
  }

  /// A right size is saved, then a wrong one, in one session.
  @Test func `both in one session`() throws {
    for number in 1...3 { fixture.write("new/\(number).a,W=\(number + 3)", "one\n") }
    let store = try fixture.indexed()
    let mailbox = try store.open(fixture.maildir)
    #expect(mailbox.sizes == [4, 5, 6])
    for index in [1, 2] {
      #expect(try mailbox.openMessage(index).octets == 5)
      #expect(mailbox.update(deleting: [], seen: [index]) == UpdateResult())
    }
    mailbox.close()
    let next = try fixture.indexed(ahead: 0).open(fixture.maildir)
    #expect(next.sizes == [4, 5, 5])
    #expect(next.snapshot.table.records.map(\.messageSize.isCounted) == [false, true, true])
  }

  /// Without an index, nothing would remember that a size is wrong.
  @Test func `are not believed without an index`() throws {
    fixture.write("new/1.a,W=9", "one\n")
    #expect(try fixture.store().open(fixture.maildir).sizes == [5])
  }

  @Test func `a wrong one of a message that changed on the way`() throws {
    fixture.write("new/1.a,W=9", "one\n")
    let store = try fixture.indexed()
    let mailbox = try store.open(fixture.maildir)
    #expect(try mailbox.openMessage(0).octets == 5)
    fixture.write("new/1.a,W=9", "longer\n")
    #expect(try mailbox.openMessage(0).octets == 8)
    mailbox.close()
    let next = try store.open(fixture.maildir)
    #expect(next.sizes == [8])
    fixture.write("new/1.a,W=9", "again\n")
    #expect(try next.openMessage(0).octets == 7)
    next.close()
    #expect(try store.open(fixture.maildir).sizes == [7])
  }

  /// Sizes that do not fit a record never count as known.
  @Test func `sizes beyond what is kept`() {
    let huge = MessageSize.counted(bytes: 1 << 40, octets: 1 << 40, modified: 5)
    #expect(!huge.isKnown && huge.octets == (1 << 40) - 1)
    #expect(!MessageSize.counted(bytes: 1 << 30, octets: 1 << 31, modified: 5).isKnown)
    #expect(MessageSize.claim(octets: 1 << 40, bytes: nil) == nil)
    #expect(MessageSize.claim(octets: 5, bytes: 9) == nil)
    let size = MessageSize.counted(bytes: (1 << 40) - 1, octets: (1 << 40) + (1 << 28) - 2, modified: 5)
    #expect(size.wasCounted(bytes: (1 << 40) - 1, modified: 5))
    #expect(!size.wasCounted(bytes: (1 << 40) - 1, modified: 6))
    let flags: MessageRecord.Flags = [.cur, .copy]
    let record = MessageRecord(inode: .max, start: (1 << 32) - 1, flags: flags, size: size)
    #expect(record.messageSize == size && record.start == (1 << 32) - 1 && record.flags == flags)
  }
}
