internal import Glibc
internal import OceanBase
internal import OceanPlan

/// A connection to PostgreSQL. It never waits beyond a deadline, except for the resolver of host names.
///
/// Queries go without a name and with their parameters in one turn, so that a pooler such as pgbouncer can be in between.
final class PostgreSQLConnection: DatabaseConnection {
  /// Octets of the longest answer that is read.
  private static let maxAnswer = 4 << 20

  private let library: PostgreSQL
  private let connection: OpaquePointer
  private let statement: String
  private let parameterCount: Int

  init(
    _ url: DatabaseURL, _ settings: Plan.SQL, password: SecretBytes?, until deadline: Int64
  ) throws(BackendError) {
    library = try PostgreSQL.functions.get()
    statement = settings.query.statement(isNumbered: true)
    parameterCount = settings.query.parameters.count
    var options = [
      ("user", url.user), ("dbname", url.database), ("application_name", "ocean"),
      ("client_encoding", "UTF8"),
      // Nothing of the environment or of a home directory is used.
      ("gssencmode", "disable"), ("passfile", "/dev/null"),
      ("sslcert", "/nonexistent"), ("sslkey", "/nonexistent"),
    ]
    if let host = url.host ?? url.socket { options.append(("host", host)) }
    if let port = url.port { options.append(("port", "\(port)")) }
    switch settings.tls {
    case .off: options.append(("sslmode", "disable"))
    // With a file of CAs, even this would check the certificate.
    case .require: options += [("sslmode", "require"), ("sslrootcert", "/nonexistent")]
    case .verify: options += [("sslmode", "verify-full"), ("sslrootcert", settings.ca ?? SystemCAs.path)]
    }
    guard let connection = Self.start(library, options, password) else {
      throw .unreachable("there is no memory for a connection")
    }
    self.connection = connection
    try open(until: deadline)
    guard library.setNonblocking(connection, 1) == 0 else { throw .unreachable(message) }
  }

  deinit { library.finish(connection) }

  private static func start(
    _ library: PostgreSQL, _ options: [(String, String)], _ password: SecretBytes?
  ) -> OpaquePointer? {
    var texts = options.flatMap { [strdup($0.0), strdup($0.1)] }
    defer { for text in texts { free(text) } }
    func connect(_ password: UnsafePointer<CChar>?) -> OpaquePointer? {
      var keys: [UnsafePointer<CChar>?] = stride(from: 0, to: texts.count, by: 2).map {
        texts[$0].map { UnsafePointer($0) }
      }
      var values: [UnsafePointer<CChar>?] = stride(from: 1, to: texts.count, by: 2).map {
        texts[$0].map { UnsafePointer($0) }
      }
      return "password".withCString { key in
        keys += [key, nil]
        // Without a password it is empty, so that none is looked for elsewhere.
        values += [password, nil]
        return library.start(keys, values, 0)
      }
    }
    texts.reserveCapacity(texts.count)
    return password.map { $0.withCString { connect($0) } } ?? "".withCString { connect($0) }
  }

  private func open(until deadline: Int64) throws(BackendError) {
    guard library.status(connection) != PostgreSQL.bad else { throw .unreachable(message) }
    var wanted = PostgreSQL.writing
    while true {
      try wait(wanted == PostgreSQL.reading ? POLLIN : POLLOUT, until: deadline)
      wanted = library.poll(connection)
      switch wanted {
      case PostgreSQL.ready: return
      case PostgreSQL.reading, PostgreSQL.writing: continue
      default: throw .unreachable(message)
      }
    }
  }

  func columns(until deadline: Int64) throws(BackendError) -> [String] {
    let sent = library.sendPrepare(connection, "", statement, CInt(clamping: parameterCount), nil)
    guard sent == 1 else { throw .unreachable(message) }
    _ = try results(until: deadline)
    guard library.sendDescribe(connection, "") == 1 else { throw .unreachable(message) }
    return try results(until: deadline).columns
  }

  func rows(_ values: [String], until deadline: Int64) throws(BackendError) -> DatabaseRows {
    let texts = values.map { strdup($0) }
    defer { for text in texts { free(text) } }
    let pointers = texts.map { $0.map { UnsafePointer<CChar>($0) } }
    let sent = library.sendQuery(
      connection, statement, CInt(clamping: values.count), nil, pointers, nil, nil, 0)
    guard sent == 1, library.setSingleRow(connection) == 1 else { throw .unreachable(message) }
    return try results(until: deadline)
  }

  /// Reads results to the end, or to the second row: the connection is of no more use then.
  private func results(until deadline: Int64) throws(BackendError) -> DatabaseRows {
    while case let left = library.flush(connection), left != 0 {
      guard left > 0 else { throw .unreachable(message) }
      try wait(POLLOUT, until: deadline)
    }
    var found = DatabaseRows()
    var trouble: BackendError?
    // The usual answer comes in one piece, which is smaller than what is allowed.
    var (octets, isFirst) = (0, true)
    while true {
      while library.isBusy(connection) != 0 {
        try wait(POLLIN, until: deadline)
        if !isFirst {
          var available: CInt = 0
          _ = ioctl(library.socket(connection), UInt(FIONREAD), &available)
          octets += Int(available)
        }
        isFirst = false
        guard octets <= Self.maxAnswer else {
          throw .nonsense("its answer has more than \(Self.maxAnswer >> 20) MiB")
        }
        guard library.consume(connection) == 1 else { throw .unreachable(message) }
      }
      guard let result = library.result(connection) else { break }
      defer { library.clear(result) }
      switch library.resultStatus(result) {
      case PostgreSQL.singleTuple, PostgreSQL.tuples, PostgreSQL.command:
        found.columns = columnNames(result)
        for row in 0..<max(0, library.rowCount(result)) { found.rows.append(values(of: row, in: result)) }
        if found.rows.count > 1 { return found }
      case PostgreSQL.failed: trouble = trouble ?? self.trouble(result)
      case let status: throw .nonsense("its answer is not that of a query (\(status))")
      }
    }
    guard library.status(connection) != PostgreSQL.bad else { throw .unreachable(message) }
    if let trouble { throw trouble }
    return found
  }

  private func columnNames(_ result: OpaquePointer) -> [String] {
    (0..<max(0, library.columnCount(result))).map {
      library.columnName(result, $0).map { String(cString: $0) } ?? ""
    }
  }

  private func values(of row: CInt, in result: OpaquePointer) -> [RemoteValue] {
    (0..<max(0, library.columnCount(result))).map { column in
      guard library.isNull(result, row, column) == 0 else { return .null }
      let count = Int(library.length(result, row, column))
      guard (0...RemoteValue.maxLength).contains(count) else { return .tooLong }
      guard let start = library.value(result, row, column) else { return .null }
      return .bytes(SecretBytes(copying: UnsafeRawBufferPointer(start: start, count: count)))
    }
  }

  private func trouble(_ result: OpaquePointer) -> BackendError {
    let text = Self.line(library.resultMessage(result))
    let state = library.errorField(result, PostgreSQL.sqlState).map { String(cString: $0) } ?? ""
    // Appendix A of its manual: a class is two characters.
    switch state {
    case "57014": return .timedOut
    case _ where ["08", "53", "57", "58", "XX"].contains(String(state.prefix(2))): return .unreachable(text)
    default: return .refused(text)
    }
  }

  private var message: String { Self.line(library.message(connection)) }

  /// An error in one line, without the position in the query that is shown below it.
  private static func line(_ text: UnsafePointer<CChar>?) -> String {
    let text = text.map { String(cString: $0) } ?? ""
    let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "it gives no reason"
    return line.hasPrefix("ERROR:") ? String(line.dropFirst(6).drop(while: \.isWhitespace)) : line
  }

  private func wait(_ event: CInt, until deadline: Int64) throws(BackendError) {
    let descriptor = library.socket(connection)
    guard descriptor >= 0 else { throw .unreachable(message) }
    while true {
      let left = deadline - SystemClock.boot.now
      guard left > 0 else { throw .timedOut }
      var asked = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      let found = Glibc.poll(&asked, 1, CInt(clamping: left / 1_000_000 + 1))
      if found > 0 { return }
      guard found == 0 || errno == EINTR else { throw .unreachable(errorText(errno)) }
    }
  }
}

/// The functions of libpq that are used.
private struct PostgreSQL: Sendable {
  static let bad: CInt = 1
  static let reading: CInt = 1
  static let writing: CInt = 2
  static let ready: CInt = 3
  static let command: CInt = 1
  static let tuples: CInt = 2
  static let failed: CInt = 7
  static let singleTuple: CInt = 9
  static let sqlState = CInt(UInt8(ascii: "C"))

  typealias Text = UnsafePointer<CChar>
  typealias Texts = UnsafePointer<Text?>

  let start: @Sendable @convention(c) (Texts, Texts, CInt) -> OpaquePointer?
  let poll: @Sendable @convention(c) (OpaquePointer) -> CInt
  let status: @Sendable @convention(c) (OpaquePointer) -> CInt
  let socket: @Sendable @convention(c) (OpaquePointer) -> CInt
  let message: @Sendable @convention(c) (OpaquePointer) -> Text?
  let finish: @Sendable @convention(c) (OpaquePointer) -> Void
  let setNonblocking: @Sendable @convention(c) (OpaquePointer, CInt) -> CInt
  let sendQuery:
    @Sendable @convention(c) (
      OpaquePointer, Text, CInt, UnsafePointer<CUnsignedInt>?, Texts, UnsafePointer<CInt>?,
      UnsafePointer<CInt>?, CInt
    ) -> CInt
  let sendPrepare:
    @Sendable @convention(c) (OpaquePointer, Text, Text, CInt, UnsafePointer<CUnsignedInt>?) -> CInt
  let sendDescribe: @Sendable @convention(c) (OpaquePointer, Text) -> CInt
  let setSingleRow: @Sendable @convention(c) (OpaquePointer) -> CInt
  let flush: @Sendable @convention(c) (OpaquePointer) -> CInt
  let consume: @Sendable @convention(c) (OpaquePointer) -> CInt
  let isBusy: @Sendable @convention(c) (OpaquePointer) -> CInt
  let result: @Sendable @convention(c) (OpaquePointer) -> OpaquePointer?
  let resultStatus: @Sendable @convention(c) (OpaquePointer) -> CInt
  let resultMessage: @Sendable @convention(c) (OpaquePointer) -> Text?
  let errorField: @Sendable @convention(c) (OpaquePointer, CInt) -> Text?
  let rowCount: @Sendable @convention(c) (OpaquePointer) -> CInt
  let columnCount: @Sendable @convention(c) (OpaquePointer) -> CInt
  let columnName: @Sendable @convention(c) (OpaquePointer, CInt) -> Text?
  let value: @Sendable @convention(c) (OpaquePointer, CInt, CInt) -> UnsafeRawPointer?
  let length: @Sendable @convention(c) (OpaquePointer, CInt, CInt) -> CInt
  let isNull: @Sendable @convention(c) (OpaquePointer, CInt, CInt) -> CInt
  let clear: @Sendable @convention(c) (OpaquePointer) -> Void

  private init() throws(BackendError) {
    let library = try DynamicLibrary("libpq.so.5", package: DatabaseURL.Engine.postgresql.package)
    start = try library.function("PQconnectStartParams")
    poll = try library.function("PQconnectPoll")
    status = try library.function("PQstatus")
    socket = try library.function("PQsocket")
    message = try library.function("PQerrorMessage")
    finish = try library.function("PQfinish")
    setNonblocking = try library.function("PQsetnonblocking")
    sendQuery = try library.function("PQsendQueryParams")
    sendPrepare = try library.function("PQsendPrepare")
    sendDescribe = try library.function("PQsendDescribePrepared")
    setSingleRow = try library.function("PQsetSingleRowMode")
    flush = try library.function("PQflush")
    consume = try library.function("PQconsumeInput")
    isBusy = try library.function("PQisBusy")
    result = try library.function("PQgetResult")
    resultStatus = try library.function("PQresultStatus")
    resultMessage = try library.function("PQresultErrorMessage")
    errorField = try library.function("PQresultErrorField")
    rowCount = try library.function("PQntuples")
    columnCount = try library.function("PQnfields")
    columnName = try library.function("PQfname")
    value = try library.function("PQgetvalue")
    length = try library.function("PQgetlength")
    isNull = try library.function("PQgetisnull")
    clear = try library.function("PQclear")
  }

  static let functions = LibraryFunctions { () throws(BackendError) in try PostgreSQL() }
}
