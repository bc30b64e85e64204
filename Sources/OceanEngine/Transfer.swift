import NIOCore
import OceanPOP3
import OceanStore

/// A message on its way to a client, read and sent a piece at a time: the client's pace bounds the memory.
struct Transfer {
  /// A piece of a stored message.
  struct Chunk: Sendable {
    static let size = 64 * 1024

    let bytes: ByteBuffer
    /// Whether nothing follows.
    let isLast: Bool

    init(of file: MessageFile, at offset: UInt64) throws {
      let rest = file.size > offset ? file.size - offset : 0
      var buffer = ByteBufferAllocator().buffer(capacity: Int(min(rest, UInt64(Self.size))))
      if rest > 0 {
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) {
          try file.read(into: $0, at: offset)
        }
      }
      isLast = buffer.readableBytes == 0 || UInt64(buffer.readableBytes) >= rest
      bytes = buffer
    }

    /// Opens a message and reads its first piece, which is all of most messages.
    static func first(of message: Int, in mailbox: Mailbox) throws -> (MessageFile, Chunk) {
      let file = try mailbox.openMessage(message)
      return (file, try Chunk(of: file, at: 0))
    }
  }

  private let file: MessageFile
  private var encoder: MessageEncoder
  /// Whether a piece is on its way from the disk.
  private(set) var isReading = false
  /// Whether all of the message is wanted (RETR), not some lines (TOP).
  let isWhole: Bool
  /// Octets of the file sent so far.
  private(set) var offset: UInt64 = 0

  init(file: MessageFile, lines: Int?) {
    self.file = file
    encoder = MessageEncoder(bodyLines: lines)
    isWhole = lines == nil
  }

  /// Octets sent so far, as LIST counts them.
  var octets: UInt64 { encoder.octets }

  /// The file, whose next piece the caller now reads.
  mutating func beginReading() -> MessageFile {
    isReading = true
    return file
  }

  /// - Returns: whether the message is complete, its terminator included.
  mutating func encode(_ chunk: Chunk, into output: inout ByteBuffer) -> Bool {
    isReading = false
    offset &+= UInt64(chunk.bytes.readableBytes)
    chunk.bytes.withUnsafeReadableBytes { encoder.encode($0, into: &output) }
    guard chunk.isLast || encoder.isComplete else { return false }
    encoder.finish(into: &output)
    return true
  }
}
