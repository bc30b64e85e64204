package import OceanBase
package import OceanPlan

/// Asks a database what a query would give, and never for a row.
package enum DatabaseProbe {
  package struct Columns: Sendable {
    package let names: [String]
    /// What the query must give and does not.
    package let missing: [String]
    /// Columns without meaning.
    package let unknown: [String]
    /// Columns that refuse every account which has a value there.
    package let refusing: [String]
    /// Names that occur more than once.
    package let repeated: [String]
  }

  /// Blocks, about as long as a login may wait.
  package static func columns(
    _ settings: Plan.SQL, password: SecretBytes?
  ) throws(BackendError) -> Columns {
    let deadline = SystemClock.boot.now + Int64(settings.timeoutSeconds) * 1_000_000_000
    let connection = try Database.connect(settings, password: password, until: deadline)
    let names = try connection.columns(until: deadline)
    let shape = SQLAccount.Columns(names)
    return Columns(
      names: names, missing: shape.missing, unknown: shape.unknown, refusing: shape.refusing,
      repeated: shape.repeated)
  }
}
