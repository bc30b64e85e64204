internal import COpenSSL
internal import NIOCore

/// The BIO under a connection's SSL: reads come from `TLSConnection.received`, writes go to
/// `TLSConnection.output`. It owns nothing; its data pointer is the connection, which outlives it.
enum ConnectionBIO {
  /// Made once per process.
  nonisolated(unsafe) private static let method: OpaquePointer? = {
    let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
    guard let method = BIO_meth_new(type, "connection") else { return nil }
    BIO_meth_set_read(method, readFromConnection)
    BIO_meth_set_write(method, writeToConnection)
    BIO_meth_set_ctrl(method, control)
    return method
  }()

  static func make(for connection: TLSConnection) -> OpaquePointer? {
    guard let method, let bio = BIO_new(method) else { return nil }
    BIO_set_data(bio, Unmanaged.passUnretained(connection).toOpaque())
    BIO_set_init(bio, 1)
    return bio
  }

  static func owner(of bio: OpaquePointer?) -> TLSConnection? {
    guard let data = BIO_get_data(bio) else { return nil }
    return Unmanaged<TLSConnection>.fromOpaque(data).takeUnretainedValue()
  }
}

private func readFromConnection(
  _ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ count: Int32
) -> Int32 {
  ocean_BIO_clear_retry_flags(bio)
  guard let connection = ConnectionBIO.owner(of: bio), let target, count > 0 else { return -1 }
  let moved = connection.moveReceived(to: UnsafeMutableRawBufferPointer(start: target, count: Int(count)))
  if moved == 0 {
    ocean_BIO_set_retry_read(bio)
    return -1
  }
  return Int32(moved)
}

private func writeToConnection(
  _ bio: OpaquePointer?, _ source: UnsafePointer<CChar>?, _ count: Int32
) -> Int32 {
  ocean_BIO_clear_retry_flags(bio)
  guard let connection = ConnectionBIO.owner(of: bio), let source, count > 0 else { return -1 }
  connection.output.writeBytes(UnsafeRawBufferPointer(start: source, count: Int(count)))
  return count
}

private func control(
  _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ pointer: UnsafeMutableRawPointer?
) -> Int {
  // Other commands are for other kinds of BIO; a flush is done by the handler.
  command == BIO_CTRL_FLUSH ? 1 : 0
}
