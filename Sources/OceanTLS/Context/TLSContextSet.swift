/// The contexts of a service by server name. Immutable: a reload makes a new set for new connections, while
/// existing ones keep theirs.
package final class TLSContextSet: Sendable {
  package struct Entry: Sendable {
    /// Host names, each exact or with `*` as its whole left label; in any case, with or without a trailing
    /// dot. Others (addresses, U-labels) can never be asked for and are ignored.
    package let names: [String]
    package let context: TLSContext

    package init(names: [String], context: TLSContext) {
      self.names = names
      self.context = context
    }
  }

  package enum CreationError: Error, Hashable, Sendable {
    case empty
    /// The contexts of a set must agree in profile and ticket keys: libssl settles versions and ciphers
    /// before the name is known, and tickets too.
    case differingProfilesOrTicketKeys
  }

  /// The context for clients that send no name, or an unknown one.
  private let fallback: TLSContext
  private let exact: [String: TLSContext]
  /// Wildcard names, by the part behind `*.`.
  private let wildcards: [String: TLSContext]

  /// - Parameter entries: the first is the default. If two list the same name, the first one has it.
  package init(_ entries: [Entry]) throws(CreationError) {
    guard let first = entries.first?.context else { throw .empty }
    guard entries.allSatisfy({ $0.context.profile == first.profile && $0.context.tickets === first.tickets })
    else { throw .differingProfilesOrTicketKeys }
    var exact: [String: TLSContext] = [:]
    var wildcards: [String: TLSContext] = [:]
    for entry in entries {
      for name in entry.names.compactMap({ ServerName.fold($0.utf8) }) {
        if name.hasPrefix("*.") {
          let suffix = String(name.dropFirst(2))
          wildcards[suffix] = wildcards[suffix] ?? entry.context
        } else {
          exact[name] = exact[name] ?? entry.context
        }
      }
    }
    fallback = first
    self.exact = exact
    self.wildcards = wildcards
  }

  package var profile: TLSProfile { fallback.profile }
  var tickets: TicketKeys { fallback.tickets }
  var initial: TLSContext { fallback }

  /// The context for a server name: one that lists it, else one that lists `*` in place of its left label
  /// (RFC 9525 §6.3), else the first.
  package func select(_ serverName: String) -> TLSContext {
    ServerName.fold(serverName.utf8).map { select(folded: $0) } ?? fallback
  }

  func select(folded name: String) -> TLSContext {
    if let context = exact[name] { return context }
    guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")) else { return fallback }
    return wildcards[String(name[name.utf8.index(after: dot)...])] ?? fallback
  }
}
