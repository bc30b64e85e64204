import Foundation
import Testing

/// A workspace whose server speaks TLS, and programs that speak it with the server.
extension Workspace {
  static let tlsPort = 1995
  static let hostName = "mail.example.org"

  /// Makes `NAME.key` and `NAME.crt` in a directory.
  func makeCertificate(_ name: String = hostName, in folder: String = "tls") throws {
    let made = try ocean("cert", "new", name, "--out", path(folder))
    guard made.status == .exited(0) else { throw Failure("ocean cert new: \(made.errorOutput)") }
  }

  func certificate(_ name: String = hostName) -> String { path("tls/\(name).crt") }

  /// Writes the config with certificates, which the service names in that order.
  func writeTLSConfig(
    _ settings: String = "explicit: required", login: String = "never", idleTimeout: String = "10m",
    names: [String] = [hostName], maxConnections: Int = 200
  ) throws {
    let indexes = names.indices.map { "c\($0)" }.joined(separator: ", ")
    try writeConfig(service: [
      "plaintext_login: \(login)", "idle_timeout: \(idleTimeout)", "max_connections: \(maxConnections)",
      "tls: { implicit: [\(Self.tlsPort)], certificate: [\(indexes)], \(settings) }",
    ])
    let certificates = names.enumerated().map {
      "  c\($0): { chain: tls/\($1).crt, key: tls/\($1).key }\n"
    }
    try write(read("ocean.yaml") + "\ncertificates:\n" + certificates.joined(), to: "ocean.yaml")
  }

  // MARK: - Clients

  /// Starts a Python program that knows `HOST`, `SECRET`, `MAIL_CRT` and the functions below.
  func startPython(_ script: String, _ arguments: [String] = []) throws -> Command {
    let known = [address, Self.secret, certificate()]
    return try Command("python3", ["-c", Self.prelude + script] + known + arguments, directory: directory)
  }

  /// Runs a Python program to its end, which must be a good one.
  @discardableResult
  func python(
    _ script: String, _ arguments: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let command = try startPython(script, arguments)
    try command.wait(within: 60)
    #expect(command.status == .exited(0), "\(command.errorOutput)", sourceLocation: sourceLocation)
    return command.output
  }

  private static let prelude = """
    import os, poplib, socket, ssl, sys, time
    HOST, SECRET, MAIL_CRT, *ARGS = sys.argv[1:]
    PLAIN, TLS, NAME = \(port), \(tlsPort), '\(hostName)'

    # Verifies the certificate, and the name in it.
    def trusting(file):
        context = ssl.create_default_context(cafile=file)
        return context

    def trusting_all():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    # Sends what it is told to, octet by octet.
    class Client:
        def __init__(self, port):
            self.socket = socket.create_connection((HOST, port), 20)

        def start_tls(self, context, name=NAME):
            self.socket = context.wrap_socket(self.socket, server_hostname=name)

        def send(self, text):
            self.socket.sendall(text.encode())

        def line(self):
            line = b''
            while not line.endswith(b'\\r\\n'):
                octet = self.socket.recv(1)
                assert octet, f'closed after {line!r}'
                line += octet
            return line[:-2].decode()

        def command(self, text):
            self.send(text + '\\r\\n')
            return self.line()

        def expect(self, text, start):
            reply = self.command(text)
            assert reply.startswith(start), f'{text[:4]}: {reply}'

        def capabilities(self):
            self.expect('CAPA', '+OK')
            lines = []
            while (line := self.line()) != '.': lines.append(line)
            return lines

        def log_in(self):
            self.expect('USER anna', '+OK')
            self.expect('PASS ' + SECRET, '+OK')

    def over_tls(context=None, name=NAME):
        client = Client(TLS)
        client.start_tls(context or trusting(MAIL_CRT), name)
        assert client.line().startswith('+OK'), 'greeting'
        return client

    def greeted():
        client = Client(PLAIN)
        assert client.line().startswith('+OK'), 'greeting'
        return client


    """

  /// Shakes hands, says QUIT, and prints the outcome.
  func sClient(_ options: [String], port: Int = tlsPort) throws -> Command {
    let command = try Command(
      "openssl",
      ["s_client", "-connect", "\(address):\(port)", "-CAfile", certificate(), "-crlf", "-ign_eof"] + options,
      input: "QUIT\n", directory: directory)
    try command.wait()
    return command
  }
}
