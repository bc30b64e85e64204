import Glibc

extension UnsafeRawBufferPointer {
  /// The first position of an octet from `start` on; nil if there is none, or `start` is behind the end (memchr(3)).
  package func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    guard start < count, let base = baseAddress,
      let found = memchr(base + start, CInt(byte), count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
