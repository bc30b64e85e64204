import NIOCore
import OceanPOP3

/// A mailbox in memory.
final class FixtureDrop: Maildrop {
  let messages: [[UInt8]]
  let totalOctets: UInt64
  private let octets: [UInt64]

  init(_ messages: [String]) {
    self.messages = messages.map { Array($0.utf8) }
    octets = self.messages.map { UInt64(Oracle.normalised($0).count) }
    totalOctets = octets.reduce(0, +)
  }

  /// 23, 30 and 30 octets on the wire.
  static let three = FixtureDrop([
    "Subject: one\n\nHello\n",
    ".leading dot\r\n\n.\nlast line",
    "Subject: three\n\nl1\nl2\nl3\n",
  ])

  var count: Int { messages.count }

  func octets(of index: Int) -> UInt64 { octets[index] }

  func copyUIDL(of index: Int, to output: UnsafeMutableRawBufferPointer) -> Int {
    let id = "uid-\(index)"
    output.copyBytes(from: id.utf8)
    return id.utf8.count
  }
}

/// A mailbox too large to list in one go.
final class VastDrop: Maildrop {
  let count: Int

  init(count: Int) { self.count = count }

  var totalOctets: UInt64 { UInt64(count) * 1000 }

  func octets(of index: Int) -> UInt64 { 1000 }

  /// Writes a unique id of the greatest length.
  func copyUIDL(of index: Int, to output: UnsafeMutableRawBufferPointer) -> Int {
    output.copyBytes(from: repeatElement(UInt8(ascii: "u"), count: 70))
    return 70
  }
}
