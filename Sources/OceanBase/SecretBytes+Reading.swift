import Glibc

/// Why a file could not be read.
package struct ReadError: Error, Hashable {
  /// The `errno`.
  package let code: Int32
}

extension SecretBytes {
  /// Reads what is left of a file, but no more than `capacity` bytes, straight into memory that is overwritten
  /// before it is given back: no buffer keeps a copy.
  package init(reading descriptor: Int32, capacity: Int) throws(ReadError) {
    try self.init(capacity: capacity) { memory throws(ReadError) in
      var count = 0
      while count < capacity {
        let more = Glibc.read(descriptor, memory.baseAddress.map { $0 + count }, capacity - count)
        let code = errno
        if more < 0, code == EINTR { continue }
        guard more >= 0 else { throw ReadError(code: code) }
        if more == 0 { break }
        count += more
      }
      return count
    }
  }
}
