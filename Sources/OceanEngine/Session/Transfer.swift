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

    /// Reads a piece, from the disk if need be; not for event loops.
    init(of file: MessageFile, at offset: UInt64) throws {
      var buffer = Self.buffer(for: file, at: offset)
      if offset < file.size {
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) {
          try file.read(into: $0, at: offset)
        }
      }
      self.init(bytes: buffer, of: file, at: offset)
    }

    /// Reads a piece from the page cache; nil unless it is there. Never blocks.
    init?(cached file: MessageFile, at offset: UInt64) {
      var buffer = Self.buffer(for: file, at: offset)
      if offset < file.size {
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) {
          file.readIfCached(into: $0, at: offset) ?? 0
        }
        guard count > 0 else { return nil }
      }
      self.init(bytes: buffer, of: file, at: offset)
    }

    private init(bytes: ByteBuffer, of file: MessageFile, at offset: UInt64) {
      isLast = bytes.readableBytes == 0 || offset &+ UInt64(bytes.readableBytes) >= file.size
      self.bytes = bytes
    }

    private static func buffer(for file: MessageFile, at offset: UInt64) -> ByteBuffer {
      let rest = offset < file.size ? file.size - offset : 0
      return ByteBufferAllocator().buffer(capacity: Int(min(rest, UInt64(size))))
    }

    /// Opens a message and reads its first piece, which is the whole of most messages.
    static func first(
      of message: Int, in mailbox: Mailbox, _ cancellation: Cancellation
    ) throws -> (MessageFile, Chunk) {
      let file = try mailbox.openMessage(message, cancellation: cancellation)
      return (file, try Chunk(of: file, at: 0))
    }
  }

  /// Its number, from 0.
  let message: Int
  let file: MessageFile
  private var encoder: MessageEncoder
  /// Whether a piece is on its way from the disk.
  var isReading = false
  /// Whether all of the message is wanted (RETR), not some lines (TOP).
  let isWhole: Bool
  /// Octets of the file sent so far.
  private(set) var offset: UInt64 = 0

  init(message: Int, file: MessageFile, lines: Int?) {
    (self.message, self.file) = (message, file)
    encoder = MessageEncoder(bodyLines: lines)
    isWhole = lines == nil
  }

  /// Octets sent so far, as LIST counts them.
  var octets: UInt64 { encoder.octets }

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
