import Glibc
import OceanUIDL
import TestSupport
import Testing

@testable import OceanStore

/// Compares with the installed Dovecot: ocean tells a client what Dovecot's POP3 server tells it.
///
/// Without Dovecot (package dovecot-pop3d, and dovecot-imapd) these tests do not run, unless CI=true, where
/// they fail.
@Suite(
  .enabled(if: OtherServer.isDovecotInstalled || InstalledDovecot.isRequired, "\(InstalledDovecot.absence)"))
struct DovecotTests {
  let fixture = Fixture()

  /// Delivers messages in an order that is not that of names: two batches, each of which Dovecot sees by
  /// itself.
  func deliver() throws {
    for number in [5, 3, 4] {
      fixture.write("new/170000000\(number).M\(number)P77.host", "Subject: \(number)\n\nx\n")
    }
    fixture.write("cur/1700000009.M9P77.host,S=14,W=17:2,S", "Subject: 9\n\nx\n")
    _ = try OtherServer.dovecot(fixture).listing()
    fixture.write("new/1700000001.M1P77.host", "Subject: 1\n\nlast\n")
    fixture.write("new/1700000002.M2 P77.höst", "Subject: 2\n\nlast\n")
    _ = try OtherServer.dovecot(fixture).listing()
  }

  @Test(arguments: [
    "%08Xu%08Xv", "%v.%u", "%f", "%g", "UID%u-%v", "%v%010u", "%04Xu-%Xv", "%u", "%Uf", "%Lg.%u", "%%%u",
  ]) func `every format`(text: String) throws {
    try deliver()
    let listing = try OtherServer.dovecot(fixture, ["pop3_uidl_format=\(text)"]).listing()
    try #require(listing.uidls.count == 6)
    let scheme = UIDLScheme.dovecot(try DovecotUIDLFormat(text))
    let mailbox = try fixture.indexed(ahead: 0).open(fixture.maildir, uidls: scheme)
    #expect(mailbox.sizes == listing.sizes)
    // A file name that is not a valid UIDL cannot be sent as one.
    let expected = listing.uidls.map { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? $0 : nil }
    #expect(zip(mailbox.uidls, expected).allSatisfy { $1 == nil || $0 == $1 })
    #expect(Set(mailbox.uidls).count == 6)
    for index in 0..<6 { #expect(try mailbox.openMessage(index).octets == listing.sizes[index]) }
  }

  @Test func `the standard format is Dovecot's`() throws {
    try deliver()
    let listing = try OtherServer.dovecot(fixture).listing()
    let mailbox = try fixture.indexed(ahead: 0).open(fixture.maildir, uidls: .dovecot(.standard))
    #expect(mailbox.uidls == listing.uidls)
    #expect(mailbox.uidls.first?.hasPrefix("00000001") == true)
  }

  @Test func `ids that Dovecot saved`() throws {
    try deliver()
    let saved = try OtherServer.dovecot(fixture, ["pop3_uidl_format=%f", "pop3_save_uidl=yes"]).listing()
    fixture.write("new/1700000011.M1P77.host", "later\n")
    let listing = try OtherServer.dovecot(fixture, ["pop3_uidl_format=%v.%u"]).listing()
    try #require(listing.uidls.dropLast() == saved.uidls[...])
    let mailbox = try fixture.indexed(ahead: 0).open(fixture.maildir, uidls: .dovecot(.cyrus))
    #expect(mailbox.uidls.filter { !$0.hasPrefix("~") } == listing.uidls.filter { !$0.contains(" ") })
    #expect(mailbox.count == listing.uidls.count)
  }

  /// Ids of another server, and its order, in the form that migrations write.
  @Test func `ids and order that a migration wrote`() throws {
    try deliver()
    let path = fixture.maildir + "/dovecot-uidlist"
    var lines = String(decoding: fixture.read(path), as: UTF8.self).split(separator: "\n").map(String.init)
    try #require(lines.count == 7)
    for (line, fields) in [(1, "O5 Pother-1"), (2, "P<b@c>"), (4, "O2 P"), (5, "O3 Gabc")] {
      lines[line] = lines[line].replacing(" :", with: " \(fields) :", maxReplacements: 1)
    }
    fixture.replace(path, with: Array((lines.joined(separator: "\n") + "\n").utf8))
    for text in ["%08Xu%08Xv", "%g", "%f"] {
      let listing = try OtherServer.dovecot(fixture, ["pop3_uidl_format=\(text)"]).listing()
      #expect(listing.uidls.contains("other-1") && listing.uidls.contains("<b@c>"))
      unlink(fixture.indexPath)
      let scheme = UIDLScheme.dovecot(try DovecotUIDLFormat(text))
      let mailbox = try fixture.indexed(ahead: 0).open(fixture.maildir, uidls: scheme)
      #expect(zip(mailbox.uidls, listing.uidls).allSatisfy { $0 == $1 || $0.hasPrefix("~") })
      #expect(mailbox.sizes == listing.sizes)
    }
  }

  /// Dovecot's POP3 cannot do this with a Maildir, so no client can know such ids.
  @Test func `the digest of headers`() throws {
    try deliver()
    let lines = try OtherServer.dovecot(fixture, ["pop3_uidl_format=%m"]).run(["UIDL", "QUIT"])
    #expect(!lines.contains("."))
    #expect(throws: DovecotUIDLFormat.Issue.headerDigest) { try DovecotUIDLFormat("%m") }
  }

  /// Dovecot's IMAP continues to use the Maildir, and numbers messages that ocean has already shown.
  @Test(
    .enabled(
      if: OtherServer.isDovecotIMAPInstalled || InstalledDovecot.isRequired, "\(InstalledDovecot.absence)"))
  func `IMAP goes on`() throws {
    let imap = OtherServer.dovecot(fixture, imap: true)
    func select() throws { _ = try imap.run(["a SELECT INBOX", "b LOGOUT"]) }
    func open() throws -> [String] {
      try fixture.indexed(ahead: 0).open(fixture.maildir, uidls: .dovecot(.standard)).uidls
    }
    fixture.write("new/1700000001.M1P1.host", "one\n")
    try select()
    let first = try open()
    #expect(first.count == 1 && first[0].hasPrefix("00000001"))

    fixture.write("new/1700000002.M1P1.host", "two\n")
    let second = try open()
    #expect(second == first + ["1700000002.M1P1.host"])
    try select()
    let dovecots = try OtherServer.dovecot(fixture).listing().uidls
    #expect(dovecots.last?.hasPrefix("00000002") == true)
    // The message has a number by now, and keeps the id that clients know.
    for _ in 0..<3 { #expect(try open() == second) }

    fixture.write("new/1700000003.M1P1.host", "three\n")
    try select()
    let third = try open()
    #expect(third == second + [try #require(try OtherServer.dovecot(fixture).listing().uidls.last)])
    // Dovecot's file is unchanged: ocean does not write to it.
    let before = fixture.read(fixture.maildir + "/dovecot-uidlist")
    let mailbox = try fixture.indexed(ahead: 0).open(fixture.maildir, uidls: .dovecot(.standard))
    #expect(mailbox.update(deleting: [0], seen: [1]) == UpdateResult(removed: 1))
    mailbox.close()
    #expect(fixture.read(fixture.maildir + "/dovecot-uidlist") == before)
    try select()
    #expect(try open() == Array(third.dropFirst()))
  }
}
