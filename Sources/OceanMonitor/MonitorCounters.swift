/// What has happened to clients since the server started. Each event loop counts for itself, in plain numbers;
/// the counts are added up when somebody asks.
package struct MonitorCounters: Sendable, Hashable {
  package enum LoginResult: String, Sendable, CaseIterable {
    case ok, credentials, temporary
    case inUse = "in_use"
    case permanent
    case needsTLS = "needs_tls"
  }

  /// The counts of one service.
  package struct Service: Sendable, Hashable {
    package fileprivate(set) var implicitTLS = 0
    package fileprivate(set) var withoutTLS = 0
    /// By reason.
    package fileprivate(set) var refusals: [String: Int] = [:]
    package fileprivate(set) var logins: [Login: Int] = [:]

    package var connections: Int { implicitTLS + withoutTLS }
    package var refused: Int { refusals.values.reduce(0, +) }
    package var loginsOK: Int { logins.reduce(0) { $0 + ($1.key.result == .ok ? $1.value : 0) } }
    package var loginsFailed: Int { logins.values.reduce(0, +) - loginsOK }
  }

  package struct Login: Sendable, Hashable {
    package let mechanism: String
    package let result: LoginResult
  }

  package struct Handshake: Sendable, Hashable {
    /// Such as `1.3`; nil if none was agreed on.
    package let version: String?
    package let isResumed: Bool

    package init(version: String?, isResumed: Bool) {
      (self.version, self.isResumed) = (version, isResumed)
    }
  }

  /// By name.
  package private(set) var services: [String: Service] = [:]
  /// Commands that succeeded and that failed, by the number of the command.
  package private(set) var commands: [(ok: Int, failed: Int)] = []
  package private(set) var messagesRetrieved = 0
  package private(set) var retrievedBytes: UInt64 = 0
  package private(set) var messagesRemoved = 0
  package private(set) var removalsFailed = 0
  package private(set) var handshakes: [Handshake: Int] = [:]
  package private(set) var handshakesFailed = 0
  /// Wrong passwords that count against their address, and those that do not.
  package private(set) var countedFailures = 0
  package private(set) var uncountedFailures = 0
  package private(set) var loginDuration = Histogram()

  package init() {}

  package static func == (a: Self, b: Self) -> Bool {
    a.services == b.services && a.commands.elementsEqual(b.commands, by: ==)
      && a.messagesRetrieved == b.messagesRetrieved && a.retrievedBytes == b.retrievedBytes
      && a.messagesRemoved == b.messagesRemoved && a.removalsFailed == b.removalsFailed
      && a.handshakes == b.handshakes && a.handshakesFailed == b.handshakesFailed
      && a.countedFailures == b.countedFailures && a.uncountedFailures == b.uncountedFailures
      && a.loginDuration == b.loginDuration
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(services)
    hasher.combine(retrievedBytes)
  }

  // MARK: - Counting

  package mutating func connected(to service: String, implicitTLS: Bool) {
    if implicitTLS {
      services[service, default: Service()].implicitTLS &+= 1
    } else {
      services[service, default: Service()].withoutTLS &+= 1
    }
  }

  package mutating func refused(by service: String, _ reason: String) {
    services[service, default: Service()].refusals[reason, default: 0] &+= 1
  }

  package mutating func login(to service: String, _ mechanism: String, _ result: LoginResult) {
    let login = Login(mechanism: mechanism, result: result)
    services[service, default: Service()].logins[login, default: 0] &+= 1
  }

  package mutating func loginTook(nanoseconds: Int64) { loginDuration.add(nanoseconds: nanoseconds) }

  /// Counts a wrong password.
  ///
  /// - Parameter isCounted: whether it counts against the client's address.
  package mutating func wrongPassword(isCounted: Bool) {
    if isCounted { countedFailures &+= 1 } else { uncountedFailures &+= 1 }
  }

  /// - Parameter number: the command's place among the names of ``MonitorSnapshot/commandNames``.
  package mutating func command(_ number: Int, isOK: Bool) {
    while commands.count <= number { commands.append((0, 0)) }
    if isOK { commands[number].ok &+= 1 } else { commands[number].failed &+= 1 }
  }

  package mutating func sent(octets: UInt64, isWhole: Bool) {
    retrievedBytes &+= octets
    if isWhole { messagesRetrieved &+= 1 }
  }

  package mutating func removed(_ count: Int, failed: Int) {
    messagesRemoved &+= count
    removalsFailed &+= failed
  }

  package mutating func handshake(_ version: String, isResumed: Bool) {
    handshakes[Handshake(version: version, isResumed: isResumed), default: 0] &+= 1
  }

  package mutating func handshakeFailed() { handshakesFailed &+= 1 }

  // MARK: - Adding up

  /// Adds the counts of another loop.
  package mutating func add(_ other: Self) {
    for (name, service) in other.services {
      services[name, default: Service()].implicitTLS &+= service.implicitTLS
      services[name, default: Service()].withoutTLS &+= service.withoutTLS
      services[name, default: Service()].refusals.merge(service.refusals, uniquingKeysWith: &+)
      services[name, default: Service()].logins.merge(service.logins, uniquingKeysWith: &+)
    }
    while commands.count < other.commands.count { commands.append((0, 0)) }
    for (number, count) in other.commands.enumerated() {
      commands[number].ok &+= count.ok
      commands[number].failed &+= count.failed
    }
    messagesRetrieved &+= other.messagesRetrieved
    retrievedBytes &+= other.retrievedBytes
    messagesRemoved &+= other.messagesRemoved
    removalsFailed &+= other.removalsFailed
    handshakes.merge(other.handshakes, uniquingKeysWith: &+)
    handshakesFailed &+= other.handshakesFailed
    countedFailures &+= other.countedFailures
    uncountedFailures &+= other.uncountedFailures
    loginDuration.add(other.loginDuration)
  }
}

/// How long logins took, by upper bounds.
package struct Histogram: Sendable, Hashable {
  package init() {}

  /// In milliseconds; one more bucket has what took longer.
  package static let bounds: [Int64] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

  package private(set) var buckets = [Int](repeating: 0, count: bounds.count + 1)
  package private(set) var nanoseconds: Int64 = 0

  package var count: Int { buckets.reduce(0, +) }

  package mutating func add(nanoseconds: Int64) {
    let place = Self.bounds.firstIndex { nanoseconds <= $0 * 1_000_000 } ?? Self.bounds.count
    buckets[place] &+= 1
    self.nanoseconds &+= nanoseconds
  }

  mutating func add(_ other: Self) {
    for (place, count) in other.buckets.enumerated() { buckets[place] &+= count }
    nanoseconds &+= other.nanoseconds
  }
}
