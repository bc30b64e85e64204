import Glibc
import Testing

@testable import OceanStore

@Suite struct UniqueIDTests {
  let fixture = Fixture()

  @Test func `stays the same through renames and restarts`() throws {
    let long = "1700000000.M1P1." + String(repeating: "x", count: 100)
    fixture.write("new/1.a,S=2,W=3")
    fixture.write("new/\(long)")
    let before = try fixture.store().open(fixture.maildir).uidls
    #expect(before[0] == "1.a,S=2,W=3")
    fixture.rename("new/1.a,S=2,W=3", "cur/1.a,S=2,W=3:2,")
    fixture.rename("new/\(long)", "cur/\(long):2,FS")
    #expect(try fixture.store().open(fixture.maildir).uidls == before)
    fixture.rename("cur/1.a,S=2,W=3:2,", "cur/1.a,S=2,W=3:2,RS")
    #expect(try fixture.store().open(fixture.maildir).uidls == before)
  }

  /// Names that cannot be ids themselves, and the longest that can.
  static let oddNames: [[UInt8]] = [
    [UInt8](repeating: 0x61, count: 70),
    [UInt8](repeating: 0x61, count: 71),
    [UInt8](repeating: 0x61, count: 255),
    Array("1.a b".utf8), Array("1.a\nb".utf8), Array("1.a\tb".utf8), Array("1.é".utf8),
    Array("~aaaaaaaaaaaaaaaaaaaaaaaaaa".utf8), Array("~".utf8),
    [0xFF, 0xFE, 0x80], [0x7F], [0x20], [0x01],
    Array(":2,S".utf8), Array("x:".utf8), Array("y:2,:S".utf8),
  ]

  @Test func `odd names have valid distinct IDs`() throws {
    for (index, name) in Self.oddNames.enumerated() {
      fixture.write(Array("cur/".utf8) + name, [UInt8](repeating: 0x0a, count: index))
    }
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.count == Self.oddNames.count)
    #expect(Set(mailbox.uidls).count == Self.oddNames.count)
    for index in 0..<mailbox.count {
      let uidl = mailbox.uidl(index).utf8
      #expect((1...70).contains(uidl.count))
      #expect(uidl.allSatisfy { (0x21...0x7E).contains($0) })
      // Every name is also usable: the content is found, by its length.
      #expect(try UInt64(mailbox.content(index).count) * 2 == mailbox.octets(of: index))
    }
    #expect(mailbox.uidls.contains(String(repeating: "a", count: 70)))
    let result = mailbox.update(deleting: [], seen: 0..<mailbox.count)
    #expect(result == UpdateResult())
    mailbox.close()
    let again = try fixture.store().open(fixture.maildir)
    #expect(again.uidls == mailbox.uidls)
    #expect(again.update(deleting: 0..<again.count, seen: []).removed == Self.oddNames.count)
  }

  @Test func `every byte is looked at, wherever it is`() {
    for length in 1...20 {
      for position in 0..<length {
        for byte in UInt8.min...UInt8.max {
          var id = [UInt8](repeating: byte % 2 == 0 ? 0x21 : 0x7E, count: length)
          id[position] = byte
          #expect(id.withUnsafeBytes(UniqueID.isSendable) == (0x21...0x7E).contains(byte), "\(id)")
        }
      }
    }
  }

  @Test func `two names of one file are one message`() throws {
    fixture.write("new/1.a", "one\n")
    link(fixture.maildir + "/new/1.a", fixture.maildir + "/cur/1.a:2,S")
    link(fixture.maildir + "/new/1.a", fixture.maildir + "/cur/1.a:2,FS")
    fixture.write("new/2.a", "two\n")
    let store = try fixture.store()
    let mailbox = try store.open(fixture.maildir)
    #expect(mailbox.uidls == ["1.a", "2.a"])
    #expect(mailbox.update(deleting: [0], seen: []) == UpdateResult(removed: 1))
    mailbox.close()
    #expect(!fixture.exists("new/1.a") && !fixture.exists("cur/1.a:2,S") && !fixture.exists("cur/1.a:2,FS"))
    #expect(try store.open(fixture.maildir).uidls == ["2.a"])
  }

  @Test func `two files of one name are two messages`() throws {
    fixture.write("cur/1.a:2,S", "original\n")
    fixture.write("new/1.a", "copy, made later\n")
    let times = [timespec(tv_sec: 100, tv_nsec: 0), timespec(tv_sec: 100, tv_nsec: 0)]
    utimensat(AT_FDCWD, fixture.maildir + "/cur/1.a:2,S", times, 0)
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.count == 2)
    let ids = Dictionary(uniqueKeysWithValues: try (0..<2).map { (try mailbox.text($0), mailbox.uidl($0)) })
    #expect(ids["original\n"] == "1.a")
    #expect(ids["copy, made later\n"]?.hasPrefix("~") == true)

    mailbox.close()
    fixture.rename("new/1.a", "cur/1.a:2,T")
    fixture.rename("cur/1.a:2,S", "cur/1.a:2,RS")
    let again = try fixture.store().open(fixture.maildir)
    #expect(again.uidls == mailbox.uidls)
    let copy = try #require(again.uidls.firstIndex { $0 != "1.a" })
    #expect(again.update(deleting: [copy], seen: []) == UpdateResult(removed: 1))
    #expect(fixture.exists("cur/1.a:2,RS") && !fixture.exists("cur/1.a:2,T"))
  }

  /// The published vectors of SipHash-2-4-128, key 00..0f.
  @Test(arguments: [
    (0, 0xe6a8_25ba_047f_81a3 as UInt64, 0x9302_55c7_1472_f66d as UInt64),
    (1, 0x44af_996b_d8c1_87da, 0x45fc_229b_1159_7634),
    (15, 0x11a8_b033_99e9_9354, 0xd9c3_cf97_0fec_087e),
    (8, 0x61f5_5862_baa9_623b, 0xb497_14f3_64e2_830f),
    (63, 0x4a83_502f_77d1_5051, 0x7cbd_3f97_9a06_3e50),
  ]) func `SipHash gives the published values`(length: Int, low: UInt64, high: UInt64) {
    let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
    let hash = (0..<length).map { UInt8($0) }.withUnsafeBytes { SipHash.hash($0, key: key) }
    #expect(hash.low == low)
    #expect(hash.high == high)
  }
}
