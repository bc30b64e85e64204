import NIOCore
import Testing

@testable import OceanTLS

/// The state of a ClientHello before libssl sees it.
@Suite struct HelloGateTests {
  private func record(_ payload: [UInt8], type: UInt8 = 22) -> [UInt8] {
    [type, 3, 1, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)] + payload
  }

  private func hello(_ length: Int) -> [UInt8] {
    [1, UInt8(length >> 16), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
      + [UInt8](repeating: 7, count: length)
  }

  /// The verdicts on the parts, one after the other, until one is final.
  private func verdict(on bytes: [UInt8], partsOf size: Int) -> (HelloGate.Verdict, consumed: Int) {
    var gate = HelloGate()
    var consumed = 0
    while consumed < bytes.count {
      let part = bytes[consumed..<min(consumed + size, bytes.count)]
      consumed += part.count
      let verdict = gate.look(at: ByteBuffer(bytes: part))
      if verdict != .incomplete { return (verdict, consumed) }
    }
    return (.incomplete, consumed)
  }

  @Test(arguments: [1, 3, 100, 4096, 65536], [1, 2, 400, 5000])
  func `one is complete with its last octet, whatever its records and segments`(_ part: Int, _ length: Int) {
    let message = hello(length)
    let bytes = stride(from: 0, to: message.count, by: part).flatMap {
      record(Array(message[$0..<min($0 + min(part, 16384), message.count)]))
    }
    guard bytes.count < 16384 else { return }
    for size in [1, 7, 4096] {
      #expect(verdict(on: bytes, partsOf: size) == (.complete, bytes.count))
      #expect(verdict(on: bytes.dropLast(), partsOf: size).0 == .incomplete)
    }
  }

  @Test(arguments: [16385, 131_000, 0xff_ffff])
  func `one that announces too much is refused with the octet that says so`(_ length: Int) {
    let header =
      Array(hello(0).prefix(1)) + [UInt8(length >> 16), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
    let bytes = record(header + [0])
    #expect(verdict(on: bytes, partsOf: 1) == (.tooLong, 9))
    let split = header.flatMap { record([$0]) }
    #expect(verdict(on: split, partsOf: 1) == (.tooLong, split.count))
  }

  @Test func `so is what comes in ever more records, and the second message`() {
    let drops = record(Array(hello(16000).prefix(4))) + (0..<16000).flatMap { _ in record([0]) }
    #expect(verdict(on: drops, partsOf: 1000).0 == .tooLong)
    // libssl refuses this one.
    #expect(verdict(on: record([]), partsOf: 1).0 == .complete)
    var gate = HelloGate()
    #expect(gate.look(at: ByteBuffer(bytes: record(hello(300)))) == .complete)
    #expect(gate.look(at: ByteBuffer(bytes: record([1], type: 20))) == .complete)
    #expect(gate.look(at: ByteBuffer(bytes: record(Array(hello(131_000).prefix(100))))) == .tooLong)
  }

  @Test(arguments: [
    "USER anna\r\n", "GET / HTTP/1.1\r\n", "\u{15}\u{3}\u{1}\0\u{2}\u{1}\0", "\u{16}\u{3}\u{1}~~~~~~",
    "\u{16}\u{3}\u{1}\0\0",
  ])
  func `what is none is libssl's`(_ text: String) {
    #expect(verdict(on: Array(text.utf8), partsOf: 1).0 == .complete)
  }
}

private func == (a: (HelloGate.Verdict, consumed: Int), b: (HelloGate.Verdict, Int)) -> Bool {
  a.0 == b.0 && a.consumed == b.1
}
