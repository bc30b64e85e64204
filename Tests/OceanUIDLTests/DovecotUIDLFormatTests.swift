import OceanUIDL
import Testing

@Suite struct DovecotUIDLFormatTests {
  @Test(arguments: [
    ("%08Xu%08Xv", "0000012c0000ffff"), ("%u", "300"), ("%v.%u", "65535.300"), ("%f", "Base"), ("%g", "Guid"),
    ("%Lf%Ug", "baseGUID"),
    ("%%%u%%", "%300%"), ("x%02uy", "x300y"), ("%05u", "00300"), ("%UXu", "12C"),
    ("%{uid | hex(8)}%{uidvalidity | hex(8)}", "0000012c0000ffff"), ("%{uid|number|hex(8)}", "0000012c"),
    ("%{filename}-%{guid | lower}", "Base-guid"), ("%{uid | hex | upper}", "12C"),
  ]) func `formats`(text: String, id: String) throws {
    let format = try DovecotUIDLFormat(text)
    let made = Array("Base".utf8).withUnsafeBytes { base in
      Array("Guid".utf8).withUnsafeBytes { guid in
        String(
          decoding: format.id(uid: 300, validity: 65535, base: base, guid: guid), as: UTF8.self)
      }
    }
    #expect(made == id)
    #expect(try DovecotUIDLFormat(format.description) == format)
  }

  @Test(arguments: [
    ("%{uid | hex(8)}%{uidvalidity | hex(8)}", "%08Xu%08Xv"), ("%LUXu", "%Xu"), ("%XUu", "%UXu"),
    ("%Uu.%01Lv", "%u.%v"), ("%ULf", "%Lf"), ("%{uid | number}%%", "%u%%"),
  ]) func `same IDs have the same text`(text: String, canonical: String) throws {
    #expect(try DovecotUIDLFormat(text).description == canonical)
    #expect(try DovecotUIDLFormat(text) == DovecotUIDLFormat(canonical))
  }

  @Test(
    arguments: [
      ("%m", .headerDigest), ("%{md5}", .headerDigest), ("%v", .constant), ("", .constant),
      ("abc", .constant), ("%%", .constant),
      ("%", .unknown("%")), ("%0u", .unknown("%0u")), ("%5u", .unknown("%5")), ("%x", .unknown("%x")),
      ("%099u", .unknown("%09")),
      ("%{uid", .unknown("%{uid")), ("%{uid | md5}", .unknown("%{uid | md5}")), ("%{}", .unknown("%{}")),
      ("%{uid | hex(x)}", .unknown("%{uid | hex(x)}")), ("%Xf", .unknown("%Xf")), ("%Mu", .unknown("%M")),
      ("%u %v", .unsendable(" ")), ("é%u", .unsendable("é")), ("%u\r\n", .unsendable("\r\n")),
    ] as [(String, DovecotUIDLFormat.Issue)]) func `refuses`(text: String, issue: DovecotUIDLFormat.Issue)
  {
    #expect(throws: DovecotUIDLFormat.Issue.self) { try DovecotUIDLFormat(text) }
    do {
      _ = try DovecotUIDLFormat(text)
    } catch {
      if case .unknown = issue, case .unknown = error { return }
      #expect(error == issue)
    }
  }

  @Test func `named ones are what they say`() throws {
    for format in [DovecotUIDLFormat.standard, .cyrus] {
      #expect(try DovecotUIDLFormat(format.description) == format)
    }
  }
}
