import Glibc

/// Where writing stopped.
package struct WriteError: Error, Hashable {
  /// Bytes that were taken before.
  package let written: Int
  /// The `errno`; ENOSPC where the kernel took nothing and gave no reason.
  package let code: Int32
}

/// write(2), or what takes its place in a test: its result, and errno.
package typealias WriteFunction = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

/// write(2) itself: it may take a part.
@Sendable package func writeSome(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}

/// Writes all of it, however often the kernel takes a part or is interrupted.
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

/// Writes all of it, however often the kernel takes a part or is interrupted.
package func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: Int32) throws(WriteError) {
  let bytes = Array(bytes)
  try bytes.withUnsafeBytes { (bytes) throws(WriteError) in try writeAll(bytes, to: descriptor) }
}

/// What the system says of an error number.
package func errorText(_ code: Int32) -> String {
  strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
