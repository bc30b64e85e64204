import OceanBase
import Foundation
import Testing

/// Tests what stays in a server's memory, where a fault or the swap space might show it.
@Suite(.enabled(if: geteuid() == 0, "to read the memory of another process takes root"))
struct MemoryTests {
  private static let proxy = "127.91.0.1"

  /// `%` stands for the password, `|` for the end of a segment.
  @Test(arguments: [
    "USER anna\r\n|PASS %\r\n", "USER anna\r\nPASS %\r\nQUIT\r\n", "USER anna\r\n|PASS %|\r\n",
    "USER anna\r\n|PASS |%|\r\n", "USER anna\r\n|PASS %", "PASS %\r\n", "USER anna\r\nPASS %\0\r\n",
    "USER anna\r\nPASS %\(String(repeating: "x", count: 300))\r\n", "USER %\r\n|QUIT\r\n",
    "%\r\nAUTH PLAIN %\r\n",
    "PROXY TCP4 198.51.100.7 192.0.2.1 4711 110\r\nUSER anna\r\nPASS %\r\n",
  ])
  func `a password is overwritten wherever it came`(_ conversation: String) throws {
    let workspace = try Workspace()
    try workspace.writeConfig(service: ["proxy_from: [\(Self.proxy)]", "plaintext_login: always"])
    let server = try Server(workspace)
    let password = "Zq9-\(UInt64.random(in: 1 << 60...(1 << 61)))-left"
    let client = try server.client(from: conversation.hasPrefix("PROXY") ? Self.proxy : nil)
    if !conversation.hasPrefix("PROXY") { _ = try client.line() }
    for segment in conversation.split(separator: "|") {
      try client.send(segment.replacingOccurrences(of: "%", with: password))
    }
    client.closeSending()
    _ = try client.rest()
    client.close()
    try server.expectNowhere(password)
    try server.stop()
  }

  @Test func `of one that came over TLS nothing stays either, or that should have`() throws {
    let workspace = try Workspace()
    try workspace.makeCertificate()
    try workspace.writeTLSConfig("explicit: optional", login: "always")
    let server = try Server(workspace)
    let password = "Zq9-\(UInt64.random(in: 1 << 60...(1 << 61)))-left"
    try workspace.python(
      """
      for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
          context = trusting(MAIL_CRT)
          context.minimum_version = context.maximum_version = version
          s = context.wrap_socket(socket.create_connection((HOST, TLS)), server_hostname=NAME)
          s.sendall(b'USER anna\\r\\nPASS ' + ARGS[0].encode() + b'\\r\\nQUIT\\r\\n')
          while s.recv(4096): pass
      """, [password])
    let client = try server.client(port: Workspace.tlsPort)
    try client.send("USER anna\r\nPASS \(password)\r\n")
    _ = try client.rest()
    try server.expectNowhere(password)
    try server.stop()
  }

  /// The handshakes are hellos that are not finished, hellos that nothing follows, and hellos that announce
  /// too much.
  @Test func `a flood of handshakes costs little, and goes back to the system`() throws {
    let workspace = try Workspace()
    try workspace.makeCertificate()
    try workspace.writeConfig(
      server: ["limits: { connections_per_ip: 999 }"],
      service: ["max_connections: 1000", "tls: { implicit: [\(Workspace.tlsPort)] }"])
    try workspace.write(
      workspace.read("ocean.yaml")
        + "\ncertificates: { main: { chain: tls/\(Workspace.hostName).crt, key: tls/\(Workspace.hostName).key } }\n",
      to: "ocean.yaml")
    let server = try Server(workspace)
    let before = try server.residentKilobytes()
    let flood = try workspace.startPython(
      """
      context, out = ssl.create_default_context(), ssl.MemoryBIO()
      try: context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=NAME).do_handshake()
      except ssl.SSLWantReadError: hello = out.read()
      claim = b'\\x16\\x03\\x01\\x40\\x00\\x01\\x01\\xff\\xb8' + bytes(90)
      long = b'\\x16\\x03\\x01\\x40\\x00' + hello[5:] + bytes(16383 - len(hello) + 5)
      kept = []
      for number in range(400):
          s = socket.create_connection((HOST, TLS))
          s.sendall([hello[:10], hello, claim, long][number % 4])
          if number % 4 == 1: s.recv(65536)
          kept.append(s)
      print('there', flush=True)
      time.sleep(60)
      """)
    try eventually("the flood is there") { flood.output.contains("there") ? true : nil }
    let peak = try server.residentKilobytes()
    #expect(peak - before < 400 * 64, "\(before) KiB, then \(peak)")
    flood.signal(SIGKILL)
    try eventually("memory is given back: \(before) KiB, then \(peak)", within: 60) {
      try server.residentKilobytes() < before + (peak - before) / 3 + 2048 ? true : nil
    }
    try server.stop()
  }
}

extension Server {
  fileprivate func residentKilobytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    guard let size = line?.split(separator: " ").compactMap({ Int($0) }).first else {
      throw Failure("no VmRSS in \(status)")
    }
    return size
  }

  /// Waits until a text is nowhere in the memory that the process can write to.
  fileprivate func expectNowhere(_ text: String) throws {
    try eventually("nothing is left of the password") { try copies(of: text) == 0 ? true : nil }
  }

  private func copies(of text: String) throws -> Int {
    let memory = open("/proc/\(process.pid)/mem", O_RDONLY)
    guard memory >= 0 else { throw Failure("the memory of \(process.pid) cannot be read") }
    defer { close(memory) }
    let maps = try String(contentsOfFile: "/proc/\(process.pid)/maps", encoding: .utf8)
    let needle = Data(text.utf8)
    return maps.split(separator: "\n").reduce(0) { count, line in
      let words = line.split(separator: " ")
      let bounds = words[0].split(separator: "-").compactMap { Int($0, radix: 16) }
      guard words[1].hasPrefix("rw"), bounds.count == 2 else { return count }
      var bytes = Data(count: bounds[1] - bounds[0])
      let read = bytes.withUnsafeMutableBytes { pread(memory, $0.baseAddress, $0.count, bounds[0]) }
      let isThere = read > 0 && bytes.prefix(read).range(of: needle) != nil
      return isThere ? count + 1 : count
    }
  }
}
