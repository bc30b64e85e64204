internal import COpenSSL

/// Bytes that nothing prints and that are overwritten when the last reference to them goes: passwords, stored
/// hashes, a whole password file.
///
/// A slice shares its memory with the whole. Interpolation, `dump` and `Mirror` show `<redacted>`.
package struct SecretBytes: Sendable {
  private let storage: Storage
  private let range: Range<Int>

  package var count: Int { range.count }
  package var isEmpty: Bool { range.isEmpty }

  package init(copying bytes: some Collection<UInt8>) {
    self.init(capacity: bytes.count) { buffer in
      UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes.count]).copyBytes(from: bytes)
      return bytes.count
    }
  }

  /// Makes memory for `capacity` bytes; `fill` returns how many it wrote.
  package init<Failure: Error>(
    capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    let storage = Storage(capacity: capacity)
    let written = try fill(storage.buffer)
    self.storage = storage
    range = 0..<min(max(written, 0), capacity)
  }

  private init(storage: Storage, range: Range<Int>) {
    self.storage = storage
    self.range = range
  }

  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(rebasing: storage.buffer[range]))
  }

  /// The part at `bounds`, counted from this value's first byte and clamped to it.
  package subscript(bounds: Range<Int>) -> SecretBytes {
    let clamped = bounds.clamped(to: 0..<count)
    return SecretBytes(
      storage: storage,
      range: range.lowerBound + clamped.lowerBound..<range.lowerBound + clamped.upperBound)
  }

  /// The memory itself. It is written only before the value that owns it exists, hence shared without a lock.
  private final class Storage: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer

    init(capacity: Int) {
      buffer = .allocate(byteCount: max(capacity, 1), alignment: 1)
    }

    deinit {
      OPENSSL_cleanse(buffer.baseAddress, buffer.count)
      buffer.deallocate()
    }
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
