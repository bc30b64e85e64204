internal import COpenSSL
internal import Glibc

/// Bytes that nothing prints and that are overwritten before their memory is returned: a private key's PEM
/// text, a passphrase, a ticket key.
///
/// Immutable after its creation, hence Sendable.
package final class SecretBytes: @unchecked Sendable {
  private let memory: UnsafeMutableRawBufferPointer
  private let used: Int

  package var count: Int { used }

  /// Makes memory of `capacity` bytes, filled by `fill`, which returns how many of them count.
  package init<Failure: Error>(
    capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    memory = .allocate(byteCount: max(capacity, 1), alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    do {
      used = min(max(try fill(memory), 0), memory.count)
    } catch {
      OPENSSL_cleanse(memory.baseAddress, memory.count)
      memory.deallocate()
      throw error
    }
  }

  package convenience init(copying bytes: some Sequence<UInt8>) {
    let copy = Array(bytes)
    self.init(capacity: copy.count) { memory in
      memory.copyBytes(from: copy)
      return copy.count
    }
  }

  deinit {
    OPENSSL_cleanse(memory.baseAddress, memory.count)
    memory.deallocate()
  }

  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try body(UnsafeRawBufferPointer(rebasing: memory[..<used]))
  }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
  package var description: String { "<secret>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
