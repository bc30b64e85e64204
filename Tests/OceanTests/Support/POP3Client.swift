import Foundation

/// A POP3 client that does what it is told, byte by byte, and never waits for ever.
final class POP3Client {
  private var socket: Int32
  private var received: [UInt8] = []
  private var start = 0

  /// - Parameters:
  ///   - source: the address to connect from.
  ///   - receiveBuffer: octets the kernel may hold for a client that does not read.
  init(_ address: String, port: Int, from source: String? = nil, receiveBuffer: Int32? = nil) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw Failure("no socket: \(String(cString: strerror(errno)))") }
    if var size = receiveBuffer {
      setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    if let source { _ = Self.withAddress(source, 0) { bind(socket, $0, $1) } }
    guard Self.withAddress(address, port, { connect(socket, $0, $1) }) == 0 else {
      let code = errno
      close()
      throw ConnectError(code: code)
    }
  }

  struct ConnectError: Error {
    let code: Int32
  }

  deinit { close() }

  func close() {
    if socket >= 0 { Glibc.close(socket) }
    socket = -1
  }

  /// Closes with a reset instead of an orderly end.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Says that nothing more will be sent.
  func closeSending() { shutdown(socket, Int32(SHUT_WR)) }

  static func withAddress<R>(
    _ address: String, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R {
    var storage = sockaddr_in()
    storage.sin_family = sa_family_t(AF_INET)
    storage.sin_port = in_port_t(port).bigEndian
    inet_pton(AF_INET, address, &storage.sin_addr)
    return withUnsafePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  // MARK: - Bytes

  /// Sends all bytes. If the server has closed the connection this does not fail: reading will tell.
  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// - Returns: false at the end of the stream, orderly or not.
  private func receive(by deadline: ContinuousClock.Instant) throws -> Bool {
    var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    while true {
      let rest = ContinuousClock.now.duration(to: deadline) / Duration.milliseconds(1)
      let ready = Glibc.poll(&poll, 1, Int32(max(0, rest.rounded(.up))))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else {
        throw Failure("no answer; so far: \(String(decoding: received[start...], as: UTF8.self))")
      }
      break
    }
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    let count = recv(socket, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    if start > 0, start == received.count {
      received.removeAll(keepingCapacity: true)
      start = 0
    }
    received += buffer[..<count]
    return true
  }

  // MARK: - Lines

  /// The next line without its CRLF, as bytes; nil at the end of the stream.
  func bytesOfLine(within seconds: Double = 30) throws -> [UInt8]? {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var searched = start
    while true {
      if let end = received[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = received[start..<end]
        start = end + 1
        guard line.last == UInt8(ascii: "\r") else { throw Failure("a line ends in a bare LF") }
        return Array(line.dropLast())
      }
      let pending = received.count - start
      guard try receive(by: deadline) else {
        guard start == received.count else { throw Failure("closed in the middle of a line") }
        return nil
      }
      searched = start + pending
    }
  }

  /// The next line.
  func line(within seconds: Double = 30) throws -> String {
    guard let line = try bytesOfLine(within: seconds) else { throw Failure("closed instead of an answer") }
    return String(decoding: line, as: UTF8.self)
  }

  /// The rest of a multi-line reply up to its terminator, without dot-stuffing, line ends as CRLF.
  func body(within seconds: Double = 60) throws -> [UInt8] {
    var body: [UInt8] = []
    while true {
      guard let line = try bytesOfLine(within: seconds) else {
        throw Failure("closed in the middle of a reply")
      }
      if line == [UInt8(ascii: ".")] { return body }
      body += line.first == UInt8(ascii: ".") ? line.dropFirst() : line[...]
      body += [13, 10]
    }
  }

  /// Everything up to the end of the stream, which must come.
  func rest(within seconds: Double = 30) throws -> String {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try receive(by: deadline) {}
    defer { start = received.count }
    return String(decoding: received[start...], as: UTF8.self)
  }

  // MARK: - Commands

  /// Sends a line and reads the first line of its reply.
  func command(_ line: String, within seconds: Double = 30) throws -> String {
    try send(line + "\r\n")
    return try self.line(within: seconds)
  }

  /// Does the same as `command`; the reply must be +OK.
  @discardableResult
  func ok(_ line: String, within seconds: Double = 30) throws -> String {
    let reply = try command(line, within: seconds)
    guard reply.hasPrefix("+OK") else { throw Failure("\(line.prefix(4)): \(reply)") }
    return reply
  }

  /// - Returns: the last reply, to PASS.
  func logIn(_ user: String = "anna", _ password: String = Workspace.secret, within seconds: Double = 30)
    throws -> String
  {
    _ = try command("USER \(user)", within: seconds)
    return try command("PASS \(password)", within: seconds)
  }

  func retrieve(_ number: Int) throws -> [UInt8] {
    try ok("RETR \(number)")
    return try body()
  }
}

/// Binds a socket of the test itself.
func bindSocket(_ fd: Int32, to address: String, port: Int) -> Bool {
  POP3Client.withAddress(address, port) { bind(fd, $0, $1) } == 0
}

extension POP3Client {
  /// A thread that sends until everything is sent or the connection is gone.
  struct Sender {
    private let done = DispatchSemaphore(value: 0)

    fileprivate init(_ bytes: [UInt8], over descriptor: Int32) {
      let done = done
      Thread.detachNewThread {
        var rest = bytes[...]
        while !rest.isEmpty {
          let count = rest.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
          }
          if count <= 0 { break }
          rest = rest.dropFirst(count)
        }
        Glibc.close(descriptor)
        done.signal()
      }
    }

    func join() { done.wait() }
  }

  func sendInBackground(_ text: String) -> Sender {
    Sender(Array(text.utf8), over: fcntl(socket, F_DUPFD_CLOEXEC, 0))
  }
}
