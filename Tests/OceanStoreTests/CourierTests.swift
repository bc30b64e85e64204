import Glibc
import Testing

@testable import OceanStore

@Suite struct CourierTests {
  let fixture = Fixture()

  func write(_ list: String) {
    fixture.replace(fixture.maildir + "/courierpop3dsizelist", with: Array(list.utf8))
  }

  func open() throws -> Mailbox { try fixture.indexed(ahead: 0).open(fixture.maildir, uidls: .courier) }

  /// Compares with the Courier that Tests/setup has unpacked.
  @Test(.enabled(if: OtherServer.isCourierInstalled, "Tests/setup was not run"))
  func `says what Courier says`() throws {
    for number in [5, 3, 4] {
      fixture.write("new/170000000\(number).M\(number)P77.host", "Subject: \(number)\n\nx\n")
    }
    fixture.write("cur/1700000009.M9P77.host,S=16:2,S", "no end")
    fixture.write("cur/1700000004.M33 P+7é.host:2,", "odd\n")
    let server = OtherServer.courier(fixture)
    _ = try server.listing()
    fixture.write("new/1700000001.M1P77.host", "Subject: 1\n\nlast\n")
    let listing = try server.listing()
    #expect(listing.uidls.count == 6)
    let mailbox = try open()
    #expect(mailbox.uidls == listing.uidls)
    #expect(mailbox.sizes == listing.sizes)
    mailbox.close()
    // Courier still reads what versions 0 to 2 wrote; for ids without uid it sends file names.
    write(
      "/2 9 1234\n1700000003.M3P77.host:2, 17 0:0\n1700000004.M33 P+7é.host:2, 5 0:0\n1700000005.M5P77.host:2, 17 7:0\n"
    )
    let older = try server.listing()
    unlink(fixture.indexPath)
    #expect(older.uidls.contains("UID7") && older.uidls.contains("1700000003.M3P77.host"))
    #expect(try open().uidls == older.uidls)
  }

  @Test(
    arguments: [
      // Version 3, 2, 1, and none.
      ("/3 9 77\n2.a:2,S 5 8:77:0\n1.a 6 3:76:1\n", ["UID8-77", "UID3-76", "3.a"], [5, 6, 4]),
      ("/2 9 77\n1.a 6 3:76\n2.a:2,S 5 8:77\n", ["UID3-76", "UID8-77", "3.a"], [6, 5, 4]),
      ("/1 9\n1.a 6 3\n2.a:2, 5 8\n3.a 4 9\n", ["UID3", "UID8", "UID9"], [6, 5, 4]),
      ("1.a 6\n2.a:2,S 5\n", ["1.a", "2.a", "3.a"], [6, 5, 4]),
      ("/3 9 77\n1.a 6 0:0:0\n2.a 5 8:0:0\n", ["1.a", "UID8", "3.a"], [6, 5, 4]),
      // Lines that make no sense, or are not whole.
      (
        "/3 9 77\n\n 6 3:77:0\nx\n1.a 6\n1.a b 3:77:0\n2.a 5 8:77:0\n3.a 4 9:77:0",
        ["UID8-77", "1.a", "3.a"], [5, 6, 4]
      ),
      ("", ["1.a", "2.a", "3.a"], [4, 4, 4]),
    ] as [(String, [String], [UInt64])]) func `every version`(list: String, uidls: [String], sizes: [UInt64])
    throws
  {
    for number in 1...3 { fixture.write("new/\(number).a", "ab\n") }
    write(list)
    let mailbox = try open()
    #expect(mailbox.uidls == uidls || list.contains("1.a 6\n1.a b"))
    #expect(mailbox.sizes == sizes || list.contains("1.a 6\n1.a b"))
    #expect(Set(mailbox.uidls) == Set(uidls))
  }

  @Test func `names are escaped as Courier does`() throws {
    fixture.write("cur/1.a b+c'd\"é:2,S")
    write("/3 9 77\n1.a b+c'd\"é:2,S 3 0:0:0\n")
    #expect(try open().uidls == ["1.a+20b+2Bc+27d+22+C3+A9"])
  }
}
