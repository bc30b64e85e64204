import Foundation
import Logging
import OceanEngine
import OceanAddresses
import OceanControlAPI
import OceanPlan
import Synchronization
import Testing

/// Plan after plan is applied. Meanwhile clients that all plans allow log in, fetch their mail and quit, and
/// others, which only some plans allow, connect.
@Suite struct ApplyLoadTests {
  /// An address of this process alone: tests of another checkout may run at the same time.
  private static let host = IPAddress(v4: 0x7f90_0000 | UInt32(truncatingIfNeeded: getpid()) & 0xffff)
  private static let port = 21_110
  private static let otherPorts = 21_111...21_114
  /// Allowed by every plan.
  private static let load = (1...4).map { IPAddress(v4: 0x7f50_0000 | $0) }
  private static let strangers = (1...8).map { IPAddress(v4: 0x7f50_0100 | $0) }
  /// The users of sessions that last from the first plan to the last.
  private static let held = (0..<8).map { "held\($0)" }
  private static let users = load.indices.map { "user\($0)" }
  private static let mail = "Subject: one\r\n\r\n" + String(repeating: "a line of text\r\n", count: 500)

  @Test func `loses nobody and judges by the plan in force`() async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "ocean-load-\(UUID().uuidString)")
    try Self.makeMailboxes(in: directory)
    defer { try? FileManager.default.removeItem(at: directory) }
    var random = SystemRandomNumberGenerator()
    let engine = try Engine(loops: 2, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    var running = try Self.file(0, directory, &random)
    _ = try await engine.apply(running, identities: [:], expecting: nil)

    let held = try Self.held.map { user in
      let client = try Client(Self.host, Self.port, from: Self.load[0])
      try client.logIn(user)
      return client
    }
    let clients = Clients([running.plan])
    defer { _ = clients.stop() }
    for (user, address) in zip(Self.users, Self.load) {
      clients.start { try Self.session(user, from: address) }
    }
    for address in Self.strangers.prefix(2) + [Self.strangers[7]] {
      clients.start { [plans = clients.plans] in try Self.knock(from: address, plans) }
    }

    for number in 1...100 {
      let next = try Self.file(number, directory, &random)
      clients.plans.withLock { $0.append(next.plan) }
      let treatment = try #require(SessionTreatment.allCases.randomElement(using: &random))
      let result = try await engine.apply(
        next, identities: [:], expecting: running.digest, sessions: treatment)
      // All of them are welcome, whatever the plan; strangers may leave at any time.
      #expect(result.sessions.kept >= held.count)
      running = next
      _ = clients.plans.withLock { $0.removeFirst() }
      let ports = Set(running.plan.services.flatMap { $0.enabled ? $0.listeners.map(\.port) : [] })
      for port in Self.otherPorts {
        #expect(((try? Client(Self.host, port, from: Self.load[0])) != nil) == ports.contains(port))
      }
    }

    let counts = clients.stop()
    #expect(counts.problems == [])
    #expect(counts.finished > 100)
    for client in held {
      try client.expect("NOOP", "+OK")
      try client.expect("QUIT", "+OK")
    }
    await engine.drain()
    await engine.shutdown()
  }

  // MARK: - Plans

  private static func makeMailboxes(in directory: URL) throws {
    for user in held + users {
      for folder in ["new", "cur", "tmp"] {
        try FileManager.default.createDirectory(
          at: directory.appending(path: "mail/\(user)/\(folder)"), withIntermediateDirectories: true)
      }
    }
    for user in users {
      try Data(mail.replacing("\r\n", with: "\n").utf8)
        .write(to: directory.appending(path: "mail/\(user)/new/1700000000.M1P1.host"))
    }
    try Data((held + users).map { "\($0):{PLAIN}secret\n" }.joined().utf8)
      .write(to: directory.appending(path: "users.passwd"))
  }

  private static func file(
    _ number: Int, _ directory: URL, _ random: inout some RandomNumberGenerator
  ) throws -> PlanFile {
    func some(_ addresses: [IPAddress]) -> [AddressPattern] {
      addresses.filter { _ in Bool.random(using: &random) }.map { AddressPattern($0) }
    }
    let ports = otherPorts.shuffled(using: &random)
    let own = ports.prefix(Int.random(in: 0...2, using: &random))
    let others = ports.suffix(Int.random(in: 0...2, using: &random))
    let rules = Plan.Service.IPControl(
      defaultAction: Bool.random(using: &random) ? .allow : .refuse,
      blackList: .init(enabled: Bool.random(using: &random), addresses: AddressSet(some(strangers))),
      whiteList: .init(addresses: AddressSet(some(strangers) + load.map { AddressPattern($0) })))
    func service(_ name: String, _ ports: [Int], isEnabled: Bool) -> Plan.Service {
      var limits = Plan.Limits()
      limits.connections = Int.random(in: 100...1000, using: &random)
      limits.idleSeconds = Int.random(in: 60...600, using: &random)
      limits.failureDelayMilliseconds = 0
      limits.outputOctets = 65_536
      return Plan.Service(
        name: name, enabled: isEnabled,
        listeners: ports.map { Plan.Listener(address: host, port: $0, tls: .none) }.sorted(),
        limits: limits, accounts: ["main"], plaintextLogin: .all, ipControl: rules)
    }
    var server = Plan.Server(hostname: "h\(number).example.org", state: directory.path)
    server.drainSeconds = 0
    server.limits.connectionsPerIP = Int.random(in: 100...1000, using: &random)
    let plan = Plan(
      server: server,
      log: .init(access: nil),
      accounts: [.init(name: "main", passwdFile: directory.path + "/users.passwd")],
      mail: .init(maildir: try MailTemplate(parsing: directory.path + "/mail/{user}")),
      services: [
        service("other", Array(others), isEnabled: !others.isEmpty),
        service("pop3", [port] + own, isEnabled: true),
      ])
    return try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: PlanRules())
  }

  // MARK: - Clients

  /// One session in which every reply is known.
  private static func session(_ user: String, from address: IPAddress) throws {
    let client = try Client(host, port, from: address)
    try client.logIn(user)
    try client.expect("STAT", "+OK 1 \(mail.utf8.count)")
    try client.expect("RETR 1", "+OK")
    var lines = ""
    while true {
      let line = try client.line()
      if line == "." { break }
      lines += line + "\r\n"
    }
    guard lines == mail else { throw Client.Problem("another message of \(lines.utf8.count) octets") }
    try client.expect("QUIT", "+OK")
  }

  /// Connects, and must be treated in the way of one of the plans that were in force meanwhile.
  private static func knock(from address: IPAddress, _ running: borrowing Shared<[Plan]>) throws {
    let before = running.withLock { $0 }
    let greeting = try? Client(host, port, from: address).greeting
    let after = running.withLock { $0 }
    // While it waited for an answer, plans may have come and gone that are not known here.
    guard let newest = before.last, after.contains(newest) else { return }
    let expected = (before + after).map { plan -> String? in
      guard let service = plan.services.first(where: { $0.name == "pop3" }),
        AccessPolicy(service, of: plan.server, rules: PlanRules()).decide(address, isBlocked: false).isAllowed
      else { return nil }
      return "+OK \(plan.server.hostname) POP3 server ready"
    }
    guard expected.contains(greeting) else {
      throw Client.Problem("\(address): \(greeting ?? "refused"), not \(expected)")
    }
  }
}

/// A value that threads share.
private final class Shared<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func withLock<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
    value.withLock { value in body(&value) }
  }
}

/// Threads that do the same again and again, until they are stopped.
private final class Clients: Sendable {
  struct Counts: Sendable {
    var isOver = false
    var finished = 0
    var problems: [String] = []
  }

  /// The plans that may be in force: one and, while it is being replaced, the next.
  let plans: Shared<[Plan]>
  private let counts = Shared(Counts())
  private let threads = DispatchGroup()

  init(_ plans: [Plan]) { self.plans = Shared(plans) }

  func start(_ body: @escaping @Sendable () throws -> Void) {
    threads.enter()
    Thread.detachNewThread { [self] in
      while !counts.withLock({ $0.isOver || $0.problems.count > 10 }) {
        do {
          try body()
          counts.withLock { $0.finished += 1 }
        } catch {
          counts.withLock { $0.problems.append("\(error)") }
        }
      }
      threads.leave()
    }
  }

  func stop() -> Counts {
    counts.withLock { $0.isOver = true }
    threads.wait()
    return counts.withLock { $0 }
  }
}

/// A POP3 client that has read its greeting.
private final class Client {
  struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  private let descriptor: Int32
  private var input: [UInt8] = []
  private(set) var greeting = ""

  init(_ server: IPAddress, _ port: Int, from source: IPAddress) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    guard Self.with(source, 0, { bind(descriptor, $0, $1) }) == 0,
      Self.with(server, port, { connect(descriptor, $0, $1) }) == 0
    else { throw Problem("cannot connect to \(port): \(errno)") }
    greeting = try line()
  }

  deinit { close(descriptor) }

  private static func with(
    _ address: IPAddress, _ port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var storage = sockaddr_in()
    storage.sin_family = sa_family_t(AF_INET)
    storage.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    storage.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.value).bigEndian
    return withUnsafePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  func line() throws -> String {
    var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      if let end = input.firstIndex(of: UInt8(ascii: "\n")) {
        defer { input.removeFirst(end + 1) }
        return String(decoding: input[..<end].dropLast(), as: UTF8.self)
      }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { throw Problem(count == 0 ? "closed" : "no answer: \(errno)") }
      input += buffer[..<count]
    }
  }

  func command(_ text: String) throws -> String {
    let bytes = Array("\(text)\r\n".utf8)
    guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw Problem("cannot send: \(errno)")
    }
    return try line()
  }

  func expect(_ command: String, _ beginning: String) throws {
    let reply = try self.command(command)
    guard reply.hasPrefix(beginning) else { throw Problem("\(command): \(reply)") }
  }

  func logIn(_ user: String) throws {
    try expect("USER \(user)", "+OK")
    try expect("PASS secret", "+OK")
  }
}
