import OceanHost
import OceanPlan
import OceanSyntax
import OceanTLS

/// What a running server answered.
struct CertPresentation {
  /// PEM.
  let chain: [UInt8]
  /// For SNI.
  let serverName: String?
  /// What a client that connects like this looks for in the certificate.
  let expected: CertificateName?
  let version: String
  let cipher: String
  private let isOutdated: Bool

  init(of server: CertServer, name: String?, startTLS: Bool) throws(Failure) {
    let address = try? IPAddress(parsing: server.host)
    expected =
      name.flatMap { CertificateName(hostName: $0) } ?? address.map { .ip($0.bytes) }
      ?? CertificateName(hostName: server.host)
    serverName = if case .dns(let name) = expected { name } else { nil }
    guard let client = TLSClient(serverName: serverName) else {
      throw Failure("libssl cannot make a client")
    }
    let connection = try ClientConnection(to: server)
    if startTLS { try connection.startTLS() }
    try connection.handshake(client)
    chain = client.presentedChain
    guard !chain.isEmpty else { throw Failure("\(server) presents no certificate") }
    version = client.version.map { "\($0)" } ?? "unknown"
    cipher = client.cipher ?? "unknown"
    isOutdated = client.version.map { $0 < .tls12 } ?? false
  }

  var problems: [CertProblem] {
    isOutdated ? [.init(.warning, "\(version) is all it speaks: current clients refuse it")] : []
  }
}
