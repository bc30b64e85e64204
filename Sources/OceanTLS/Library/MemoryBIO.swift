internal import COpenSSL

/// libcrypto reads and writes its formats through BIOs; these two functions put one around bytes in memory.
enum MemoryBIO {
  /// The most bytes that are ever handed to a parser of libcrypto.
  static let limit = 1 << 20

  /// Runs `body` with a read-only BIO over `bytes`, without copying them.
  static func reading<Result>(_ bytes: UnsafeRawBufferPointer, _ body: (OpaquePointer) -> Result?) -> Result?
  {
    guard bytes.count <= limit, let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else {
      return nil
    }
    defer { BIO_free(bio) }
    ERR_clear_error()
    return body(bio)
  }

  /// Returns what `body` writes into the BIO it is given; nil if it returns anything but 1. The BIO's own
  /// memory is zeroed when it is freed, so secrets may pass through.
  static func writing<Result>(
    _ body: (OpaquePointer) -> Int32, take: (UnsafeRawBufferPointer) -> Result
  ) -> Result? {
    guard let bio = BIO_new(BIO_s_secmem()) else { return nil }
    defer { BIO_free(bio) }
    ERR_clear_error()
    guard body(bio) == 1 else { return nil }
    var start: UnsafeMutablePointer<CChar>?
    let count = ocean_BIO_get_mem_data(bio, &start)
    return take(UnsafeRawBufferPointer(start: start, count: max(count, 0)))
  }
}
