import NIOCore
import OceanPOP3
import TestSupport
import Testing

@Suite struct MessageEncoderTests {
  struct Example: CustomTestStringConvertible {
    let stored: String
    let sent: String
    var testDescription: String { stored.debugDescription }
  }

  @Test(arguments: [
    Example(stored: "", sent: ".\r\n"),
    Example(stored: "a", sent: "a\r\n.\r\n"),
    Example(stored: "a\n", sent: "a\r\n.\r\n"),
    Example(stored: "a\r\n", sent: "a\r\n.\r\n"),
    Example(stored: "a\r", sent: "a\r\n.\r\n"),
    Example(stored: "\r", sent: "\r\n.\r\n"),
    Example(stored: "a\rb\r\rc\n", sent: "a\rb\r\rc\r\n.\r\n"),
    Example(stored: "a\r\r\n", sent: "a\r\r\n.\r\n"),
    Example(stored: "\n\r\n\n", sent: "\r\n\r\n\r\n.\r\n"),
    Example(stored: ".", sent: "..\r\n.\r\n"),
    Example(stored: ".\n", sent: "..\r\n.\r\n"),
    Example(stored: "a\n.\nb", sent: "a\r\n..\r\nb\r\n.\r\n"),
    Example(stored: "a\r\n.\r\n..\n", sent: "a\r\n..\r\n...\r\n.\r\n"),
    Example(stored: "a\r.\n", sent: "a\r.\r\n.\r\n"),
    Example(stored: "a.b\n", sent: "a.b\r\n.\r\n"),
  ])
  func `traps 1 and 2`(_ example: Example) {
    #expect(encode([Array(example.stored.utf8)[...]]).text == example.sent)
    #expect(encode(example.stored.utf8.map { [$0] }).text == example.sent)
  }

  @Test(arguments: [
    Example(stored: "h\nh\n\n1\n2\n3\n", sent: "h\r\nh\r\n\r\n1\r\n2\r\n.\r\n"),
    Example(stored: "h\r\n\r\n1\r\n2\r\n3", sent: "h\r\n\r\n1\r\n2\r\n.\r\n"),
    Example(stored: "h\n\n.1", sent: "h\r\n\r\n..1\r\n.\r\n"),
    Example(stored: "\n\n\n\n\n", sent: "\r\n\r\n\r\n.\r\n"),
    Example(stored: "h\n\r\r\n\n1\n", sent: "h\r\n\r\r\n\r\n1\r\n.\r\n"),
    Example(stored: "all\nheader\n", sent: "all\r\nheader\r\n.\r\n"),
    Example(stored: "", sent: ".\r\n"),
  ])
  func `trap 3 two body lines`(_ example: Example) {
    #expect(encode([Array(example.stored.utf8)[...]], bodyLines: 2).text == example.sent)
    #expect(encode(example.stored.utf8.map { [$0] }, bodyLines: 2).text == example.sent)
  }

  @Test func `TOP is complete with its last line`() {
    var output = ByteBuffer()
    var encoder = MessageEncoder(bodyLines: 1)
    for (chunk, isComplete) in [("h\n\n", false), ("1", false), ("\n2\n", true), ("3\n", true)] {
      Array(chunk.utf8).withUnsafeBytes { encoder.encode($0, into: &output) }
      #expect(encoder.isComplete == isComplete)
    }
    encoder.finish(into: &output)
    #expect(output == ByteBuffer(string: "h\r\n\r\n1\r\n.\r\n"))
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `agrees with the oracle`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let octets: [UInt8] = [13, 13, 10, 10, 46, 46, 97, 0, 0xFF]
    for _ in 0..<500 {
      let message = octets.mixed(Int.random(in: 0...60, using: &random), using: &random)
      let whole = encode(message.pieces(using: &random))
      #expect(whole.octets == Oracle.encoded(message), "\(message)")
      #expect(whole.announced == Oracle.normalised(message).count, "\(message)")
      let lines = Int.random(in: 0...4, using: &random)
      let top = encode(message.pieces(using: &random), bodyLines: lines)
      #expect(top.octets == Oracle.encoded(message, bodyLines: lines), "\(message), \(lines)")
    }
  }

  /// Long lines, so that runs are copied.
  @Test(arguments: ["\n", "\r\n"]) func `long messages`(lineEnd: String) {
    var random = SeededGenerator(seed: 76)
    let text = (0..<2000).map { line in
      (line % 7 == 0 ? "." : "") + String(repeating: "x", count: Int.random(in: 0...200, using: &random))
        + lineEnd
    }
    let message = Array(text.joined().utf8)
    #expect(encode(message.pieces(using: &random)).octets == Oracle.encoded(message))
  }

  /// The client's message after taking the dots away again (RFC 1939 §3, last paragraph).
  @Test func `what is announced arrives`() {
    let message = Array(".\r\n..\n\r.\n.".utf8)
    var encoder = MessageEncoder()
    var output = ByteBuffer()
    message.withUnsafeBytes { encoder.encode($0, into: &output) }
    encoder.finish(into: &output)
    let lines = String(buffer: output).split(separator: "\r\n", omittingEmptySubsequences: false).dropLast(2)
    let received = lines.map { $0.hasPrefix(".") ? $0.dropFirst() : $0 }.map { $0 + "\r\n" }.joined()
    #expect(Array(received.utf8) == Oracle.normalised(message))
    #expect(UInt64(received.utf8.count) == encoder.octets)
  }

  @Test(arguments: [UInt8(ascii: "\n"), UInt8(ascii: "."), UInt8(ascii: "a")])
  func `output is bounded`(octet: UInt8) {
    let chunk = [UInt8](repeating: octet, count: 65536)
    var encoder = MessageEncoder()
    var output = ByteBuffer()
    chunk.withUnsafeBytes { encoder.encode($0, into: &output) }
    #expect(output.readableBytes <= 2 * chunk.count)
    #expect(output.capacity <= 2 * chunk.count)
  }

  private struct Result {
    let octets: [UInt8]
    let announced: UInt64
    var text: String { String(decoding: octets, as: UTF8.self) }
  }

  private func encode(_ chunks: [ArraySlice<UInt8>], bodyLines: Int? = nil) -> Result {
    var encoder = MessageEncoder(bodyLines: bodyLines)
    var output = ByteBuffer()
    for chunk in chunks {
      chunk.withUnsafeBytes { encoder.encode($0, into: &output) }
    }
    encoder.finish(into: &output)
    return Result(octets: Array(output.readableBytesView), announced: encoder.octets)
  }
}
