import Glibc
import Testing

@testable import OceanStore

/// `maildirsize` (Maildir++): the size of a Maildir that deliveries believe.
@Suite struct QuotaTests {
  let fixture = Fixture()
  private let quota = "20000S,10C\n5000 2\n"

  private func remove(_ count: Int) throws -> String {
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.update(deleting: 0..<count, seen: []) == UpdateResult(removed: count))
    return String(decoding: fixture.read(fixture.maildir + "/maildirsize"), as: UTF8.self)
  }

  /// Messages are subtracted as they were counted when they came: by the size in the name, or by that of the
  /// file. Messages marked as trash do not count.
  @Test func `what is removed is appended`() throws {
    fixture.write("maildirsize", quota)
    fixture.write("new/1.a", "one\n")
    fixture.write("cur/2.a,S=100,W=105:2,S", "two\n")
    fixture.write("cur/3.a:2,FST", "three\n")
    fixture.write("cur/4.a:2,S,T", "four\n")
    fixture.write("cur/5.a", "stays\n")
    #expect(try remove(4) == quota + "-109 -3\n")
    #expect(!fixture.exists("new/1.a") && fixture.exists("cur/5.a"))
  }

  @Test func `nothing is appended for nothing`() throws {
    fixture.write("maildirsize", quota)
    fixture.write("cur/1.a:2,T", "one\n")
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.update(deleting: [], seen: [0]) == UpdateResult())
    mailbox.close()
    #expect(try remove(1) == quota)
  }

  @Test func `a message renamed meanwhile counts once`() throws {
    fixture.write("maildirsize", quota)
    fixture.write("new/1.a", "one\n")
    let mailbox = try fixture.store().open(fixture.maildir)
    fixture.rename("new/1.a", "cur/1.a:2,S")
    #expect(mailbox.update(deleting: [0], seen: []) == UpdateResult(removed: 1))
    #expect(fixture.read(fixture.maildir + "/maildirsize") == Array((quota + "-4 -1\n").utf8))
  }

  /// The Maildir's owner may put anything there.
  @Test(arguments: [
    "", "no quota\n", "20000S\n" + String(repeating: "100 1\n", count: 1000),
  ])
  func `what is no such file is left alone`(content: String) throws {
    fixture.write("maildirsize", content)
    fixture.write("new/1.a", "one\n")
    #expect(try remove(1) == content)
  }

  /// Two lines in one would be a sum that nobody meant.
  @Test(arguments: ["20000S,10C\n5000 2", "20000S,10C\n5000 2\n100 1", "20000S"])
  func `a last line without its end is ended`(content: String) throws {
    fixture.write("maildirsize", content)
    fixture.write("new/1.a", "one\n")
    #expect(try remove(1) == content + "\n-4 -1\n")
    fixture.write("new/2.a", "two\n")
    #expect(try remove(1) == content + "\n-4 -1\n-4 -1\n")
  }

  @Test func `the check names what cannot be subtracted from`() throws {
    func findings() throws -> [IndexReport.Finding] {
      let report = try fixture.store().checkIndex(of: fixture.maildir)
      #expect(report.isSound == (report.findings == [.missing]))
      return report.findings.filter { $0 != .missing }
    }
    let path = fixture.maildir + "/maildirsize"
    #expect(try findings() == [])
    fixture.write("maildirsize", quota)
    #expect(try findings() == [])
    // The next delivery counts again.
    fixture.write("maildirsize", quota + String(repeating: "100 1\n", count: 1000))
    #expect(try findings() == [])
    for make in [{ symlink("/etc/passwd", path) }, { mkfifo(path, 0o600) }, { mkdir(path, 0o700) }] {
      Glibc.remove(path)
      #expect(make() == 0)
      #expect(try findings() == [.foreignQuota(path: path)])
    }
  }

  @Test func `links and others are left alone`() throws {
    let path = fixture.maildir + "/maildirsize"
    for kind in 0..<4 {
      fixture.write("other", quota)
      switch kind {
      case 0: symlink(fixture.maildir + "/other", path)
      case 1: link(fixture.maildir + "/other", path)
      case 2: mkfifo(path, 0o600)
      default: mkdir(path, 0o700)
      }
      fixture.write("new/1.a", "one\n")
      let mailbox = try fixture.store().open(fixture.maildir)
      #expect(mailbox.update(deleting: [0], seen: []) == UpdateResult(removed: 1))
      #expect(fixture.read(fixture.maildir + "/other") == Array(quota.utf8))
      Glibc.remove(path)
      fixture.remove("other")
    }
  }
}
