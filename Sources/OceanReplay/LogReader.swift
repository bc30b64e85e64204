import FoundationEssentials
import OceanAddresses
import OceanBase
import OceanPlan

/// Reads lines of access logs, and knows all names and addresses that have occurred in them. These take
/// memory by their number, and lines take none.
package struct LogReader: Sendable {
  /// What takes lines apart for this reader; a thread may have a copy of its own.
  package private(set) var scanner: LogScanner
  private var services: NameTable
  private var locals: NameTable
  /// The endpoint of each local address; nil for a text that is not one.
  private var endpoints: [Endpoint?] = []
  private var versions: NameTable
  private var users: NameTable
  private var addressTexts: NameTable

  /// The address of each client and proxy.
  private(set) var clients: [IPAddress] = []
  /// The route and number of each client's newest connection: most clients come again as they came.
  private var newest: [(route: UInt32, connection: UInt32)] = []
  /// What is known by the numbers of connections.
  private(set) var connections: [Connection] = []
  /// The numbers of connections by client and route.
  private var connectionNumbers: [UInt64: Int] = [:]
  private var v4Clients: V4ClientTable
  private var v6Clients: [IPAddress: Int] = [:]
  /// The client of each text that is not a plain IPv4 address; -1 for one that is not an address at all.
  private var clientByText: [Int] = []
  private var routes: [LogRoute] = []
  private var routeNumbers: [LogRoute: Int] = [:]
  private var lastRoute: (route: LogRoute, number: Int)?

  /// A client that came in some way.
  struct Connection {
    let client: Int
    fileprivate let route: Int
  }

  /// How many lines before its turn the places of a line's names are fetched from memory, and the names.
  private static let (lead, shortLead) = (16, 8)

  package init() {
    let hash = TextHash()
    scanner = LogScanner(hash)
    services = NameTable(hash)
    locals = NameTable(hash)
    versions = NameTable(hash)
    users = NameTable(hash)
    addressTexts = NameTable(hash)
    v4Clients = V4ClientTable(hash)
  }

  /// - Parameter line: without its end, or with it.
  package mutating func event(_ line: UnsafeRawBufferPointer) throws(LogLineFault) -> LogEvent {
    if let line = scanner.line(plain: line) { return try event(of: line) }
    return try decoded(line)
  }

  /// Reads all lines of a block.
  package mutating func read(_ block: LogBlock, into entries: inout [LogEntry]) {
    entries.removeAll(keepingCapacity: true)
    let lines = block.lines
    for place in lines.indices {
      if place + Self.lead < lines.count, case .plain(let line) = lines[place + Self.lead] {
        if let peer = line.peer { v4Clients.prefetch(peer) }
        if !line.fields.user.isMissing { users.prefetch(line.userHash) }
      }
      if place + Self.shortLead < lines.count, case .plain(let line) = lines[place + Self.shortLead],
        !line.fields.user.isMissing
      {
        users.prefetchText(line.userHash)
      }
      entries.append(entry(lines[place]))
    }
  }

  private mutating func entry(_ line: LogBlock.Line) -> LogEntry {
    do throws(LogLineFault) {
      switch line {
      case .plain(let line): return .event(try event(of: line))
      case .other(let bytes, let isEnded): return .event(try decoded(bytes, isEnded: isEnded))
      case .tooLong: return .fault(.tooLong)
      }
    } catch {
      return .fault(error)
    }
  }

  private mutating func decoded(
    _ line: UnsafeRawBufferPointer, isEnded: Bool
  ) throws(LogLineFault) -> LogEvent {
    do throws(LogLineFault) {
      return try decoded(line)
    } catch {
      guard error == .broken else { throw error }
      if line.allSatisfy({ $0 <= 0x20 }) { throw .blank }
      throw isEnded ? .broken : .cutOff
    }
  }

  /// Reads a line with the JSON decoder alone.
  package mutating func decoded(_ line: UnsafeRawBufferPointer) throws(LogLineFault) -> LogEvent {
    let decoded: DecodedLine
    do {
      decoded = try JSONDecoder().decode(DecodedLine.self, from: Data(line))
    } catch DecodingError.dataCorrupted {
      throw .broken
    } catch {
      throw .foreign
    }
    var bytes: [UInt8] = []
    let ranges = decoded.texts.map { text -> Range<Int>? in
      guard let text else { return nil }
      let start = bytes.count
      bytes += text.utf8
      return start..<bytes.count
    }
    let result = bytes.withUnsafeBytes { bytes in
      return Result { () throws(LogLineFault) in
        let fields = LogFields(bytes, ranges, milliseconds: decoded.milliseconds)
        guard let fields else { throw .foreign }
        return try event(of: scanner.line(fields))
      }
    }
    return try result.get()
  }

  /// - Parameter line: from a copy of this reader's scanner.
  package mutating func event(of line: LogLine) throws(LogLineFault) -> LogEvent {
    let fields = line.fields
    guard let time = line.time, !fields.event.isMissing, let service = fields[fields.service],
      let peer = fields[fields.peer], !fields.outcome.isMissing, let client = client(peer, line.peer)
    else { throw .foreign }
    var proxy: Int?
    if let text = fields[fields.proxy] {
      guard let number = self.client(text, UInt32(dottedDecimal: text)) else { throw .foreign }
      proxy = number
    }
    let user = fields[fields.user]
    let isHealthCheck = proxy == client && user == nil
    let kind = isHealthCheck && line.kind.isSession ? LogEvent.Kind.healthCheck : line.kind
    let route = LogRoute(
      service: services.number(of: service), proxy: proxy,
      local: fields[fields.local].map { local($0) },
      tls: fields[fields.tls].map { versions.number(of: $0) }, isLogin: user != nil,
      isHealthCheck: kind == .healthCheck)
    return LogEvent(
      kind, at: time.value, isCoarse: time.isCoarse, milliseconds: fields.milliseconds, client: client,
      connection: connection(client, number(of: route)),
      user: user.map { self.user($0, line.userHash, kind) })
  }

  private mutating func user(_ text: UnsafeRawBufferPointer, _ hash: UInt64, _ kind: LogEvent.Kind) -> UInt32
  {
    // Names that were only guessed are not kept.
    UInt32(
      truncatingIfNeeded: kind.isSession ? users.number(of: text, hash: hash) : Int(truncatingIfNeeded: hash))
  }

  private mutating func local(_ text: UnsafeRawBufferPointer) -> Int {
    let number = locals.number(of: text)
    if number == endpoints.count { endpoints.append(Endpoint(parsing: locals.text(number))) }
    return number
  }

  /// - Parameter v4: the address, if the text is one of IPv4.
  private mutating func client(_ text: UnsafeRawBufferPointer, _ v4: UInt32?) -> Int? {
    if let v4 { return client(v4) }
    let number = addressTexts.number(of: text)
    if number == clientByText.count {
      let address = try? IPAddress(parsing: String(decoding: text, as: UTF8.self))
      clientByText.append(address.map { client($0) } ?? -1)
    }
    return clientByText[number] < 0 ? nil : clientByText[number]
  }

  private mutating func client(_ address: IPAddress) -> Int {
    if address.family == .v4 { return client(UInt32(truncatingIfNeeded: address.value)) }
    if let number = v6Clients[address] { return number }
    v6Clients[address] = clients.count
    return add(address)
  }

  private mutating func client(_ v4: UInt32) -> Int {
    let number = v4Clients.number(of: v4, new: clients.count)
    return number == clients.count ? add(IPAddress(v4: v4)) : number
  }

  private mutating func add(_ client: IPAddress) -> Int {
    clients.append(client)
    newest.append((.max, 0))
    return clients.count - 1
  }

  private mutating func connection(_ client: Int, _ route: Int) -> Int {
    let newest = newest[client]
    if newest.route == UInt32(truncatingIfNeeded: route) { return Int(newest.connection) }
    let key = UInt64(truncatingIfNeeded: client) << 32 | UInt64(truncatingIfNeeded: route)
    let number = connectionNumbers[key] ?? connections.count
    if number == connections.count {
      connections.append(Connection(client: client, route: route))
      connectionNumbers[key] = number
    }
    self.newest[client] = (UInt32(truncatingIfNeeded: route), UInt32(truncatingIfNeeded: number))
    return number
  }

  private mutating func number(of route: LogRoute) -> Int {
    if let lastRoute, lastRoute.route == route { return lastRoute.number }
    let number = routeNumbers[route] ?? routes.count
    if number == routes.count {
      routes.append(route)
      routeNumbers[route] = number
    }
    lastRoute = (route, number)
    return number
  }

  // MARK: - What numbers mean

  func service(_ number: Int) -> String { services.text(number) }

  func user(_ number: UInt32) -> String { users.text(Int(number)) }

  /// The number of the service that a connection came to.
  func service(of connection: Int) -> Int { routes[connections[connection].route].service }

  func connection(_ number: Int) -> PastConnection {
    let connection = connections[number]
    let route = routes[connection.route]
    return PastConnection(
      service: services.text(route.service), client: clients[connection.client],
      proxy: route.proxy.map { clients[$0] },
      local: route.local.flatMap { endpoints[$0] },
      tls: route.tls.flatMap { TLSVersion(parsing: versions.text($0)) }, isLoggedIn: route.isLogin)
  }
}

extension LogEvent.Kind {
  init(_ event: UnsafeRawBufferPointer, _ outcome: UnsafeRawBufferPointer) {
    if event.isText("session") {
      self = outcome.isText("blocked") ? .blockedSession : .session
    } else if event.isText("refused") {
      if outcome.isText("black_list") || outcome.isText("ip_control_default") {
        self = .refusedByRule
      } else if outcome.isText("blocked") {
        self = .refusedByBlock
      } else if outcome.isText("connections_per_ip") || outcome.isText("connections_per_minute")
        || outcome.isText("max_connections")
      {
        self = .refusedByLimit
      } else {
        self = .unexplainedRefusal
      }
    } else if event.isText("login_failed") {
      self = outcome.isText("wrong_credentials") ? .failedLogin : .other
    } else {
      self = .unknown
    }
  }
}

/// A line as a JSON decoder reads it.
private struct DecodedLine: Decodable {
  let time: String
  let event: String
  let service: String
  let peer: String
  let outcome: String
  let proxy: String?
  let local: String?
  let tls: String?
  let user: String?
  let seconds: Double?

  var texts: [String?] { [time, event, service, peer, proxy, local, tls, user, outcome] }

  /// Nil for what is no length of time.
  var milliseconds: Int64? {
    guard let seconds, (0..<1e9).contains(seconds) else { return nil }
    return Int64((seconds * 1000).rounded())
  }
}
