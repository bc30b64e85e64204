import OceanUIDL
import Glibc
import Testing

@testable import OceanStore

/// What `ocean mailbox check` finds beside the messages: files that sessions would need and cannot read.
@Suite struct CheckTests {
  let fixture = Fixture()

  private static let kinds: [@Sendable (String) -> Int32] = [
    { symlink("/etc/passwd", $0) }, { mkfifo($0, 0o600) }, { mkdir($0, 0o700) },
  ]

  @Test(arguments: 0..<3) func `another server's list that is no file`(kind: Int) throws {
    for (scheme, name) in [
      (try UIDLScheme.dovecot(DovecotUIDLFormat("%v.%u")), "dovecot-uidlist"),
      (.courier, "courierpop3dsizelist"),
    ] {
      let path = fixture.maildir + "/" + name
      #expect(Self.kinds[kind](path) == 0)
      let report = try fixture.store().checkIndex(of: fixture.maildir, uidls: scheme)
      #expect(report.findings == [.missing, .unreadableList(.badList(path: path))])
      #expect(!report.isSound && !report.isIndexWrong)
      // Nobody reads it.
      #expect(try fixture.store().checkIndex(of: fixture.maildir).isSound)
      Glibc.remove(path)
      #expect(try fixture.store().checkIndex(of: fixture.maildir, uidls: scheme).isSound)
    }
  }

  @Test(arguments: 0..<3) func `an index that is no file`(kind: Int) throws {
    fixture.write("new/1.a")
    #expect(Self.kinds[kind](fixture.indexPath) == 0)
    let report = try fixture.indexed().checkIndex(of: fixture.maildir)
    #expect(report.findings == [.foreignIndex(path: fixture.indexPath)])
    #expect(!report.isSound)
  }
}
