import Glibc

/// Writes all bytes, however often the kernel takes only a part.
///
/// - Returns: nil, or the error that it stopped at.
package func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Int32? {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return errno }
  }
  return nil
}
