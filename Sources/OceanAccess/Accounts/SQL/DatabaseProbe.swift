package import OceanBase
package import OceanPlan

/// Asks a database what a query would give, and never for a row.
package enum DatabaseProbe {
  /// Blocks, about as long as a login may wait.
  package static func columns(
    _ settings: Plan.SQL, password: SecretBytes?
  ) throws(BackendError) -> SQLColumns {
    let deadline = SystemClock.boot.now + Int64(settings.timeoutSeconds) * 1_000_000_000
    let connection = try Database.connect(settings, password: password, until: deadline)
    return SQLColumns(try connection.columns(until: deadline))
  }
}
