internal import Glibc
internal import OceanBase
internal import OceanPlan

/// A connection to a file of SQLite, which is only read.
final class SQLiteConnection: DatabaseConnection {
  private let library: SQLite
  private var database: OpaquePointer?
  private var statement: OpaquePointer?
  /// What the progress handler looks at: the deadline of the query that runs.
  private let deadline = UnsafeMutablePointer<Int64>.allocate(capacity: 1)

  init(path: String, _ query: SQLQuery, until deadline: Int64) throws(BackendError) {
    library = try SQLite.functions.get()
    self.deadline.initialize(to: deadline)
    // Each connection is one thread's: SQLite needs no locks of its own.
    let flags = SQLite.openReadOnly | SQLite.openNoMutex
    let opened = library.open(path, &database, flags, nil)
    guard opened == SQLite.ok, let database else { throw .unreachable(message(opened)) }
    _ = library.busyTimeout(database, CInt(clamping: max(1, (deadline - SystemClock.boot.now) / 1_000_000)))
    library.progress(
      database, 1000,
      { deadline in
        let end = deadline?.assumingMemoryBound(to: Int64.self).pointee ?? 0
        return SystemClock.boot.now < end ? 0 : 1
      }, self.deadline)
    var rest: UnsafePointer<CChar>?
    let text = query.statement(isNumbered: false)
    let prepared = text.withCString { start in
      let result = library.prepare(database, start, -1, &statement, &rest)
      // Something behind the statement would never run.
      if result == SQLite.ok, let rest,
        String(cString: rest).contains(where: { !$0.isWhitespace && $0 != ";" })
      {
        return SQLite.misuse
      }
      return result
    }
    guard prepared != SQLite.misuse else { throw .refused("it has more than one statement") }
    guard prepared == SQLite.ok, statement != nil else { throw trouble(prepared) }
    guard library.parameterCount(statement) == CInt(clamping: query.parameters.count) else {
      throw .refused("it has a parameter that is not in braces")
    }
  }

  deinit {
    _ = library.finalize(statement)
    _ = library.close(database)
    deadline.deallocate()
  }

  func columns(until deadline: Int64) throws(BackendError) -> [String] { columnNames }

  func rows(_ values: [String], until deadline: Int64) throws(BackendError) -> DatabaseRows {
    self.deadline.pointee = deadline
    defer {
      _ = library.reset(statement)
      _ = library.clear(statement)
    }
    for (index, value) in values.enumerated() {
      // The library makes its own copy (SQLITE_TRANSIENT).
      let bound = library.bindText(
        statement, CInt(clamping: index + 1), value, CInt(clamping: value.utf8.count), SQLite.transient)
      guard bound == SQLite.ok else { throw trouble(bound) }
    }
    var result = DatabaseRows(columns: columnNames)
    while result.rows.count < 2 {
      let step = library.step(statement)
      if step == SQLite.done { break }
      guard step == SQLite.row else { throw trouble(step) }
      result.rows.append(result.columns.indices.map { value(CInt(clamping: $0)) })
    }
    return result
  }

  private var columnNames: [String] {
    (0..<max(0, library.columnCount(statement))).map { index in
      library.columnName(statement, index).map { String(cString: $0) } ?? ""
    }
  }

  private func value(_ column: CInt) -> RemoteValue {
    guard library.columnType(statement, column) != SQLite.null else { return .null }
    // In this order: the first call may convert a number to text.
    let start = library.columnBlob(statement, column)
    let count = Int(library.columnBytes(statement, column))
    guard count <= RemoteValue.maxLength else { return .tooLong }
    guard let start, count > 0 else { return .bytes(SecretBytes(copying: [])) }
    return .bytes(SecretBytes(copying: UnsafeRawBufferPointer(start: start, count: count)))
  }

  private func message(_ code: CInt) -> String {
    let text = database.map { library.message($0) } ?? library.text(code)
    return text.map { String(cString: $0) } ?? "error \(code)"
  }

  private func trouble(_ code: CInt) -> BackendError {
    switch code & 0xff {
    case SQLite.interrupt, SQLite.busy, SQLite.locked: .timedOut
    case SQLite.error: .refused(message(code))
    default: .unreachable(message(code))
    }
  }
}

/// The functions of libsqlite3 that are used.
private struct SQLite: Sendable {
  static let ok: CInt = 0
  static let error: CInt = 1
  static let busy: CInt = 5
  static let locked: CInt = 6
  static let interrupt: CInt = 9
  static let misuse: CInt = 21
  static let row: CInt = 100
  static let done: CInt = 101
  static let null: CInt = 5
  static let openReadOnly: CInt = 0x1
  static let openNoMutex: CInt = 0x8000
  static let transient = Int(-1)

  typealias Text = UnsafePointer<CChar>

  let open: @Sendable @convention(c) (Text, UnsafeMutablePointer<OpaquePointer?>, CInt, Text?) -> CInt
  let close: @Sendable @convention(c) (OpaquePointer?) -> CInt
  let busyTimeout: @Sendable @convention(c) (OpaquePointer, CInt) -> CInt
  let progress:
    @Sendable @convention(c) (
      OpaquePointer, CInt, @convention(c) (UnsafeMutableRawPointer?) -> CInt, UnsafeMutableRawPointer
    ) -> Void
  let prepare:
    @Sendable @convention(c) (
      OpaquePointer, Text, CInt, UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<Text?>
    ) -> CInt
  let finalize: @Sendable @convention(c) (OpaquePointer?) -> CInt
  let parameterCount: @Sendable @convention(c) (OpaquePointer?) -> CInt
  /// The last parameter is a function, or a number that says who owns the text.
  let bindText: @Sendable @convention(c) (OpaquePointer?, CInt, Text, CInt, Int) -> CInt
  let step: @Sendable @convention(c) (OpaquePointer?) -> CInt
  let reset: @Sendable @convention(c) (OpaquePointer?) -> CInt
  let clear: @Sendable @convention(c) (OpaquePointer?) -> CInt
  let columnCount: @Sendable @convention(c) (OpaquePointer?) -> CInt
  let columnName: @Sendable @convention(c) (OpaquePointer?, CInt) -> Text?
  let columnType: @Sendable @convention(c) (OpaquePointer?, CInt) -> CInt
  let columnBlob: @Sendable @convention(c) (OpaquePointer?, CInt) -> UnsafeRawPointer?
  let columnBytes: @Sendable @convention(c) (OpaquePointer?, CInt) -> CInt
  let message: @Sendable @convention(c) (OpaquePointer) -> Text?
  let text: @Sendable @convention(c) (CInt) -> Text?

  private init() throws(BackendError) {
    let library = try DynamicLibrary("libsqlite3.so.0", package: DatabaseURL.Engine.sqlite.package)
    open = try library.function("sqlite3_open_v2")
    close = try library.function("sqlite3_close_v2")
    busyTimeout = try library.function("sqlite3_busy_timeout")
    progress = try library.function("sqlite3_progress_handler")
    prepare = try library.function("sqlite3_prepare_v2")
    finalize = try library.function("sqlite3_finalize")
    parameterCount = try library.function("sqlite3_bind_parameter_count")
    bindText = try library.function("sqlite3_bind_text")
    step = try library.function("sqlite3_step")
    reset = try library.function("sqlite3_reset")
    clear = try library.function("sqlite3_clear_bindings")
    columnCount = try library.function("sqlite3_column_count")
    columnName = try library.function("sqlite3_column_name")
    columnType = try library.function("sqlite3_column_type")
    columnBlob = try library.function("sqlite3_column_blob")
    columnBytes = try library.function("sqlite3_column_bytes")
    message = try library.function("sqlite3_errmsg")
    text = try library.function("sqlite3_errstr")
  }

  static let functions = LibraryFunctions { () throws(BackendError) in try SQLite() }
}
