internal import Synchronization

/// The connections of the whole server that have not logged in yet: what anybody can open without a password.
package final class PendingLogins: Sendable {
  private let pending = Atomic(0)

  package init() {}

  package var count: Int { pending.load(ordering: .relaxed) }

  /// A place among them. It is given back when the value goes: at the login, or with the connection.
  package struct Ticket: ~Copyable, Sendable {
    fileprivate let logins: PendingLogins

    deinit { logins.pending.wrappingSubtract(1, ordering: .relaxed) }
  }

  /// - Returns: nil if there are `limit` already.
  package func admit(limit: Int) -> Ticket? {
    var count = pending.load(ordering: .relaxed)
    while count < limit {
      let (exchanged, found) = pending.weakCompareExchange(
        expected: count, desired: count + 1, ordering: .relaxed)
      if exchanged { return Ticket(logins: self) }
      count = found
    }
    return nil
  }
}
