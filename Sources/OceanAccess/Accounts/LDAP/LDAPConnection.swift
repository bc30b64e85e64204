internal import Glibc
internal import OceanBase
internal import OceanPlan

/// A connection to a directory, version 3 of the protocol (RFC 4511). It follows no referrals and no aliases.
///
/// It waits for the network until a deadline at most, except for the resolver of host names. The thread that uses it is its
/// own: SIGPIPE is blocked there, which the library would raise when the server has gone.
final class LDAPConnection {
  enum Scope: CInt {
    case base = 0
    case subtree = 2
  }

  struct Entry: Sendable {
    let name: String
    /// By the names that were asked for; empty for an attribute that it does not have.
    let values: [String: [RemoteValue]]
  }

  /// The result of an operation, as the server gives it.
  struct Result {
    let code: CInt
    /// In words.
    let text: String
  }

  /// Octets of the longest message that is read.
  private static let maxMessage = 16 << 20
  /// So many references to other servers, which are not followed, may come with an answer.
  private static let maxReferences = 100

  private let library: LDAPLibrary
  private let handle: LDAPLibrary.Handle

  init(_ url: LDAPURL, _ settings: Plan.LDAP, until deadline: Int64) throws(BackendError) {
    library = try LDAPLibrary.functions.get()
    Self.blockBrokenPipes()
    var made: LDAPLibrary.Handle?
    guard library.initialize(&made, url.uri) == LDAPLibrary.Code.success, let made else {
      throw .unreachable("there is no memory for a connection")
    }
    handle = made
    setOptions(until: deadline)
    if settings.tls != .off { try setTLS(settings) }
    errno = 0
    var code = library.connect(handle)
    let reason = errno
    guard code == LDAPLibrary.Code.success else {
      throw diagnostics.isEmpty
        ? unconnected(url, reason, until: deadline) : unprotected(code, settings, until: deadline)
    }
    try limitSocket()
    if settings.tls != .off, url.scheme == .ldap {
      code = library.startTLS(handle, nil, nil)
      guard code == LDAPLibrary.Code.success else { throw unprotected(code, settings, until: deadline) }
    }
  }

  deinit { _ = library.close(handle, nil, nil) }

  private static func blockBrokenPipes() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  // MARK: - Options

  private func set(_ option: CInt, _ value: CInt) {
    withUnsafePointer(to: value) { _ = library.setOption(handle, option, $0) }
  }

  private func set(_ option: CInt, _ value: timeval) {
    withUnsafePointer(to: value) { _ = library.setOption(handle, option, $0) }
  }

  private func set(_ option: CInt, _ value: String?) {
    guard let value else {
      _ = library.setOption(handle, option, nil)
      return
    }
    value.withCString { _ = library.setOption(handle, option, $0) }
  }

  private func setOptions(until deadline: Int64) {
    set(LDAPLibrary.Option.version, 3)
    // Nil is off. A login never follows what a server says to another server.
    _ = library.setOption(handle, LDAPLibrary.Option.referrals, nil)
    set(LDAPLibrary.Option.dereference, 0)
    set(LDAPLibrary.Option.networkTimeout, Self.time(until: deadline))
    set(LDAPLibrary.Option.timeout, Self.time(until: deadline))
  }

  private func setTLS(_ settings: Plan.LDAP) throws(BackendError) {
    // Nothing of ldap.conf, of the environment or of a home directory is used.
    set(LDAPLibrary.Option.caDirectory, nil)
    set(LDAPLibrary.Option.certificateFile, nil)
    set(LDAPLibrary.Option.keyFile, nil)
    let isVerified = settings.tls == .verify
    set(LDAPLibrary.Option.caFile, isVerified ? settings.ca ?? SystemCAs.path : nil)
    set(
      LDAPLibrary.Option.requireCertificate,
      isVerified ? LDAPLibrary.requireDemand : LDAPLibrary.requireNever)
    set(LDAPLibrary.Option.minimumTLS, LDAPLibrary.tls12)
    let client: CInt = 0
    let code = withUnsafePointer(to: client) {
      library.setOption(handle, LDAPLibrary.Option.newContext, $0)
    }
    guard code == LDAPLibrary.Code.success else {
      throw .unreachable(
        isVerified ? "the CAs in \(settings.ca ?? SystemCAs.path) cannot be read" : "TLS cannot be used")
    }
  }

  /// Bounds what the socket takes: the library itself would wait for the rest of a message without end.
  private func limitSocket() throws(BackendError) {
    var descriptor: CInt = -1
    guard library.getOption(handle, LDAPLibrary.Option.descriptor, &descriptor) == 0, descriptor >= 0 else {
      throw .unreachable("there is no connection")
    }
    let time = timeval(tv_sec: 1, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      _ = withUnsafePointer(to: time) {
        setsockopt(descriptor, SOL_SOCKET, option, $0, socklen_t(MemoryLayout<timeval>.size))
      }
    }
    var buffer: OpaquePointer?
    _ = library.getOption(handle, LDAPLibrary.Option.socketBuffer, &buffer)
    var limit = UInt(Self.maxMessage)
    if let buffer { _ = library.controlSocket(buffer, LDAPLibrary.setMaxIncoming, &limit) }
  }

  private static func time(until deadline: Int64) -> timeval {
    let left = max(deadline - SystemClock.boot.now, 1_000_000) / 1000
    return timeval(tv_sec: Int(left / 1_000_000), tv_usec: Int(left % 1_000_000))
  }

  // MARK: - Operations

  /// Logs in there. The password must not be empty: the server would take that for nobody, and agree (RFC 4513 §5.1.2).
  func bind(_ name: String, _ password: SecretBytes, until deadline: Int64) throws(BackendError) -> Result {
    guard !name.isEmpty, !password.isEmpty else { throw .nonsense("its entry has no name") }
    var number: CInt = 0
    let code = password.withUnsafeBytes { bytes in
      // struct berval.
      let credentials = (UInt(bytes.count), bytes.baseAddress)
      return withUnsafePointer(to: credentials) { library.bind(handle, name, nil, $0, nil, nil, &number) }
    }
    guard code == LDAPLibrary.Code.success else { throw trouble(Result(code: code, text: text(code))) }
    let message = try next(number, until: deadline)
    defer { _ = library.freeMessage(message.message) }
    guard message.kind == LDAPLibrary.Answer.bind else {
      throw .nonsense("its answer is not that to a login")
    }
    return try result(message.message)
  }

  /// Looks for entries.
  ///
  /// - Returns: two at most: there should be one.
  func search(
    _ base: String, _ scope: Scope, _ filter: String, _ attributes: [String], until deadline: Int64
  ) throws(BackendError) -> [Entry] {
    // 1.1 asks for nothing (RFC 4511 §4.5.1.8).
    var names = (attributes.isEmpty ? ["1.1"] : attributes).map { strdup($0) } + [nil]
    defer { for name in names { free(name) } }
    var number: CInt = 0
    var time = Self.time(until: deadline)
    // The server reads whole seconds.
    time.tv_sec += 1
    let code = names.withUnsafeMutableBufferPointer { names -> CInt in
      guard let start = names.baseAddress else { return LDAPLibrary.Code.decoding }
      return library.search(handle, base, scope.rawValue, filter, start, 0, nil, nil, &time, 2, &number)
    }
    guard code == LDAPLibrary.Code.success else { throw trouble(Result(code: code, text: text(code))) }
    var found: [Entry] = []
    var references = 0
    while true {
      let (message, kind) = try next(number, until: deadline)
      defer { _ = library.freeMessage(message) }
      switch kind {
      case LDAPLibrary.Answer.entry:
        found.append(try entry(message, attributes))
        if found.count == 2 { return found }
      case LDAPLibrary.Answer.reference:
        references += 1
        guard references <= Self.maxReferences else { throw .nonsense("its answer does not end") }
      case LDAPLibrary.Answer.searchResult:
        let result = try result(message)
        switch result.code {
        case LDAPLibrary.Code.success: return found
        // What is looked for has gone. A base that is not there says nothing about any account.
        case LDAPLibrary.Code.noSuchObject where scope == .base: return []
        case LDAPLibrary.Code.noSuchObject: throw .nonsense("it has no entry \(base)")
        default: throw trouble(result)
        }
      default: throw .nonsense("its answer is not that of a search")
      }
    }
  }

  private func next(
    _ number: CInt, until deadline: Int64
  ) throws(BackendError) -> (message: LDAPLibrary.Message, kind: CInt) {
    while true {
      guard deadline > SystemClock.boot.now else { throw .timedOut }
      var time = Self.time(until: deadline)
      var message: LDAPLibrary.Message?
      let kind = library.result(handle, number, 0, &time, &message)
      if kind > 0, let message { return (message, kind) }
      if let message { _ = library.freeMessage(message) }
      guard kind < 0 else { continue }
      var code = LDAPLibrary.Code.serverDown
      _ = library.getOption(handle, LDAPLibrary.Option.resultCode, &code)
      throw trouble(Result(code: code, text: text(code)))
    }
  }

  private func result(_ message: LDAPLibrary.Message) throws(BackendError) -> Result {
    var code: CInt = 0
    var given: UnsafeMutablePointer<CChar>?
    let status = library.parseResult(handle, message, &code, nil, &given, nil, nil, 0)
    defer { if let given { library.free(given) } }
    guard status == LDAPLibrary.Code.success else { throw .nonsense("its answer cannot be read") }
    return Result(code: code, text: text(code, given))
  }

  private func entry(
    _ message: LDAPLibrary.Message, _ attributes: [String]
  ) throws(BackendError) -> Entry {
    guard let name = library.name(handle, message) else { throw .nonsense("its answer cannot be read") }
    defer { library.free(name) }
    guard let name = String(validatingCString: name) else {
      throw .nonsense("an entry has a name that is not UTF-8")
    }
    try requireAsked(message, attributes)
    var values: [String: [RemoteValue]] = [:]
    for attribute in attributes { values[attribute] = self.values(of: attribute, in: message) }
    return Entry(name: name, values: values)
  }

  /// Refuses an entry with an attribute that was asked for by another of its names: by that name its values are not found,
  /// and one that restricts an account would be missed.
  private func requireAsked(
    _ message: LDAPLibrary.Message, _ attributes: [String]
  ) throws(BackendError) {
    func plain(_ name: String) -> String { name.prefix { $0 != ";" }.lowercased() }
    let asked = Set(attributes.map(plain))
    var position: OpaquePointer?
    defer { if let position { library.freePosition(position, 0) } }
    var next = library.firstAttribute(handle, message, &position)
    while let name = next {
      defer { library.free(name) }
      let found = String(validatingCString: name) ?? ""
      guard asked.contains(plain(found)) else {
        throw .nonsense(
          "it gives an attribute '\(found)', which the config names otherwise: write it as the directory does"
        )
      }
      next = position.flatMap { library.nextAttribute(handle, message, $0) }
    }
  }

  private func values(of attribute: String, in message: LDAPLibrary.Message) -> [RemoteValue] {
    guard let list = library.values(handle, message, attribute) else { return [] }
    defer { library.freeValues(list) }
    var found: [RemoteValue] = []
    var index = 0
    while let value = list[index] {
      index += 1
      let count = value.load(as: UInt.self)
      let start = value.load(fromByteOffset: MemoryLayout<UInt>.size, as: UnsafeRawPointer?.self)
      guard count <= RemoteValue.maxLength else {
        found.append(.tooLong)
        continue
      }
      let bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(count))
      found.append(.bytes(SecretBytes(copying: bytes)))
    }
    return found
  }

  // MARK: - Troubles

  /// A result as half a sentence.
  private func text(_ code: CInt, _ given: UnsafePointer<CChar>? = nil) -> String {
    let known = library.text(code).map { String(cString: $0) } ?? "result \(code)"
    let given = given.map { String(cString: $0) } ?? ""
    let line = given.split(whereSeparator: \.isNewline).first.map { String($0.prefix(200)) } ?? ""
    return line.isEmpty ? known : "\(known): \(line)"
  }

  /// What a result means that is not one of those that were expected.
  func trouble(_ result: Result) -> BackendError {
    switch result.code {
    case LDAPLibrary.Code.timedOut, LDAPLibrary.Code.timeLimitExceeded: .timedOut
    case LDAPLibrary.Code.serverDown, LDAPLibrary.Code.connect, LDAPLibrary.Code.busy,
      LDAPLibrary.Code.unavailable:
      .unreachable(result.text)
    case LDAPLibrary.Code.decoding: .nonsense("its answer cannot be read")
    case LDAPLibrary.Code.referral: .nonsense("it refers to another server, and referrals are not followed")
    // The library's own troubles: what has become of the connection is not known.
    case ..<0: .unreachable(result.text)
    default: .refused(result.text)
    }
  }

  /// - Parameter reason: the error number of the system, which is not always that of the connection.
  private func unconnected(_ url: LDAPURL, _ reason: CInt, until deadline: Int64) -> BackendError {
    if deadline <= SystemClock.boot.now || reason == ETIMEDOUT { return .timedOut }
    // The library asks whom a connection that failed is with.
    if reason == ENOTCONN || reason == ECONNREFUSED { return .unreachable("nothing answers there") }
    if url.scheme == .ldapi || reason == EHOSTUNREACH || reason == ENETUNREACH {
      return .unreachable(errorText(reason))
    }
    return .unreachable("its host name cannot be resolved, or nothing answers there")
  }

  private func unprotected(_ code: CInt, _ settings: Plan.LDAP, until deadline: Int64) -> BackendError {
    if deadline <= SystemClock.boot.now || code == LDAPLibrary.Code.timedOut { return .timedOut }
    let told = diagnostics
    // What GnuTLS has no words for is the certificate.
    if settings.tls == .verify, told.contains("unknown error code") {
      let cas = settings.ca ?? SystemCAs.path
      return .unreachable("its certificate is not for the host of the URL, or not from a CA in \(cas)")
    }
    return .unreachable("TLS fails: \(told.isEmpty ? text(code) : told)")
  }

  /// What the library says about the last failure; empty if that is nothing.
  private var diagnostics: String {
    var told: UnsafeMutablePointer<CChar>?
    guard library.getOption(handle, LDAPLibrary.Option.diagnosticMessage, &told) == 0, let told else {
      return ""
    }
    defer { library.free(told) }
    let text = String(cString: told)
    return text.split(whereSeparator: \.isNewline).first.map { String($0.prefix(200)) } ?? ""
  }
}
