import OceanAddresses
import Testing

@Suite struct AddressListFileTests {
  private func file(_ text: String) -> AddressListFile { AddressListFile(reading: Array(text.utf8)) }

  @Test func `keeps what may be part of a list`() {
    #expect(
      file(
        "\u{feff}# drop\r\n192.0.2.0/24 ; SBL1\n2001:db8::/32#x\n\n198.51.100.1 - 198.51.100.9\n10.0.0.5/8\n192.168.*.*"
      ).text
        == "\n192.0.2.0/24 \n2001:db8::/32\n\n198.51.100.1 - 198.51.100.9\n10.0.0.5/8\n192.168.*.*\n")
  }

  @Test(arguments: [
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIH0itqqNOecm\n-----END PRIVATE KEY-----\n",
    "anna:{SSHA}abcdefabcdef==::::::\nben:$6$salt$hash\n", "hunter2\n", "deadbeef0123456789\n",
    "192.0.2.1 swordfish\n", "password = 192.0.2.1\n", "mail.example.org\n", "\u{0}\u{fffd}\n",
  ])
  func `keeps nothing of other lines`(_ text: String) {
    let kept = file(text).text
    #expect(kept.allSatisfy { $0 == "?" || $0 == "\n" })
    #expect(kept.count { $0 == "\n" } == text.count { $0 == "\n" })
  }

  /// Places of errors and numbers of rules are those in the file.
  @Test func `lines keep their numbers`() {
    let bytes = Array("# one\nsecret\n192.0.2.1 # three\n; four\n10.0.0.5/8\n192.0.2.2\n".utf8)
    let limits = AddressList.Limits(blocks: 10, errors: 10)
    let whole = AddressList(parsing: bytes, limits: limits)
    let kept = AddressList(parsing: Array(AddressListFile(reading: bytes).text.utf8), limits: limits)
    #expect(kept.errors.map(\.line) == whole.errors.map(\.line))
    #expect(kept.errors.map(\.text) == [nil, "10.0.0.5/8"])
    #expect(AddressSet(kept.rules) == AddressSet(whole.rules))
  }

  @Test(
    arguments: [
      ("# address\tlists\n198.51.100.3\t10\n", .fields(.blank, column: 1, header: 0)),
      ("198.51.100.0/24  reject\n", .fields(.blank, column: 1, header: 0)),
      ("203.0.113.5\tNL\n203.0.113.6\tspamhost\n", .fields(.blank, column: 1, header: 0)),
      ("198.51.100.0/24  reject\n198.51.100.9 OK\n", .table), ("203.0.113.5,allow\n", .table),
      ("# prefix,country\n198.51.100.0/24,AT,AT-9,Vienna,\n", .fields(.comma, column: 1, header: 0)),
      ("cidr,country\n203.0.113.0/24,NL\n", .fields(.comma, column: 1, header: 1)),
      ("\"203.0.113.5\",\"NL\"\r\n\"203.0.113.6\",\"AT\"\r\n", .fields(.comma, column: 1, header: 0)),
      ("# x\nid,dst_ip\n1,203.0.113.5\n2,203.0.113.7\n", .fields(.comma, column: 2, header: 2)),
      ("NL;a;203.0.113.5\n", .fields(.semicolon, column: 3, header: 0)),
      ("203.0.113.5,203.0.113.9\n", .pairs), ("start,end\n203.0.113.5,203.0.113.9\n", .pairs),
      ("203.0.113.0;203.0.113.255\n", .pairs), ("203.0.113.5 - 203.0.113.9 NL\n", .pairs),
      ("203.0.113.5 203.0.113.6\n", .pairs), ("203.0.113.5 to 203.0.113.9\n", .pairs),
      ("203.0.113.5\n203.0.113.6 203.0.113.9\n", .pairs), ("203.0.113.5 -9\n", .pairs),
      ("203.0.113.5 was 198.51.100.4\n", .pairs),
      ("203.0.113.0 255.255.255.0\n", .masks), ("address,mask\n203.0.113.0,255.255.255.0\n", .masks),
      ("203.0.113.0 0.0.0.255\n", .masks), ("203.0.113.0,24\n198.51.100.64,26\n", .masks),
      ("203.0.113.0\t/24\n", .masks), ("203.0.113.0,256\n2001:db8::,32\n", .masks),
      ("203.0.113.5 203.0.113.6 203.0.113.9\n", .several(.blank)),
      ("203.0.113.5, 203.0.113.6\n203.0.113.8,203.0.113.9,203.0.113.12\n", .several(.comma)),
      ("a,b,c\n203.0.113.5,NL,x\n", nil), ("203.0.113.5,NL\nlocalhost,NL\n", nil),
      ("192.0.2.1 - 192.0.2.9\n198.51.100.7-90\n", nil),
      ("[\"203.0.113.5\", \"203.0.113.6\"]\n", .json), ("{\n  \"prefixes\": [\n", .json),
      (#"{"cidr":"198.51.100.0/24","gateway":"192.0.2.1"}"#, .json),
      (#"{"cidr":"198.51.100.0/24"},{"cidr":"192.0.2.0/24"}"#, .json),
      (#"{"cidr":["198.51.100.0/24","192.0.2.1"]}"#, .json),
      ("<!DOCTYPE html>\n<html><body>404 203.0.113.5</body></html>\n", .markup),
      (#"{"cidr":"198.51.100.0/24","sblid":"SBL1"}"#, .jsonLines(key: "cidr")),
      ("{ \"id\": \"7\", \"ip_prefix\" : \"2001:db8::/32\" }\n", .jsonLines(key: "ip_prefix")),
      ("198.51.100.3; 198.51.100.4; 203.0.113.9\n", .several(.semicolon)),
      ("192.0.2.1 ; SBL1\n192.0.2.2;\n", nil), ("192.0.2.1 - 192.0.2.9\n192.0.2.1 -192.0.2.9\n", nil),
      ("192.0.2.1\n", nil), ("", nil), ("{\"key\":\"value\"}\n", .json),
    ] as [(String, AddressListFile.Format?)])
  func `formats`(_ text: String, _ format: AddressListFile.Format?) {
    #expect(file(text).format == format)
  }

  @Test(
    arguments: [
      ("192.0.2.1; 192.0.2.2", [.severalEntries]),
      ("192.0.2.1 ; was 192.0.2.2 ; 192.0.2.3", [.severalEntries]),
      ("192.0.2.1 ; SBL1; 2001", []), ("; 192.0.2.2", []), ("192.0.2.1 # x; 192.0.2.2", []),
      ("192.0.2.1;", []),
    ] as [(String, [AddressList.LineError.Reason])])
  func `entries behind a semicolon`(_ text: String, _ reasons: [AddressList.LineError.Reason]) {
    let list = AddressList(parsing: Array(text.utf8), limits: .init(blocks: 10, errors: 10))
    #expect(list.errors.map(\.reason) == reasons)
  }
}
