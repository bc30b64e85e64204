internal import Glibc
internal import OceanBase
internal import OceanPlan

/// A connection to MariaDB or MySQL, with the query prepared by the server.
///
/// Its library waits in whole seconds, and begins again with each read. Only the thread of the connection waits with it.
final class MariaDBConnection: DatabaseConnection {
  private let library: MariaDB
  private let connection: OpaquePointer
  private var statement: OpaquePointer?
  private var columnNames: [String] = []
  private let parameterCount: Int
  /// Whether rows are left that nobody reads: they may have no end.
  private var isSpoiled = false

  init(
    _ url: DatabaseURL, _ settings: Plan.SQL, password: SecretBytes?, until deadline: Int64
  ) throws(BackendError) {
    library = try MariaDB.functions.get()
    parameterCount = settings.query.parameters.count
    guard let connection = library.start(nil) else {
      throw .unreachable("there is no memory for a connection")
    }
    self.connection = connection
    let seconds = CUnsignedInt(
      clamping: max(1, (deadline - SystemClock.boot.now + 999_999_999) / 1_000_000_000))
    for option in [MariaDB.connectTimeout, MariaDB.readTimeout, MariaDB.writeTimeout] { set(option, seconds) }
    set(MariaDB.localInfile, 0 as CUnsignedInt)
    set(MariaDB.maxPacket, 1 << 20 as Int)
    // A host named localhost would be a socket otherwise.
    if url.host != nil { set(MariaDB.protocolKind, 1 as CUnsignedInt) }
    _ = "utf8mb4".withCString { library.option(connection, MariaDB.charset, $0) }
    set(MariaDB.enforceTLS, CChar(settings.tls == .off ? 0 : 1))
    set(MariaDB.verifyServer, CChar(settings.tls == .verify ? 1 : 0))
    if settings.tls == .verify {
      _ = (settings.ca ?? SystemCAs.path).withCString { library.option(connection, MariaDB.ca, $0) }
    }
    let opened = password.map { $0.withCString { connect(url, $0) } } ?? connect(url, nil)
    guard opened else { throw trouble(library.errorNumber(connection), library.error(connection)) }
    try prepare(settings.query.statement(isNumbered: false))
  }

  deinit {
    // Closing would read what is left, to the end.
    if isSpoiled { shutdown(library.socket(connection), CInt(SHUT_RDWR)) }
    if let statement { _ = library.closeStatement(statement) }
    library.close(connection)
  }

  private func set<Value>(_ option: CInt, _ value: Value) {
    _ = withUnsafePointer(to: value) { library.option(connection, option, $0) }
  }

  private func connect(_ url: DatabaseURL, _ password: UnsafePointer<CChar>?) -> Bool {
    let (host, socket) = (url.host.flatMap { strdup($0) }, url.socket.flatMap { strdup($0) })
    defer {
      free(host)
      free(socket)
    }
    return library.connect(
      connection, host, url.user, password, url.database, CUnsignedInt(clamping: url.port ?? 0), socket, 0)
      != nil
  }

  private func prepare(_ text: String) throws(BackendError) {
    guard let statement = library.startStatement(connection) else {
      throw .unreachable("there is no memory for a query")
    }
    self.statement = statement
    guard library.prepare(statement, text, CUnsignedLong(text.utf8.count)) == 0 else {
      throw statementTrouble
    }
    guard library.parameterCount(statement) == CUnsignedLong(parameterCount) else {
      throw .refused("it has a parameter that is not in braces")
    }
    guard let metadata = library.metadata(statement) else { throw .refused("it gives no rows") }
    defer { library.freeResult(metadata) }
    columnNames = (0..<library.columnCount(metadata)).map { index in
      // The name is a column's first member.
      library.column(metadata, index)?.load(as: UnsafePointer<CChar>?.self).map { String(cString: $0) } ?? ""
    }
  }

  func columns(until deadline: Int64) throws(BackendError) -> [String] { columnNames }

  func rows(_ values: [String], until deadline: Int64) throws(BackendError) -> DatabaseRows {
    guard let statement, values.count == parameterCount else { throw .unreachable("it has no query") }
    try execute(statement, values)
    var found = DatabaseRows(columns: columnNames)
    let binds = Binds(columnNames.count)
    // Buffers without room: only lengths come, and each value is fetched by itself.
    guard library.bindResult(statement, binds.memory) == 0 else { throw statementTrouble }
    while true {
      switch library.fetch(statement) {
      case MariaDB.noData:
        _ = library.freeStatementResult(statement)
        return found
      case 0, MariaDB.truncated:
        guard found.rows.count < 1 else {
          isSpoiled = true
          found.rows.append([])
          return found
        }
        var row: [RemoteValue] = []
        for index in columnNames.indices { row.append(try value(index, binds, statement)) }
        found.rows.append(row)
      default: throw statementTrouble
      }
    }
  }

  private func execute(_ statement: OpaquePointer, _ values: [String]) throws(BackendError) {
    let binds = Binds(values.count)
    let texts = values.map { strdup($0) }
    defer { for text in texts { free(text) } }
    for (index, text) in texts.enumerated() {
      binds.setBuffer(index, text.map { UnsafeMutableRawPointer($0) }, count: values[index].utf8.count)
    }
    guard library.bindParameters(statement, binds.memory) == 0, library.execute(statement) == 0 else {
      throw statementTrouble
    }
  }

  private func value(
    _ index: Int, _ binds: Binds, _ statement: OpaquePointer
  ) throws(BackendError) -> RemoteValue {
    if binds.isNull(index) { return .null }
    let count = binds.length(index)
    guard count <= RemoteValue.maxLength else { return .tooLong }
    guard count > 0 else { return .bytes(SecretBytes(copying: [])) }
    let one = Binds(1)
    var isFetched = false
    let bytes = SecretBytes(capacity: count) { memory in
      one.setBuffer(0, memory.baseAddress, count: count)
      isFetched = library.fetchColumn(statement, one.memory, CUnsignedInt(clamping: index), 0) == 0
      return isFetched ? count : 0
    }
    guard isFetched else { throw statementTrouble }
    return .bytes(bytes)
  }

  private var statementTrouble: BackendError {
    guard let statement else { return .unreachable("it has no query") }
    let number = library.statementErrorNumber(statement)
    // What breaks the connection is told by the connection.
    return number == 0
      ? trouble(library.errorNumber(connection), library.error(connection))
      : trouble(number, library.statementError(statement))
  }

  private func trouble(_ number: CUnsignedInt, _ text: UnsafePointer<CChar>?) -> BackendError {
    let text = text.map { String(cString: $0) } ?? "error \(number)"
    switch number {
    // A value longer than `maxPacket`, of which the library may say nothing more.
    case 0, 2020: return .nonsense("its answer has more than 1 MiB")
    // Lock wait timeout, statement time exceeded (MariaDB and MySQL), query interrupted.
    case 1205, 1969, 3024, 1317: return .timedOut
    // The connection, and the server: too many connections, access denied, out of memory, shutdown, unknown database.
    case 2000...2999, 1040, 1041, 1037, 1038, 1044, 1045, 1049, 1053, 1129, 1130, 1203, 1226, 1290, 1698,
      1836, 4151:
      return .unreachable(text)
    default: return .refused(text)
    }
  }
}

/// Values that go to the library or come from it: an array of its MYSQL_BIND, and what that points to.
private final class Binds {
  // The layout on machines with 64 bits (mariadb_stmt.h).
  private static let size = 112
  private enum Offset {
    static let length = 0
    static let isNull = 8
    static let buffer = 16
    static let bufferLength = 64
    static let type = 96
  }
  /// MYSQL_TYPE_STRING.
  private static let text: CUnsignedInt = 254

  let memory: UnsafeMutableRawPointer
  private let lengths: UnsafeMutablePointer<CUnsignedLong>
  private let nulls: UnsafeMutablePointer<CChar>

  init(_ count: Int) {
    let count = max(count, 1)
    memory = .allocate(byteCount: count * Self.size, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * Self.size)
    lengths = .allocate(capacity: count)
    lengths.initialize(repeating: 0, count: count)
    nulls = .allocate(capacity: count)
    nulls.initialize(repeating: 0, count: count)
    for index in 0..<count {
      let bind = memory + index * Self.size
      bind.storeBytes(
        of: lengths + index, toByteOffset: Offset.length, as: UnsafeMutablePointer<CUnsignedLong>.self)
      bind.storeBytes(of: nulls + index, toByteOffset: Offset.isNull, as: UnsafeMutablePointer<CChar>.self)
      bind.storeBytes(of: Self.text, toByteOffset: Offset.type, as: CUnsignedInt.self)
    }
  }

  deinit {
    memory.deallocate()
    lengths.deallocate()
    nulls.deallocate()
  }

  func setBuffer(_ index: Int, _ buffer: UnsafeMutableRawPointer?, count: Int) {
    let bind = memory + index * Self.size
    bind.storeBytes(of: buffer, toByteOffset: Offset.buffer, as: UnsafeMutableRawPointer?.self)
    bind.storeBytes(of: CUnsignedLong(count), toByteOffset: Offset.bufferLength, as: CUnsignedLong.self)
    lengths[index] = CUnsignedLong(count)
  }

  func isNull(_ index: Int) -> Bool { nulls[index] != 0 }
  func length(_ index: Int) -> Int { Int(clamping: lengths[index]) }
}

/// The functions of libmariadb that are used.
private struct MariaDB: Sendable {
  // mysql.h: mysql_option.
  static let connectTimeout: CInt = 0
  static let charset: CInt = 7
  static let localInfile: CInt = 8
  static let protocolKind: CInt = 9
  static let readTimeout: CInt = 11
  static let writeTimeout: CInt = 12
  static let verifyServer: CInt = 21
  static let ca: CInt = 27
  static let enforceTLS: CInt = 38
  static let maxPacket: CInt = 39
  static let noData: CInt = 100
  static let truncated: CInt = 101

  typealias Text = UnsafePointer<CChar>
  typealias Handle = OpaquePointer

  let start: @Sendable @convention(c) (Handle?) -> Handle?
  let option: @Sendable @convention(c) (Handle, CInt, UnsafeRawPointer?) -> CInt
  let connect:
    @Sendable @convention(c) (
      Handle, UnsafePointer<CChar>?, Text, Text?, Text, CUnsignedInt, UnsafePointer<CChar>?, CUnsignedLong
    ) -> Handle?
  let close: @Sendable @convention(c) (Handle) -> Void
  let errorNumber: @Sendable @convention(c) (Handle) -> CUnsignedInt
  let error: @Sendable @convention(c) (Handle) -> Text?
  let socket: @Sendable @convention(c) (Handle) -> CInt
  let startStatement: @Sendable @convention(c) (Handle) -> Handle?
  let prepare: @Sendable @convention(c) (Handle, Text, CUnsignedLong) -> CInt
  let parameterCount: @Sendable @convention(c) (Handle) -> CUnsignedLong
  let metadata: @Sendable @convention(c) (Handle) -> Handle?
  let freeResult: @Sendable @convention(c) (Handle) -> Void
  let columnCount: @Sendable @convention(c) (Handle) -> CUnsignedInt
  let column: @Sendable @convention(c) (Handle, CUnsignedInt) -> UnsafeRawPointer?
  let bindParameters: @Sendable @convention(c) (Handle, UnsafeMutableRawPointer) -> CChar
  let bindResult: @Sendable @convention(c) (Handle, UnsafeMutableRawPointer) -> CChar
  let execute: @Sendable @convention(c) (Handle) -> CInt
  let fetch: @Sendable @convention(c) (Handle) -> CInt
  let fetchColumn:
    @Sendable @convention(c) (Handle, UnsafeMutableRawPointer, CUnsignedInt, CUnsignedLong) -> CInt
  let freeStatementResult: @Sendable @convention(c) (Handle) -> CChar
  let closeStatement: @Sendable @convention(c) (Handle) -> CChar
  let statementErrorNumber: @Sendable @convention(c) (Handle) -> CUnsignedInt
  let statementError: @Sendable @convention(c) (Handle) -> Text?

  private init() throws(BackendError) {
    let library = try DynamicLibrary("libmariadb.so.3", package: DatabaseURL.Engine.mysql.package)
    start = try library.function("mysql_init")
    option = try library.function("mysql_options")
    connect = try library.function("mysql_real_connect")
    close = try library.function("mysql_close")
    errorNumber = try library.function("mysql_errno")
    error = try library.function("mysql_error")
    socket = try library.function("mysql_get_socket")
    startStatement = try library.function("mysql_stmt_init")
    prepare = try library.function("mysql_stmt_prepare")
    parameterCount = try library.function("mysql_stmt_param_count")
    metadata = try library.function("mysql_stmt_result_metadata")
    freeResult = try library.function("mysql_free_result")
    columnCount = try library.function("mysql_num_fields")
    column = try library.function("mysql_fetch_field_direct")
    bindParameters = try library.function("mysql_stmt_bind_param")
    bindResult = try library.function("mysql_stmt_bind_result")
    execute = try library.function("mysql_stmt_execute")
    fetch = try library.function("mysql_stmt_fetch")
    fetchColumn = try library.function("mysql_stmt_fetch_column")
    freeStatementResult = try library.function("mysql_stmt_free_result")
    closeStatement = try library.function("mysql_stmt_close")
    statementErrorNumber = try library.function("mysql_stmt_errno")
    statementError = try library.function("mysql_stmt_error")
    // Not to be done by several threads at once.
    let begin: @convention(c) (CInt, UnsafeRawPointer?, UnsafeRawPointer?) -> CInt = try library.function(
      "mysql_server_init")
    guard begin(0, nil, nil) == 0 else { throw .unreachable("libmariadb cannot be used") }
  }

  static let functions = LibraryFunctions { () throws(BackendError) in try MariaDB() }
}
