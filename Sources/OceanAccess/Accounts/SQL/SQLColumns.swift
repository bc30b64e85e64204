/// What the columns of a query are worth.
package struct SQLColumns: Sendable {
  package let names: [String]
  /// What the query must give and does not.
  package let missing: [String]
  /// Columns without meaning.
  package let unknown: [String]
  /// Columns that refuse every account which has a value there.
  package let refusing: [String]
  /// Names that occur more than once.
  package let repeated: [String]

  init(_ names: [String]) {
    self.names = names
    let names = names.map { $0.lowercased() }
    missing = names.contains("password") ? [] : ["password"]
    let roles = names.map { ($0, RemoteAccount.Role($0)) }
    unknown = roles.filter { $0.1 == .unknown }.map(\.0)
    refusing = roles.filter { $0.1 == .refusing }.map(\.0)
    var seen: Set<String> = []
    repeated = names.filter { !seen.insert($0).inserted }
  }
}
