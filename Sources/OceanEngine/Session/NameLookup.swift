import OceanAccess
import OceanAddresses

/// Finds the account that a name stands for, for the server's own records: nobody gave a password.
///
/// Only the files of accounts are asked. What is outside of this process is not: anybody can send a name.
struct NameLookup: Sendable {
  let search: AccountSearch
  let peer: IPAddress
  let files: FilePool
  /// Called with the account's name on a thread of the pool, unless no account is found.
  let found: @Sendable (String) -> Void

  func run() { if let part = part(search) { files.submit(part) } }

  private func part(_ search: AccountSearch) -> FilePart? {
    switch search.step {
    case .ask(let source):
      if source.remote != nil {
        var search = search
        search.answered(SourceAnswer(.nobody))
        return part(search)
      }
      return FilePart(place: .own(source.name), turn: peer.hashValue) { verdict in
        guard verdict == .go else { return nil }
        var search = search
        search.answered(source.lookup(search.question))
        return part(search)
      }
    case .check(let candidate):
      if let account = candidate.account { found(account) }
      return nil
    }
  }
}
