import OceanBase
import OceanHost
import OceanPlan
import OceanTLS
import TestSupport
import Testing

@testable import OceanClient

@Suite struct HostPortTests {
  @Test(
    arguments: [
      ("mail.example.org:995", "mail.example.org", "995"), ("127.0.0.1:1", "127.0.0.1", "1"),
      ("[2001:db8::1]:65535", "2001:db8::1", "65535"),
    ])
  func `parses`(_ text: String, _ host: String, _ port: String) {
    let parsed = HostPort(text)
    #expect(parsed?.host == host)
    #expect(parsed?.port == port)
    #expect(parsed?.description == text)
  }

  @Test(arguments: [
    "", "mail", ":995", "mail:", "mail:65536", "mail:+99", "mail:pop3", "2001:db8::1:995", "a/b:995",
  ])
  func `refuses`(_ text: String) {
    #expect(HostPort(text) == nil)
  }
}

@Suite struct POP3ConnectionTests {
  private func connect(_ answers: String...) throws -> (POP3Connection, Answerer) {
    let server = try Answerer(answers)
    return (try POP3Connection(to: try #require(HostPort(server.address))), server)
  }

  private func message(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? Failure)?.message }
    return nil
  }

  @Test func `asks and is answered`() throws {
    let (connection, server) = try connect("+OK hello\r\n", "+OK go on\r\n")
    try connection.greet()
    #expect(try connection.command(SecretBytes(copying: "USER anna".utf8)) == "+OK go on")
    #expect(server.text == "USER anna\r\n")
  }

  @Test func `what the server says is made safe to show`() throws {
    let (connection, server) = try connect("-ERR \u{1b}[31mred\r\n")
    #expect(
      message { try connection.greet() }
        == "\(server.address) does not greet like a POP3 server: -ERR \\u{1b}[31mred")
  }

  @Test func `a server that hangs up`() throws {
    let (connection, server) = try connect("+OK hello\r\n", "")
    try connection.greet()
    #expect(
      message { _ = try connection.command(SecretBytes(copying: "NOOP".utf8)) }
        == "\(server.address) closed the connection")
  }

  @Test func `a line without end is not read forever`() throws {
    let (connection, server) = try connect(String(repeating: "x", count: 4096))
    #expect(message { try connection.greet() } == "\(server.address) does not speak POP3")
  }

  @Test func `clear text where TLS is expected`() throws {
    let (connection, server) = try connect("+OK hello\r\n", "")
    let client = try #require(TLSClient(serverName: nil))
    #expect(
      message { try connection.handshake(client) }
        == "\(server.address) greets in clear text; --starttls asks for TLS first")
  }

  @Test func `nobody listens`() throws {
    // Nobody uses the port of tcpmux.
    let server = try #require(HostPort("127.0.0.1:1"))
    #expect(
      message { _ = try POP3Connection(to: server) } == "cannot connect to 127.0.0.1:1: Connection refused")
  }
}

/// Tests what a command says about a server that cannot be asked, or refuses.
@Suite struct ControlClientTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private var path: String { "\(directory.path)/control.sock" }

  private func failure(_ answer: String?) throws -> Failure? {
    let server = try answer.map { try Answerer(path: path, [$0], end: "\r\n\r\n") }
    defer { withExtendedLifetime(server) {} }
    do {
      _ = try ControlClient(path: path).status()
    } catch {
      return error
    }
    return nil
  }

  private func response(_ status: String, _ body: String) -> String {
    "HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)"
  }

  @Test func `no server is known to be none`() throws {
    let failure = try failure(nil)
    #expect(failure?.kind == .noServer)
    #expect(failure?.message.hasPrefix("no server is running: nothing listens on \(path)") == true)
  }

  @Test func `a stale plan is told apart`() throws {
    let failure = try failure(response("409 Conflict", #"{"format_version":1,"error":"another plan runs"}"#))
    #expect(failure?.kind == .stale)
    #expect(failure?.message == "the server refuses: another plan runs")
  }

  @Test func `a refusal without a reason`() throws {
    let failure = try failure(response("500 Internal Server Error", "oops"))
    #expect(failure?.kind == .other)
    #expect(failure?.message == "the server refuses: 500 Internal Server Error")
  }

  @Test func `an answer that is none`() throws {
    let failure = try failure(response("200 OK", "{}"))
    #expect(failure?.message.hasPrefix("cannot read the server's answer: ") == true)
  }

  @Test func `a server that hangs up`() throws {
    let failure = try failure("")
    #expect(failure?.message.hasPrefix("the server closed the connection without an answer: ") == true)
  }
}
