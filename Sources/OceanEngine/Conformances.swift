package import NIOCore
import OceanPOP3
package import OceanStore

/// The store's snapshot is what the protocol sees of a mailbox.
extension Mailbox: Maildrop {
  package func writeUIDL(of index: Int, into output: inout ByteBuffer) {
    withUIDL(of: index) { _ = output.writeBytes($0) }
  }
}

extension StoreError {
  /// What the client is told.
  var loginFailure: LoginFailure {
    switch self {
    case .inUse: .inUse
    case .badPath, .notADirectory, .permission, .tooLarge: .permanent
    case .vanished, .changed, .closed, .exhausted, .io: .temporary
    }
  }

  var isVanished: Bool {
    switch self {
    case .vanished, .changed: true
    default: false
    }
  }
}
