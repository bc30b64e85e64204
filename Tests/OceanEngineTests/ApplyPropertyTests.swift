import Glibc
import Logging
import OceanEngine
import OceanAddresses
import OceanPlan
import TestSupport
import Testing

/// An engine that went from plan to plan answers like one that has only run the last of them, and what it did
/// is what the diff says.
@Suite struct ApplyPropertyTests {
  /// The addresses on which plans listen, and below, the sources of connections.
  private static let addresses = (1...2).map { IPAddress(v4: 0x7f4d_0000 | $0) }
  private static let ports = [21_110, 21_111, 21_112]
  private static let sources = (0..<4).map { IPAddress(v4: 0x7f4e_0000 | $0 << 6 | 1) }

  private static func set(_ random: inout SeededGenerator) -> AddressSet {
    AddressSet(
      (0..<Int.random(in: 0...2, using: &random)).map { _ in
        AddressPattern(
          IPPrefix(
            sources.randomElement(using: &random) ?? sources[0],
            length: Int.random(in: 24...32, using: &random)))
      })
  }

  /// A plan of services with random sockets, no two of which are the same.
  ///
  /// - Parameter isRich: whether everything else is random, too: TLS without certificates, which cannot run.
  private static func plan(_ random: inout SeededGenerator, state: String, isRich: Bool = false) throws
    -> Plan
  {
    var free = addresses.flatMap { address in
      ports.map { port in
        Plan.Listener(
          address: address, port: port, tls: isRich && Bool.random(using: &random) ? .implicit : .none)
      }
    }.shuffled(using: &random)
    let services = ["a", "b", "c"].compactMap { name -> Plan.Service? in
      guard Int.random(in: 0..<5, using: &random) > 0 else { return nil }
      let listeners = (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in free.popLast() }
      var limits = Plan.Limits()
      limits.connections = isRich ? Int.random(in: 1...3, using: &random) : 100
      limits.failureDelayMilliseconds = 0
      limits.outputOctets = 65_536
      return Plan.Service(
        name: name, enabled: Int.random(in: 0..<6, using: &random) > 0,
        listeners: listeners.sorted(),
        limits: limits, accounts: [], plaintextLogin: isRich ? set(&random) : .all,
        tls: isRich && Bool.random(using: &random)
          ? .init(
            explicit: Bool.random(using: &random) ? .optional : .off, certificates: ["main"],
            profile: .modern) : nil,
        ipControl: .init(
          defaultAction: Int.random(in: 0..<3, using: &random) > 0 ? .allow : .refuse,
          blackList: .init(enabled: Int.random(in: 0..<4, using: &random) > 0, addresses: set(&random)),
          whiteList: .init(enabled: Int.random(in: 0..<4, using: &random) > 0, addresses: set(&random))))
    }
    var server = Plan.Server(
      hostname: "h\(Int.random(in: 0..<1000, using: &random)).example.org", state: state)
    server.drainSeconds = 0
    return Plan(
      server: server,
      log: .init(access: nil), accounts: [],
      mail: .init(maildir: try MailTemplate(parsing: "/nowhere/{user}")),
      services: services)
  }

  private enum Answer: Equatable {
    case nobodyListens
    case closed
    case greeting(String)
  }

  /// The answer to a connection by the plan itself.
  private static func expected(_ plan: Plan, _ endpoint: Endpoint, from source: IPAddress) throws -> Answer {
    guard let service = plan.way(to: .endpoint(endpoint))?.service else { return .nobodyListens }
    let decision = AccessPolicy(service, of: plan.server, rules: PlanRules()).decide(source, isBlocked: false)
    return decision.isAllowed ? .greeting("+OK \(plan.server.hostname) POP3 server ready\r\n") : .closed
  }

  private static func ask(_ endpoint: Endpoint, from source: IPAddress) -> Answer {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    func with(_ address: IPAddress, _ port: Int, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32)
      -> Int32
    {
      var storage = sockaddr_in()
      storage.sin_family = sa_family_t(AF_INET)
      storage.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
      storage.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.value).bigEndian
      return withUnsafeBytes(of: storage) { bytes in
        guard let base = bytes.baseAddress else { return -1 }
        return call(descriptor, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
      }
    }
    guard with(source, 0, bind) == 0, with(endpoint.address, endpoint.port, connect) == 0 else {
      return .nobodyListens
    }
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? .greeting(String(decoding: buffer[..<count], as: UTF8.self)) : .closed
  }

  @Test(arguments: 0..<6) func `behaves like the last plan`(_ seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let temporary = try TemporaryDirectory()
    let directory = temporary.path
    // Tests run side by side, also with those of another checkout: each has addresses of its own.
    let shift = IPAddress(v4: UInt32(seed) << 8 | (UInt32(truncatingIfNeeded: getpid()) % 60) << 2)
    func own(_ address: IPAddress) -> IPAddress {
      IPAddress(v4: UInt32(truncatingIfNeeded: address.value | shift.value))
    }

    let engine = try Engine(loops: 2, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    var running: PlanFile?
    for _ in 0..<50 {
      var plan = try Self.plan(&random, state: directory)
      for index in plan.services.indices {
        for place in plan.services[index].listeners.indices {
          plan.services[index].listeners[place].address = own(plan.services[index].listeners[place].address)
        }
      }
      let file = try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: PlanRules())
      let announced = Plan.diff(running?.plan, plan)
      let result = try await engine.apply(file, identities: [:], expecting: running?.digest)
      #expect(result.changes == announced)
      running = file
      for address in Self.addresses.map(own) {
        for port in Self.ports {
          let endpoint = Endpoint(address: address, port: port)
          for source in Self.sources {
            let expected = try Self.expected(plan, endpoint, from: source)
            var answer = Self.ask(endpoint, from: source)
            // A process that another test has just forked may hold a closed socket for a moment.
            if expected == .nobodyListens, answer == .closed { answer = Self.ask(endpoint, from: source) }
            #expect(answer == expected, "\(endpoint) from \(source)")
          }
        }
      }
    }
    await engine.drain()
    await engine.shutdown()
    withExtendedLifetime(temporary) {}
  }

  /// The state that a plan leads to, as the sum of the changes up to it.
  private struct Model {
    struct Socket: Equatable {
      var service: String
      var tls: String
    }
    var sockets: [Endpoint: Socket] = [:]
    var values: [String: Plan.Setting.Value] = [:]
    /// The listeners of every service; for a service that is switched on, its sockets show their changes.
    var listeners: [String: Plan.Setting.Value] = [:]

    init(_ plan: Plan?) {
      guard let plan else { return }
      for service in plan.services {
        let texts = service.listeners.map { $0.tls == .none ? "\($0)" : "\($0) TLS" }
        listeners[Self.path(service)] = .text(texts.joined(separator: ", "))
      }
      for (listener, service) in plan.activeListeners {
        sockets[listener.endpoint] = Socket(service: service, tls: listener.tls.rawValue)
      }
      for setting in plan.settings where listeners[setting.path.description] == nil {
        values[setting.path.description] = setting.value
      }
    }

    private static func path(_ service: Plan.Service) -> String { "services.\(service.name).listeners" }

    func isThat(of plan: Plan) -> Bool {
      let other = Model(plan)
      return sockets == other.sockets && values == other.values
        && plan.services.filter { !$0.enabled }.map(Self.path).allSatisfy {
          listeners[$0] == other.listeners[$0]
        }
    }

    /// - Returns: whether that can be done here.
    mutating func perform(_ change: Change) -> Bool {
      switch change {
      case .opened(let listener, let service):
        let socket = Socket(service: service, tls: listener.tls.rawValue)
        return sockets.updateValue(socket, forKey: listener.endpoint) == nil
      case .closed(let listener, let service):
        return sockets.removeValue(forKey: listener.endpoint)?.service == service
      case .handedOver(let listener, let old, let new):
        defer { sockets[listener.endpoint]?.service = new }
        return sockets[listener.endpoint]?.service == old
      case .setting(let place, let before, let after):
        let path = place.description
        let isSocket = path.hasSuffix(".tls")
        for (endpoint, socket) in isSocket ? sockets : [:]
        where path == "services.\(socket.service).listeners.\(endpoint).tls" {
          guard before == .text(socket.tls), case .text(let tls)? = after else { return false }
          sockets[endpoint]?.tls = tls
          return true
        }
        if path.hasSuffix(".listeners") {
          defer { listeners[path] = after }
          return listeners[path] == before
        }
        defer { values[path] = after }
        return values[path] == before
      }
    }
  }

  /// Whether a client may connect, by the definition.
  private static func isAllowed(_ peer: IPAddress, by control: Plan.Service.IPControl) -> Bool {
    if control.whiteList.enabled, control.whiteList.addresses.contains(peer) { return true }
    if control.blackList.enabled, control.blackList.addresses.contains(peer) { return false }
    return control.defaultAction == .allow
  }

  /// Carrying out the list of changes one by one turns one plan into the other. Decisions about addresses are
  /// those of a fresh server, though the policy takes over from the one before what has not changed.
  @Test(arguments: 0..<6) func `changes make one plan of the other`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: ~seed)
    var running: Plan?
    var policies: [String: AccessPolicy] = [:]
    for _ in 0..<500 {
      let plan = try Self.plan(&random, state: "/nowhere", isRich: true)
      var model = Model(running)
      for change in Plan.diff(running, plan) {
        let isPossible = model.perform(change)
        #expect(isPossible, "\(change)")
      }
      #expect(model.isThat(of: plan))

      let known = Array(policies.values)
      policies = [:]
      for service in plan.services where service.enabled {
        let policy = AccessPolicy(service, of: plan.server, rules: PlanRules(), reusing: known)
        policies[service.name] = policy
        let before = running?.services.first { $0.name == service.name && $0.enabled }?.ipControl.allowed
        let newlyAllowed = service.ipControl.allowed.subtracting(before ?? AddressSet())
        let newlyRefused = before?.subtracting(service.ipControl.allowed) ?? AddressSet()
        for source in Self.sources + [IPAddress(v4: 0), IPAddress(v6: 1)] {
          let isAllowed = Self.isAllowed(source, by: service.ipControl)
          let wasAllowed = before?.contains(source) ?? false
          // One expectation for several values costs a fraction of several expectations.
          #expect(
            [
              policy.decide(source, isBlocked: false).isAllowed, newlyAllowed.contains(source),
              newlyRefused.contains(source),
            ] == [isAllowed, isAllowed && !wasAllowed, wasAllowed && !isAllowed])
        }
      }
      running = plan
    }
  }
}
