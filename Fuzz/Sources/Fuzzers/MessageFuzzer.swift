import NIOCore
import OceanPOP3
import TestSupport

/// A message on its way to the client, compared with a slow and obvious encoder, however it is cut.
///
/// The first octet says how many lines TOP asks for (255: RETR), the second where the message is cut; the
/// rest is the message.
@_cdecl("fuzz_message")
func fuzzMessage(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  guard bytes.count >= 2 else { return 0 }
  let lines: Int? =
    switch bytes[0] {
    case 255: nil
    case 254: .max
    case let few: Int(few)
    }
  let message = Array(bytes[2...])
  var random = SeededGenerator(seed: UInt64(bytes[1]))

  let expected = Oracle.encoded(message, bodyLines: lines.map { min($0, message.count) })
  precondition(encode([message[...]], lines) == expected)
  precondition(encode(message.pieces(using: &random), lines) == expected)
  precondition(encode(message.indices.map { message[$0...$0] }, lines) == expected)

  precondition(received(Oracle.encoded(message)) == Oracle.normalised(message))
  return 0
}

private func encode(_ pieces: [ArraySlice<UInt8>], _ lines: Int?) -> [UInt8] {
  var encoder = MessageEncoder(bodyLines: lines)
  var output = ByteBuffer()
  for piece in pieces {
    let before = output.readableBytes
    piece.withUnsafeBytes { encoder.encode($0, into: &output) }
    precondition(output.readableBytes - before <= 2 * piece.count)
  }
  let isCut = encoder.isComplete
  encoder.finish(into: &output)
  let encoded = Array(output.readableBytesView)
  precondition(encoder.octets == received(encoded).count)
  precondition(!isCut || lines != nil)
  return encoded
}

/// The message that a client makes of a reply (RFC 1939 §3): up to the first line that is only a dot, with
/// one dot removed from lines that begin with more.
private func received(_ reply: [UInt8]) -> [UInt8] {
  var message: [UInt8] = []
  var start = 0
  while let end = reply[start...].firstIndex(of: 10) {
    precondition(end > start && reply[end - 1] == 13, "a bare line feed")
    let line = reply[start...end]
    start = end + 1
    if line.count == 3, line.first == 46 {
      precondition(start == reply.count, "a terminator inside the message")
      return message
    }
    message += line.first == 46 ? line.dropFirst() : line
  }
  preconditionFailure("no terminator")
}
