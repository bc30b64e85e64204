import Glibc
import Logging
import OceanEngine
import OceanAddresses
import OceanControlAPI
import OceanPlan
import TestSupport
import Testing

/// Status, sessions and kick over several event loops.
@Suite struct ControlEngineTests {
  private static let count = 300

  private static func plan(state: String, port: Int) throws -> Plan {
    var limits = Plan.Limits()
    limits.connections = count
    limits.failureDelayMilliseconds = 0
    limits.outputOctets = 65_536
    var server = Plan.Server(hostname: "mail.example.org", state: state)
    server.drainSeconds = 0
    server.limits.connectionsPerIP = 2 * count
    let listener = Plan.Listener(address: IPAddress(v4: 0x7f00_0001), port: port, tls: .none)
    return Plan(
      server: server,
      log: .init(access: nil), accounts: [],
      mail: .init(maildir: try MailTemplate(parsing: "/nowhere/{user}")),
      services: [
        .init(
          name: "pop3", enabled: true, listeners: [listener], limits: limits, accounts: [],
          plaintextLogin: AddressSet.loopback)
      ])
  }

  private static func file(state: String, port: Int) throws -> PlanFile {
    try PlanFile(
      plan: try plan(state: state, port: port), inputs: [], provenance: Provenance(), rules: PlanRules())
  }

  /// Stands for plans at a control socket that is never asked about them.
  private struct NoPlans: PlanControl {
    func monitored() async -> MonitoredPlan { MonitoredPlan(file: "test") }
    func heldLists() -> [ServerStatus.HeldList] { [] }
    func isFileUnchanged() -> Bool { false }
    func policy() async -> Digest? { nil }
    private var refusal: PlanControlError { PlanControlError(.failed, "not here") }

    func apply(_: PlanFile, _: ApplyRequest, by _: UInt32) async throws -> ApplyReport { throw refusal }
    func confirm(_: ConfirmRequest, by _: UInt32) async throws -> ApplyReport { throw refusal }
    func rollback(_: RollbackRequest, by _: UInt32) async throws -> ApplyReport { throw refusal }
    func preview(_: RollbackRequest) async throws -> RollbackPreview { throw refusal }
    func history() async throws -> PlanHistory { throw refusal }
    func takenBack() async -> [RevertedPlan] { [] }
    func damagedFiles() async -> [DamagedFile] { [] }
    func unconfirmed() async -> UnconfirmedPlan? { nil }
    func source() async -> String { "ocean.yaml" }
  }

  @Test func `sessions of all loops are told and ended`() async throws {
    let temporary = try TemporaryDirectory()
    let directory = temporary.path
    let engine = try Engine(loops: 4, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    #expect(await engine.status(file: "ocean.yaml") == nil)
    let port = try freePort()
    _ = try await engine.apply(try Self.file(state: directory, port: port), identities: [:], expecting: nil)

    var clients = (0..<Self.count).map { _ in connected(to: port) }
    defer { for client in clients { close(client) } }
    #expect(clients.allSatisfy { firstByte(of: $0) == UInt8(ascii: "+") })
    let refused = connected(to: port)
    #expect(firstByte(of: refused) == UInt8(ascii: "-"))
    clients.append(refused)

    let all = await engine.sessions().sessions
    #expect(all.count == Self.count)
    #expect(all.map(\.id) == all.map(\.id).sorted())
    #expect(Set(all.map(\.id)).count == Self.count)
    #expect(all.allSatisfy { $0.peer == "127.0.0.1" && $0.state == .authorization && $0.user == nil })

    let status = try #require(await engine.status(file: "ocean.yaml"))
    #expect(status.services.map(\.sessions) == [Self.count])
    #expect(status.services.map(\.refused) == [1])
    #expect(status.services.first?.listeners.map(\.port) == [port])
    #expect(status.plan == (await engine.runningDigest))

    let some = Set(all.prefix(100).map(\.id))
    #expect(await engine.kick(.ids(some.union([999_999]))).ended == some.sorted())
    #expect(await engine.kick(.user("anna")).ended == [])
    #expect(await engine.kick(.peer(IPAddress(v4: 1))).ended == [])
    #expect(await engine.kick(.peer(IPAddress(v4: 0x7f00_0001))).ended.count == Self.count - 100)

    await engine.drain()
    let draining = try #require(await engine.status(file: "ocean.yaml"))
    #expect(draining.state == .draining)
    #expect(draining.services.map(\.listeners) == [[]])
    await engine.shutdown()
    withExtendedLifetime(temporary) {}
  }

  @Test func `the socket exists from serve to shutdown`() async throws {
    let temporary = try TemporaryDirectory()
    let directory = temporary.path
    let engine = try Engine(loops: 1, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    _ = try await engine.apply(
      try Self.file(state: directory, port: try freePort()), identities: [:], expecting: nil)
    let path = ControlPath.socket(in: directory)
    #expect(access(path, F_OK) != 0)
    try await engine.serveControl(NoPlans())
    #expect(access(path, F_OK) == 0)
    await engine.drain()
    #expect(access(path, F_OK) == 0)
    await engine.shutdown()
    #expect(access(path, F_OK) != 0)
    withExtendedLifetime(temporary) {}
  }

  @Test func `a path that is too long is an error`() async throws {
    let temporary = try TemporaryDirectory()
    let directory = temporary.path + "/" + String(repeating: "x", count: 100)
    mkdir(directory, 0o700)
    let engine = try Engine(loops: 1, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    _ = try await engine.apply(
      try Self.file(state: directory, port: try freePort()), identities: [:], expecting: nil)
    await #expect(throws: (any Error).self) { try await engine.serveControl(NoPlans()) }
    await engine.shutdown()
    withExtendedLifetime(temporary) {}
  }

  // MARK: - Support

  private struct SystemError: Error { let code = errno }

  private func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
      guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
      return bind(descriptor, base, size) == 0 ? getsockname(descriptor, base, &size) : -1
    }
    guard result == 0 else { throw SystemError() }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private func connected(to port: Int) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    let address = loopback(port: port)
    _ = withUnsafeBytes(of: address) {
      connect(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    return descriptor
  }

  private func firstByte(of descriptor: Int32) -> UInt8? {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, 0) == 1 ? byte : nil
  }
}
