import FoundationEssentials
import OceanAddresses
import OceanBase
import OceanPlan

/// Reads lines of access logs, and knows all names and addresses that have occurred in them. These take
/// memory by their number, and lines take none.
package struct LogReader: Sendable {
  private var services = NameTable()
  private var locals = NameTable()
  private var versions = NameTable()
  private var users = NameTable()
  private var addressTexts = NameTable()
  private var times = LogTimes()

  /// The address of each client and proxy.
  private(set) var clients: [IPAddress] = []
  private var clientByAddress: [IPAddress: Int] = [:]
  /// The client of each text; -1 for one that is not an address.
  private var clientByText: [Int] = []
  private(set) var routes: [LogRoute] = []
  private var routeNumbers: [LogRoute: Int] = [:]
  private var lastRoute: (route: LogRoute, number: Int)?

  package init() {}

  /// - Parameter line: without its end, or with it.
  package mutating func event(_ line: UnsafeRawBufferPointer) throws(LogLineFault) -> LogEvent {
    if let fields = LogFields(plain: line) { return try event(of: fields) }
    return try decoded(line)
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
      let texts = ranges.map { $0.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) } }
      var fields = LogFields()
      (fields.time, fields.event, fields.service) = (texts[0], texts[1], texts[2])
      (fields.peer, fields.outcome, fields.proxy) = (texts[3], texts[4], texts[5])
      (fields.local, fields.tls, fields.user) = (texts[6], texts[7], texts[8])
      fields.milliseconds = decoded.milliseconds
      return Result { () throws(LogLineFault) in try event(of: fields) }
    }
    return try result.get()
  }

  private mutating func event(of fields: LogFields) throws(LogLineFault) -> LogEvent {
    guard let timeText = fields.time, let eventText = fields.event, let service = fields.service,
      let peer = fields.peer, let outcome = fields.outcome, let time = times.milliseconds(timeText),
      let client = client(peer)
    else { throw .foreign }
    var proxy: Int?
    if let text = fields.proxy {
      guard let number = self.client(text) else { throw .foreign }
      proxy = number
    }
    let isHealthCheck = proxy == client && fields.user == nil
    let kind = LogEvent.Kind(eventText, outcome, isHealthCheck: isHealthCheck)
    let isLogin = fields.user != nil
    let route = LogRoute(
      service: services.number(of: service), proxy: proxy, local: fields.local.map { locals.number(of: $0) },
      tls: fields.tls.map { versions.number(of: $0) }, isLogin: isLogin, isHealthCheck: kind == .healthCheck)
    return LogEvent(
      kind, at: time.value, isCoarse: time.isCoarse, milliseconds: fields.milliseconds, client: client,
      route: number(of: route), user: fields.user.map { user($0, kind) })
  }

  private mutating func user(_ text: UnsafeRawBufferPointer, _ kind: LogEvent.Kind) -> UInt32 {
    if kind.isSession { return UInt32(truncatingIfNeeded: users.number(of: text)) }
    // Names that were only guessed are not kept.
    var hasher = Hasher()
    hasher.combine(bytes: text)
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }

  private mutating func client(_ text: UnsafeRawBufferPointer) -> Int? {
    let number = addressTexts.number(of: text)
    if number == clientByText.count {
      let address = try? IPAddress(parsing: String(decoding: text, as: UTF8.self))
      clientByText.append(address.map { client($0) } ?? -1)
    }
    return clientByText[number] < 0 ? nil : clientByText[number]
  }

  private mutating func client(_ address: IPAddress) -> Int {
    if let number = clientByAddress[address] { return number }
    clientByAddress[address] = clients.count
    clients.append(address)
    return clients.count - 1
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

  func connection(_ client: Int, _ route: Int) -> PastConnection {
    let route = routes[route]
    return PastConnection(
      service: services.text(route.service), client: clients[client], proxy: route.proxy.map { clients[$0] },
      local: route.local.flatMap { Endpoint(parsing: locals.text($0)) },
      tls: route.tls.flatMap { TLSVersion(parsing: versions.text($0)) }, isLoggedIn: route.isLogin)
  }
}

extension LogEvent.Kind {
  fileprivate init(_ event: UnsafeRawBufferPointer, _ outcome: UnsafeRawBufferPointer, isHealthCheck: Bool) {
    if event.isText("session") {
      self = isHealthCheck ? .healthCheck : outcome.isText("blocked") ? .blockedSession : .session
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

  var texts: [String?] { [time, event, service, peer, outcome, proxy, local, tls, user] }

  /// Nil for what is no length of time.
  var milliseconds: Int64? {
    guard let seconds, (0..<1e9).contains(seconds) else { return nil }
    return Int64((seconds * 1000).rounded())
  }
}
