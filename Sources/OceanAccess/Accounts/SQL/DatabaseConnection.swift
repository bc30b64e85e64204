internal import OceanBase
internal import OceanPlan

/// A connection to a database, prepared for one query. One thread at a time uses it.
protocol DatabaseConnection: AnyObject {
  /// The first rows for some values, at most two: there should be one.
  ///
  /// - Parameters:
  ///   - values: one for each parameter of the query, in order. They are bound and never become text.
  ///   - deadline: by `SystemClock.boot`, in nanoseconds.
  func rows(_ values: [String], until deadline: Int64) throws(BackendError) -> DatabaseRows

  /// The columns that the query gives, without running it.
  func columns(until deadline: Int64) throws(BackendError) -> [String]
}

/// What a query gave.
struct DatabaseRows: Sendable {
  var columns: [String] = []
  var rows: [[RemoteValue]] = []
}

/// The engines, each with its library.
enum Database {
  /// - Parameters:
  ///   - password: nil if none is needed.
  ///   - deadline: by `SystemClock.boot`, in nanoseconds.
  static func connect(
    _ settings: Plan.SQL, password: SecretBytes?, until deadline: Int64
  ) throws(BackendError) -> any DatabaseConnection {
    guard let url = settings.url else { throw .unreachable("it has no database") }
    switch url.engine {
    case .sqlite: return try SQLiteConnection(path: url.database, settings.query, until: deadline)
    case .postgresql: return try PostgreSQLConnection(url, settings, password: password, until: deadline)
    case .mysql: return try MariaDBConnection(url, settings, password: password, until: deadline)
    }
  }
}
