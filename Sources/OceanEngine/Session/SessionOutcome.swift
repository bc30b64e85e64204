import OceanPOP3
import OceanTLS

extension TLSError {
  /// The outcome as the access log writes it.
  var outcome: String {
    switch self {
    case .outOfMemory: "tls_failed: out of memory"
    case .handshakeFailed(let error), .protocolFailed(let error): "tls_failed: \(error.reason)"
    case .handshakeTimedOut: "tls_failed: timeout"
    case .helloTooLong: "tls_failed: ClientHello is too long"
    case .handshakeAborted: "tls_failed: aborted"
    case .notWritable: "tls_failed: closed"
    }
  }
}

extension CloseReason {
  /// The outcome as the access log writes it.
  var outcome: String {
    switch self {
    case .quit: "quit"
    case .updateIncomplete: "update_incomplete"
    case .loginAttempts: "too_many_login_attempts"
    case .badCommands: "too_many_bad_commands"
    case .messageTruncated: "message_truncated"
    case .interrupted(.idleTimeout): "idle_timeout"
    case .interrupted(.loginTimeout): "login_timeout"
    case .interrupted(.shutdown): "shutdown"
    case .interrupted(.kick): "kicked"
    case .interrupted(.gaveWay): "gave_way"
    }
  }
}
