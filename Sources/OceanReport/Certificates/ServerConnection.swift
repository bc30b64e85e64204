/// The result of a TLS handshake between a server and a client.
package struct ServerConnection {
  /// The name sent for SNI.
  package let serverName: String?
  package let version: String
  package let cipher: String
  /// Whether current clients refuse this version of TLS.
  package let isOutdated: Bool

  package init(serverName: String?, version: String, cipher: String, isOutdated: Bool) {
    self.serverName = serverName
    self.version = version
    self.cipher = cipher
    self.isOutdated = isOutdated
  }

  package var problems: [CertProblem] {
    isOutdated ? [.init(.warning, "\(version) is all it speaks: current clients refuse it")] : []
  }
}
