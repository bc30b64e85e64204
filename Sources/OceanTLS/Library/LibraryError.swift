internal import COpenSSL

/// The cause of a failure in libssl or libcrypto: the oldest entry of the calling thread's error queue, which
/// is where the failure began.
package struct LibraryError: Error, Hashable, Sendable {
  /// OpenSSL's packed error code; 0 if the library gave no reason.
  package let code: UInt

  /// OpenSSL's reason text, such as `no shared cipher` or `http request`. Never contains peer data.
  package var reason: String {
    ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given"
  }

  /// Takes the error and empties the thread's error queue, so that the next failure is not taken for this
  /// one.
  static func take() -> LibraryError {
    let code = ERR_get_error()
    ERR_clear_error()
    return LibraryError(code: code)
  }
}
