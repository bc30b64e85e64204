import Glibc
package import NIOCore

/// Overwrites octets that a client sent before its login. They may be a password whatever the command.
///
/// Setters of a buffer first copy octets that somebody else holds too, here the network's pool of receive
/// buffers: they would overwrite the copy. These methods write where the octets lie. So nobody else may need
/// the octets: they came from the network for this session alone.
extension ByteBuffer {
  /// Overwrites the octets at `indices`.
  package func wipe(_ indices: Range<Int>) {
    withVeryUnsafeBytes { memory in
      let part = UnsafeRawBufferPointer(rebasing: memory[indices.clamped(to: 0..<memory.count)])
      guard let start = part.baseAddress, !part.isEmpty else { return }
      explicit_bzero(UnsafeMutableRawPointer(mutating: start), part.count)
    }
  }

  /// Overwrites and consumes everything.
  package mutating func wipe() {
    wipe(readerIndex..<writerIndex)
    moveReaderIndex(to: writerIndex)
  }

  /// Takes over the octets of a buffer that nobody reads any more, and leaves them nowhere else: growing in
  /// place would leave a copy behind.
  package mutating func append(wiping other: ByteBuffer) {
    guard readableBytes > 0 else {
      self = other
      return
    }
    var whole = ByteBufferAllocator().buffer(capacity: readableBytes + other.readableBytes)
    for part in [self, other] {
      whole.writeImmutableBuffer(part)
      part.wipe(part.readerIndex..<part.writerIndex)
    }
    self = whole
  }
}
