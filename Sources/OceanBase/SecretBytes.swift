internal import Glibc

/// Bytes that nothing prints and that are overwritten when the last reference to them goes: passwords, stored
/// hashes, a whole password file, private keys, ticket keys.
///
/// Copies of the value share its memory, and a slice shares the memory of the whole. So a secret that one
/// part of the program hands to another stays in one place. Interpolation, `dump` and `Mirror` show
/// `<secret>`.
///
/// The functions can be inlined, because another module parses password files with them.
package struct SecretBytes: Sendable {
  @usableFromInline let storage: Storage
  @usableFromInline let range: Range<Int>

  @inlinable package var count: Int { range.count }
  @inlinable package var isEmpty: Bool { range.isEmpty }

  @inlinable package init(copying bytes: some Collection<UInt8>) {
    self.init(capacity: bytes.count) { memory in
      UnsafeMutableRawBufferPointer(rebasing: memory[..<bytes.count]).copyBytes(from: bytes)
      return bytes.count
    }
  }

  /// Makes memory for `capacity` bytes; `fill` returns how many it wrote.
  @inlinable package init<Failure: Error>(
    capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    let storage = Storage(capacity: capacity)
    let written = try fill(storage.memory)
    self.init(storage: storage, range: 0..<min(max(written, 0), storage.memory.count))
  }

  /// The parts, one after the other, in memory of their own.
  package init(joining parts: [SecretBytes]) {
    self.init(capacity: parts.reduce(0) { $0 + $1.count }) { memory in
      var end = 0
      for part in parts {
        part.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: $0) }
        end += part.count
      }
      return end
    }
  }

  package func hasPrefix(_ prefix: some StringProtocol) -> Bool {
    withUnsafeBytes { $0.starts(with: prefix.utf8) }
  }

  @inlinable init(storage: Storage, range: Range<Int>) {
    self.storage = storage
    self.range = range
  }

  @inlinable package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(rebasing: storage.memory[range]))
  }

  /// The part at `bounds`, counted from this value's first byte and clamped to it.
  @inlinable package subscript(bounds: Range<Int>) -> SecretBytes {
    let clamped = bounds.clamped(to: 0..<count)
    return SecretBytes(
      storage: storage,
      range: range.lowerBound + clamped.lowerBound..<range.lowerBound + clamped.upperBound)
  }

  /// The memory itself. Written only before the value that owns it exists, hence shared without a lock.
  @usableFromInline final class Storage: @unchecked Sendable {
    @usableFromInline let memory: UnsafeMutableRawBufferPointer

    @usableFromInline init(capacity: Int) {
      memory = .allocate(byteCount: max(capacity, 1), alignment: 16)
    }

    deinit {
      if let start = memory.baseAddress { explicit_bzero(start, memory.count) }
      memory.deallocate()
    }
  }
}

extension SecretBytes: Equatable {
  /// Compares in a time that depends on the lengths alone.
  package static func == (a: SecretBytes, b: SecretBytes) -> Bool {
    guard a.count == b.count else { return false }
    return a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        var difference: UInt8 = 0
        for (first, second) in zip(a, b) { difference |= first ^ second }
        return difference == 0
      }
    }
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<secret>" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
