internal import OceanBase
internal import OceanPlan

/// Looks whether a socket is one that an account source can ask. Asks about nobody, and blocks for three seconds at most.
package enum SocketProbe {
  private static var deadline: Int64 { SystemClock.boot.now + 3_000_000_000 }

  /// saslauthd does not greet: that it takes a connection is all that can be seen.
  package static func saslauthd(_ path: String) throws(BackendError) {
    _ = try UnixConnection(to: path, of: "saslauthd", until: deadline)
  }

  package static func dovecotAuth(_ path: String) throws(BackendError) {
    _ = try DovecotClient(Plan.Dovecot(auth: path), until: deadline)
  }

  package static func dovecotUsers(_ path: String) throws(BackendError) {
    _ = try DovecotUsers(path, until: deadline)
  }
}
