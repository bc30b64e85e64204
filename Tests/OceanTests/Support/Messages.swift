/// A message that is hard to get right, and what a client must receive of it: line ends as CRLF, the last one
/// included.
struct SampleMessage {
  let name: String
  let stored: [UInt8]
  let received: [UInt8]

  private init(_ name: String, _ stored: String, _ received: String) {
    self.init(name, Array(stored.utf8), Array(received.utf8))
  }

  private init(_ name: String, _ stored: [UInt8], _ received: [UInt8]) {
    (self.name, self.stored, self.received) = (name, stored, received)
  }

  private static let header = "From: Berta <berta@example.org>\nTo: anna@example.org\nSubject: hello\n\n"
  private static let headerSent = header.replacing("\n", with: "\r\n")

  /// Sorted by their names, which is also the order of their numbers.
  static let all: [SampleMessage] = [
    SampleMessage("1700000001.M1P1.host", header + "Hello\n\nBerta\n", headerSent + "Hello\r\n\r\nBerta\r\n"),
    SampleMessage(
      "1700000002.M1P1.host", ".first\n" + header + ".\n..\n.x\n...\n.\r\n",
      ".first\r\n" + headerSent + ".\r\n..\r\n.x\r\n...\r\n.\r\n"),
    SampleMessage(
      "1700000003.M1P1.host", headerSent + "stored with CRLF\r\n", headerSent + "stored with CRLF\r\n"),
    SampleMessage("1700000004.M1P1.host", header + "no end", headerSent + "no end\r\n"),
    SampleMessage(
      "1700000005.M1P1.host", header + "mixed\r\nbare\n\rCR\rs\n", headerSent + "mixed\r\nbare\r\n\rCR\rs\r\n"
    ),
    SampleMessage(
      "1700000006.M1P1.host", Array(header.utf8) + [0xff, 0x80, 0xfe, 0x0a],
      Array(headerSent.utf8) + [0xff, 0x80, 0xfe, 13, 10]),
    SampleMessage("1700000007.M1P1.host", "", ""),
    SampleMessage("1700000008.M1P1.host", big, bigSent),
  ]

  /// 5 MiB, with dots at the starts of lines wherever a buffer may end.
  private static let big =
    header + String(repeating: ".dots and 54 more octets to make lines of a usual length.\n", count: 93_000)
  private static let bigSent = big.replacing("\n", with: "\r\n")
}

extension String {
  fileprivate func replacing(_ old: Character, with new: String) -> String {
    split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }
}

extension Workspace {
  func deliverSamples() throws {
    for sample in SampleMessage.all { try deliver(sample.stored, as: sample.name) }
  }
}
