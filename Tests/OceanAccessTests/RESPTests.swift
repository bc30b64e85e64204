import OceanAccess
import Testing

@Suite struct RESPTests {
  private func read(_ text: String) throws -> RESPValue? {
    try Array(text.utf8).withUnsafeBytes { try RESPValue.read($0) }?.value
  }

  @Test func `values are read, however they are cut`() throws {
    let text = "*5\r\n$2\r\nok\r\n:-7\r\n*2\r\n+a\r\n$-1\r\n-ERR no\r\n*0\r\n"
    let value = RESPValue.list([
      .text(Array("ok".utf8)), .number(-7), .list([.text(Array("a".utf8)), .null]), .error("ERR no"),
      .list([]),
    ])
    #expect(try read(text) == value)
    for length in 0..<text.utf8.count {
      #expect(try read(String(decoding: text.utf8.prefix(length), as: UTF8.self)) == nil, "\(length)")
    }
    // What stands behind it belongs to the next.
    let octets = Array((text + "+next").utf8)
    #expect(try octets.withUnsafeBytes { try RESPValue.read($0) }?.length == text.utf8.count)
  }

  @Test(arguments: [
    ("HTTP/1.1 400", RESPValue.Malformed.unknownType), ("\r\n", .badEnd), ("+a\rb", .badEnd),
    (":x\r\n", .badNumber),
    ("$70000\r\n", .tooLong), ("$1\r\nab\r\n", .badEnd), ("*99999999\r\n", .tooLong),
    ("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", .tooDeep), ("$99999999999999999999\r\n", .badNumber),
  ])
  func `what is not an answer is refused as soon as it shows`(text: String, flaw: RESPValue.Malformed) {
    #expect(throws: flaw) { try read(text) }
  }

  @Test func `a line and a whole answer have bounds`() {
    #expect(throws: RESPValue.Malformed.tooLong) { try read("+" + String(repeating: "a", count: 1 << 17)) }
    let element = "$60000\r\n" + String(repeating: "a", count: 60_000) + "\r\n"
    #expect(throws: RESPValue.Malformed.tooLong) {
      try read("*100\r\n" + String(repeating: element, count: 80))
    }
  }

  @Test func `a command is a list of texts`() {
    #expect(String(decoding: RESPValue.command([[65], []]), as: UTF8.self) == "*2\r\n$1\r\nA\r\n$0\r\n\r\n")
  }
}
