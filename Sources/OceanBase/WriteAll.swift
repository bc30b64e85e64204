import Glibc

/// The place where writing stopped, and why.
package struct WriteError: Error, Hashable {
  /// The number of bytes that were written before.
  package let written: Int
  /// The `errno`; ENOSPC if the kernel took nothing and gave no reason.
  package let code: Int32
}

/// write(2), or its substitute in a test: returns its result and sets errno.
package typealias WriteFunction = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

/// Calls write(2), which may take only a part.
@Sendable package func writeSome(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}

/// Writes all bytes, however often the kernel takes only a part or is interrupted.
package func writeAll(
  _ bytes: UnsafeRawBufferPointer, to descriptor: Int32,
  with write: WriteFunction = writeSome
) throws(WriteError) {
  var rest = bytes
  while !rest.isEmpty {
    let count = write(descriptor, rest)
    let code = errno
    if count > 0 {
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    } else if count == 0 || code != EINTR {
      throw WriteError(written: bytes.count - rest.count, code: count == 0 ? ENOSPC : code)
    }
  }
}

/// Writes all bytes, however often the kernel takes only a part or is interrupted.
package func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: Int32) throws(WriteError) {
  let bytes = Array(bytes)
  try bytes.withUnsafeBufferPointer { (bytes) throws(WriteError) in
    try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor)
  }
}

/// The system's text for an error number.
package func errorText(_ code: Int32) -> String {
  strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
