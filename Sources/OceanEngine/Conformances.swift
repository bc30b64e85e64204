package import OceanPlan
import OceanPOP3
package import OceanStore

/// The store's snapshot is what the protocol sees of a mailbox.
extension Mailbox: Maildrop {}

extension StoreError {
  /// What the client is told.
  var loginFailure: LoginFailure {
    switch self {
    case .inUse: .inUse
    case .badPath, .notADirectory, .permission, .tooLarge, .untrustedLink, .badList: .permanent
    case .vanished, .changed, .closed, .cancelled, .exhausted, .io: .temporary
    }
  }

  /// What the client is told of a message that cannot be read.
  var messageFailure: MessageFailure {
    switch self {
    case .vanished: .vanished
    case .changed: .changed
    case .inUse, .closed, .cancelled, .exhausted, .io: .temporary
    case .badPath, .notADirectory, .permission, .tooLarge, .untrustedLink, .badList: .permanent
    }
  }

  /// What the client is told of messages that cannot be removed.
  var updateFailure: OceanPOP3.UpdateResult { messageFailure == .permanent ? .forbidden : .incomplete }
}

extension MaildirStore {
  /// The one for a plan's mailboxes: whoever opens them shares its locks and indexes.
  package convenience init(_ plan: Plan, noting: @escaping Noting) throws(StoreError) {
    try self.init(
      lockDirectory: plan.server.state, index: .directory(plan.server.state + "/index"), noting: noting)
  }
}

extension UIDLScheme {
  package init(_ source: UIDLSource) throws(DovecotUIDLFormat.Issue) {
    switch source {
    case .ocean: self = .ocean
    case .courier: self = .courier
    case .dovecot(let format): self = .dovecot(try DovecotUIDLFormat(format))
    }
  }
}
