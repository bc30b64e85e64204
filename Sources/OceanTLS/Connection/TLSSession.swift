package import OceanBase

/// The result of a completed handshake.
package struct TLSSession: Hashable, Sendable {
  package let version: TLSVersion
  /// OpenSSL's name of the cipher suite, such as `TLS_AES_128_GCM_SHA256`.
  package let cipher: String
  /// The name that the client asked for (RFC 6066 §3), folded; nil if it sent none that is a host name.
  package let serverName: String?
  /// Whether it was resumed by a ticket, without certificate and signature.
  package let isResumed: Bool
  /// Whether the client offered `pop3` (RFC 7301).
  package let hasALPN: Bool
}

/// User inbound events of `TLSServerHandler`, each fired at most once per connection.
package enum TLSEvent: Hashable, Sendable {
  case handshakeCompleted(TLSSession)
  /// The peer sends no more. Clean means that it said so with close_notify. Otherwise its data may have been
  /// cut off by anyone on the path (RFC 8446 §6.1), though most often a client just hung up.
  case inputClosed(clean: Bool)
}

/// A session's request to `TLSServerHandler`, as a user outbound event.
package enum TLSRequest: Hashable, Sendable {
  /// Nothing will be written any more: close_notify leaves with the next flush.
  case endOutput
}

/// Why a connection ended, fired as an error, at most once per connection.
package enum TLSError: Error, Hashable, Sendable {
  /// There is no memory for the connection's state.
  case outOfMemory
  case handshakeFailed(LibraryError)
  case handshakeTimedOut
  /// The client announced, or sent, more than a ClientHello has.
  case helloTooLong
  /// The peer hung up in the middle of the handshake.
  case handshakeAborted
  /// A malformed record, a wrong MAC, or an alert.
  case protocolFailed(LibraryError)
  /// A write before the handshake was complete, or after the end.
  case notWritable
}
