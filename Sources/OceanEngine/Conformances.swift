package import OceanPlan
import OceanPOP3
package import OceanStore

/// A mailbox of the store is the maildrop that the protocol sees.
extension Mailbox: Maildrop {}

extension StoreError {
  /// The failure that the client is told.
  var loginFailure: LoginFailure {
    switch self {
    case .inUse: .inUse
    case .badPath, .notADirectory, .permission, .tooLarge, .untrustedLink, .badList, .outsideLocks: .permanent
    case .vanished, .changed, .closed, .cancelled, .exhausted, .io, .badLocks, .locksLost: .temporary
    }
  }

  /// The failure that the client is told when a message cannot be read.
  var messageFailure: MessageFailure {
    switch self {
    case .vanished: .vanished
    case .changed: .changed
    case .inUse, .closed, .cancelled, .exhausted, .io, .badLocks, .locksLost: .temporary
    case .badPath, .notADirectory, .permission, .tooLarge, .untrustedLink, .badList, .outsideLocks: .permanent
    }
  }

  /// The result that the client is told when messages cannot be removed.
  var updateFailure: OceanPOP3.UpdateResult { messageFailure == .permanent ? .forbidden : .incomplete }
}

extension MaildirStore {
  /// The store of a plan's mailboxes. Everything that opens them through it shares its locks and indexes.
  package convenience init(
    _ plan: Plan, visiting: @escaping Visiting = { _ in }, noting: @escaping Noting
  ) throws(StoreError) {
    try self.init(
      lockDirectory: plan.server.state, index: .directory(plan.server.state + "/index"), visiting: visiting,
      noting: noting)
  }
}

extension LockPlace {
  package init(_ mail: Plan.Mail) { self = mail.lockBase.map { .shared(base: $0) } ?? .local }
}

extension UIDLScheme {
  package init(_ source: UIDLSource) {
    switch source {
    case .ocean: self = .ocean
    case .courier: self = .courier
    case .dovecot(let format): self = .dovecot(format)
    }
  }
}
