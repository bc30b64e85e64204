import OceanBase
import NIOCore
@testable import OceanTLS

/// The TLS handler, between the octets of any client and a session that answers.
///
/// The first octet says how the channel and the session behave, and how it ends; the second, where the input
/// is cut; the third, where it comes from. If that is zero, the client sends the rest of the input and
/// nothing else. Otherwise libssl's own client shakes hands and sends; its octets are damaged at the place
/// that the next two octets give, with the rest of the input.
@_cdecl("fuzz_tls")
func fuzzTLS(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  guard bytes.count >= 5 else { return 0 }
  let run = TLSRun(options: bytes[0], seed: bytes[1])
  if bytes[2] == 0 {
    run.receive(Array(bytes[3...]))
  } else {
    let damage = Damage(
      kind: bytes[2], position: Int(bytes[3]) << 8 | Int(bytes[4]), octets: Array(bytes[5...]))
    run.converse(damage)
  }
  run.end()
  return 0
}

/// Makes everything that all inputs share, before the first input.
@_cdecl("fuzz_tls_prepare")
func fuzzTLSPrepare() {
  // A connection that works leaves a ticket for later ones.
  for version in [TLSVersion.tls12, .tls13] { precondition(Peers.session(of: version) != nil) }
}

/// A change at one place of a client's octets.
struct Damage {
  enum Kind: CaseIterable { case none, replace, insert, remove, cutOff }

  let kind: Kind
  private let octets: [UInt8]
  /// How many more octets pass unchanged.
  private var distance: Int
  private var isDone = false

  init(kind: UInt8, position: Int, octets: [UInt8]) {
    self.kind = Kind.allCases[Int(kind) % Kind.allCases.count]
    self.octets = octets
    distance = position
  }

  /// Changes the next flight.
  mutating func change(_ flight: [UInt8]) -> [UInt8] {
    guard kind != .none else { return flight }
    if isDone { return kind == .cutOff ? [] : flight }
    guard distance < flight.count else {
      distance -= flight.count
      return flight
    }
    isDone = true
    let (before, behind) = (flight[..<distance], flight[distance...])
    switch kind {
    case .none: return flight
    case .replace: return Array(before + octets.prefix(behind.count) + behind.dropFirst(octets.count))
    case .insert: return Array(before + octets + behind)
    case .remove: return Array(before + behind.dropFirst(octets.count))
    case .cutOff: return Array(before)
    }
  }
}

/// The certificates that servers present, and the sessions that clients keep.
enum Peers {
  static let contexts: TLSContextSet = {
    guard let tickets = try? TicketKeys(now: 0),
      let set = try? TLSContextSet([
        .init(names: [], context: context("mail.example.org", tickets)),
        .init(names: ["*.example.net"], context: context("*.example.net", tickets)),
      ])
    else { preconditionFailure("no contexts") }
    return set
  }()

  private static func context(_ name: String, _ tickets: TicketKeys) throws -> TLSContext {
    guard let key = PrivateKey.generate(.ecP256),
      let certificate = CertificateRequest(names: [.dns(name)]).selfSigned(
        by: key, from: 0, to: .init(Int32.max))
    else { preconditionFailure("no certificate") }
    return try TLSContext(
      identities: [TLSIdentity(chain: [certificate], key: key)], profile: .intermediate, tickets: tickets)
  }

  nonisolated(unsafe) private static var sessions: [TLSVersion: ClientSession] = [:]

  /// A session that can be resumed.
  static func session(of version: TLSVersion) -> ClientSession? {
    if sessions[version] == nil {
      guard let server = TLSConnection(contexts: contexts) else { return nil }
      let client = TestClient(.init(versions: version...version))
      for _ in 0..<3 {
        _ = client.handshake()
        server.receive(client.takeOutput())
        _ = server.handshake()
        client.receive(server.takeOutput())
      }
      precondition(client.handshake() == .done)
      _ = client.read()
      sessions[version] = client.session
    }
    return sessions[version]
  }
}
