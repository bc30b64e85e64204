package import OceanHost
import OceanAddresses
package import OceanReport
import OceanSyntax
package import OceanTLS

/// The certificates that a running server presented.
package struct CertPresentation {
  /// The certificates, as PEM.
  package let chain: [UInt8]
  /// The name that a client which connects like this looks for in the certificate.
  package let expected: CertificateName?
  package let connection: ServerConnection

  package init(of server: HostPort, name: String?, startTLS: Bool) throws(Failure) {
    let address = try? IPAddress(parsing: server.host)
    expected =
      name.flatMap { CertificateName(hostName: $0) } ?? address.map { .ip($0.bytes) }
      ?? CertificateName(hostName: server.host)
    let serverName: String? = if case .dns(let name) = expected { name } else { nil }
    guard let client = TLSClient(serverName: serverName) else {
      throw Failure("libssl cannot make a TLS client")
    }
    let connection = try POP3Connection(to: server)
    if startTLS { try connection.startTLS() }
    try connection.handshake(client)
    chain = client.presentedChain
    guard !chain.isEmpty else { throw Failure("\(server) presents no certificate") }
    self.connection = ServerConnection(
      serverName: serverName, version: client.version.map { "\($0)" } ?? "unknown",
      cipher: client.cipher ?? "unknown", isOutdated: client.version.map { $0 < .tls12 } ?? false)
  }
}
