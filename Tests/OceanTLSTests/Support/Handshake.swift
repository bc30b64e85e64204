import NIOCore
import OceanTLS
import Testing

/// Runs both ends of a handshake against each other.
///
/// - Returns: the result at each end; both `complete` and `done` if it worked.
func shakeHands(_ client: TestClient, _ server: TLSConnection) -> (
  client: TestClient.Result, server: TLSProgress
) {
  var result = (client: TestClient.Result.wantsMore, server: TLSProgress.incomplete)
  for _ in 0..<10 {
    result.client = client.handshake()
    let flight = client.takeOutput()
    if flight.readableBytes > 0 { server.receive(flight) }
    result.server = server.handshake()
    let answer = server.takeOutput()
    if answer.readableBytes > 0 { client.receive(answer) }
    if case .failed = result.server { break }
    if result.client == .done, result.server == .complete { break }
    if case .failed = result.client, answer.readableBytes == 0, flight.readableBytes == 0 { break }
  }
  // The alert or the ticket that came last.
  if result.client == .wantsMore { result.client = client.handshake() }
  if result.client == .done { _ = client.read() }
  return result
}

extension TLSConnection {
  static func presenting(_ identity: TLSIdentity) throws -> TLSConnection {
    let contexts = try TLSContextSet.of([identity])
    return try #require(TLSConnection(contexts: contexts))
  }
}
