internal import COpenSSL
internal import NIOCore

// Callbacks of libssl during a handshake. They may not fail for reasons that a peer controls, except by the
// alerts that the protocol has for it.

/// SSL_client_hello_cb_fn: sets the context for the wanted server name.
///
/// This happens here, and not in the servername callback, because libssl looks at session tickets in between:
/// a ticket must be judged by the certificate that the name selects.
func chooseContext(
  _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
  guard let ssl, let connection = TLSConnection.owner(of: ssl) else { return SSL_CLIENT_HELLO_ERROR }
  var start: UnsafePointer<UInt8>?
  var count = 0
  let isPresent = SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_server_name), &start, &count) == 1
  guard isPresent, let name = hostName(in: UnsafeBufferPointer(start: start, count: count)) else {
    return SSL_CLIENT_HELLO_SUCCESS
  }
  connection.serverName = name
  let context = connection.contexts.select(folded: name)
  if SSL_get_SSL_CTX(ssl) != context.ctx, SSL_set_SSL_CTX(ssl, context.ctx) == nil {
    return SSL_CLIENT_HELLO_ERROR
  }
  return SSL_CLIENT_HELLO_SUCCESS
}

/// The host name of a server_name extension (RFC 6066 §3): a list of type, length and name. libssl itself
/// refuses a malformed one later.
private func hostName(in list: UnsafeBufferPointer<UInt8>) -> String? {
  guard list.count > 5, list[2] == UInt8(TLSEXT_NAMETYPE_host_name) else { return nil }
  let length = Int(list[3]) << 8 | Int(list[4])
  guard length <= list.count - 5 else { return nil }
  return ServerName.fold(UnsafeBufferPointer(rebasing: list[5..<5 + length]))
}

/// Makes libssl answer with an empty server_name extension, as RFC 6066 §3 asks of a server that used it.
func acknowledgeServerName(
  _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
  SSL_TLSEXT_ERR_OK
}

/// SSL_CTX_alpn_select_cb_func: selects `pop3`, by its IANA protocol ID.
///
/// A client that offers only others is refused with no_application_protocol, as RFC 7301 §3.2 demands: it is
/// a browser that was lured here with this host's certificate (the ALPACA attack, RFC 9325 §3.7). Most mail
/// clients do not use ALPN, and never come here.
func selectProtocol(
  _ ssl: OpaquePointer?, _ selected: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ selectedCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32,
  _ argument: UnsafeMutableRawPointer?
) -> Int32 {
  var rest = UnsafeBufferPointer(start: offered, count: Int(offeredCount))[...]
  while let length = rest.popFirst() {
    let name = rest.prefix(Int(length))
    if name.elementsEqual([UInt8(ascii: "p"), UInt8(ascii: "o"), UInt8(ascii: "p"), UInt8(ascii: "3")]) {
      // libssl copies it before the client's hello goes away.
      selected?.pointee = UnsafeBufferPointer(rebasing: name).baseAddress
      selectedCount?.pointee = length
      return SSL_TLSEXT_ERR_OK
    }
    rest = rest.dropFirst(Int(length))
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL
}

/// The ticket key callback: returns 1 to go on, 2 to go on and issue a new ticket, 0 for a full handshake, -1
/// to fail.
func sealOrOpenTicket(
  _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ vector: UnsafeMutablePointer<UInt8>?,
  _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ sealing: Int32
) -> Int32 {
  guard let ssl, let name, let vector, let keys = TLSConnection.owner(of: ssl)?.contexts.tickets else {
    return -1
  }
  if sealing != 0 {
    guard let key = keys.newest else { return 0 }
    return key.prepare(cipher: cipher, mac: mac, name: name, vector: vector, sealing: true) ? 1 : -1
  }
  guard let found = keys.find(UnsafeRawBufferPointer(start: name, count: TicketKey.nameLength)) else {
    return 0
  }
  guard found.key.prepare(cipher: cipher, mac: mac, name: name, vector: vector, sealing: false) else {
    return -1
  }
  // TLS 1.3: a ticket seen twice ties two connections to one client, so each is used once and replaced (RFC
  // 8446 §C.4).
  return found.isNewest && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2
}
