import Glibc
import OceanBase
import OceanHost
import OceanSyntax
import OceanTLS

/// A POP3 client's connection, in clear text and over TLS. It blocks, and ends at its deadline.
final class POP3Connection {
  private static let timeout = Duration.seconds(10)

  private let server: HostPort
  private let deadline: ContinuousClock.Instant
  private let fd: Int32
  /// The first bytes that came; they show whether the server spoke TLS.
  private var beginning: [UInt8] = []
  /// The TLS client; nil in clear text.
  private var tls: TLSClient?

  init(to server: HostPort) throws(Failure) {
    self.server = server
    deadline = .now + Self.timeout
    fd = try Self.connect(to: server, by: deadline)
  }

  deinit { close(fd) }

  /// Waits for the greeting.
  func greet() throws(Failure) {
    let greeting = try receiveLine()
    guard greeting.hasPrefix("+OK") else {
      throw Failure("\(server) does not greet like a POP3 server: \(greeting)")
    }
  }

  /// Sends STLS (RFC 2595 §4): from here on the server expects a handshake.
  func startTLS() throws(Failure) {
    try greet()
    let answer = try command(SecretBytes(copying: "STLS".utf8))
    guard answer.hasPrefix("+OK") else { throw Failure("\(server) refuses STLS: \(answer)") }
    beginning = []
  }

  func handshake(_ client: TLSClient) throws(Failure) {
    while true {
      let progress = client.handshake()
      try sendRaw(SecretBytes(copying: client.takeOutput()))
      switch progress {
      case .complete:
        tls = client
        return
      case .incomplete:
        let bytes = try receiveRaw()
        guard !bytes.isEmpty else { throw failure("it closed the connection") }
        bytes.withUnsafeBytes { client.receive($0) }
      case .closed: throw failure("it closed the connection")
      case .failed(let error): throw failure(error.reason)
      }
    }
  }

  private func failure(_ reason: String) -> Failure {
    if tls != nil { return Failure("the connection to \(server) failed: \(reason)") }
    if beginning.starts(with: Array("+OK".utf8)) {
      return Failure("\(server) greets in clear text; --starttls asks for TLS first")
    }
    return Failure("no TLS handshake with \(server): \(reason)")
  }

  /// Sends a command, which may hold a password, and waits for the answer's line.
  ///
  /// - Parameter words: the command without the end of the line.
  func command(_ words: SecretBytes) throws(Failure) -> String {
    let line = words.withUnsafeBytes { SecretBytes(joining: "", $0, "\r\n") }
    if let tls {
      let isTaken = line.withUnsafeBytes { tls.write($0) }
      guard isTaken else { throw failure("it cannot be written to") }
      try sendRaw(SecretBytes(copying: tls.takeOutput()))
    } else {
      try sendRaw(line)
    }
    return try receiveLine()
  }

  /// Waits until the server closes the connection.
  func waitForEnd() throws(Failure) {
    while try !receive(atMost: 512).isEmpty {}
  }

  // MARK: - Bytes

  private func sendRaw(_ bytes: SecretBytes) throws(Failure) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        return Glibc.send(fd, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
      } else if errno == EAGAIN {
        try wait(for: POLLOUT)
      } else if errno != EINTR {
        // If the server said something before it closed, that is the better reason.
        guard errno == EPIPE || errno == ECONNRESET else { throw failure(errorText(errno)) }
        return
      }
    }
  }

  /// Receives bytes, decrypted over TLS; empty at the end.
  private func receive(atMost limit: Int) throws(Failure) -> [UInt8] {
    guard let tls else { return try receiveRaw(atMost: limit) }
    while true {
      if let bytes = tls.read(atMost: limit) { return bytes }
      let bytes = try receiveRaw()
      guard !bytes.isEmpty else { return [] }
      bytes.withUnsafeBytes { tls.receive($0) }
    }
  }

  /// Receives bytes as they come; empty at the end.
  private func receiveRaw(atMost limit: Int = 16 << 10) throws(Failure) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    while true {
      let count = recv(fd, &buffer, buffer.count, 0)
      if count >= 0 {
        let bytes = Array(buffer[..<count])
        if beginning.count < 8 { beginning += bytes.prefix(8) }
        return bytes
      }
      switch errno {
      case EAGAIN: try wait(for: POLLIN)
      case EINTR: continue
      case let code: throw failure(errorText(code))
      }
    }
  }

  /// Receives a line, without its end. Takes no byte after it: that would be TLS.
  private func receiveLine() throws(Failure) -> String {
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      let byte = try receive(atMost: 1)
      guard !byte.isEmpty else { throw Failure("\(server) closed the connection") }
      guard line.count < 512 else { throw Failure("\(server) does not speak POP3") }
      line += byte
    }
    return String(decoding: line, as: UTF8.self).trimmingLineEnd.escapedForDisplay
  }

  private func wait(for events: Int32) throws(Failure) {
    try Self.wait(fd, for: events, by: deadline, server)
  }

  // MARK: - Connecting

  private static func wait(
    _ fd: Int32, for events: Int32, by deadline: ContinuousClock.Instant, _ server: HostPort
  ) throws(Failure) {
    var entry = pollfd(fd: fd, events: Int16(events), revents: 0)
    while true {
      let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
      guard left > 0 else { throw Failure("\(server) does not answer within 10 seconds") }
      let result = poll(&entry, 1, Int32(left) + 1)
      if result > 0 { return }
      guard result == 0 || errno == EINTR else { throw Failure("cannot wait for \(server)") }
    }
  }

  private static func connect(
    to server: HostPort, by deadline: ContinuousClock.Instant
  ) throws(Failure) -> Int32 {
    let addresses = try server.resolve(by: deadline)
    var failure = Failure("\(server.host) has no address")
    for (index, address) in addresses.enumerated() {
      let fd = socket(
        address.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
      guard fd >= 0 else { continue }
      // An address that does not answer leaves time for the others.
      let share = ContinuousClock.now.duration(to: deadline) / (addresses.count - index)
      do throws(Failure) {
        try connect(fd, to: address, by: .now + share, server)
        return fd
      } catch {
        close(fd)
        failure = error
      }
    }
    throw failure
  }

  private static func connect(
    _ fd: Int32, to address: HostPort.Address, by deadline: ContinuousClock.Instant, _ server: HostPort
  ) throws(Failure) {
    let result = address.bytes.withUnsafeBytes { bytes -> Int32 in
      guard let base = bytes.baseAddress else { return -1 }
      return Glibc.connect(fd, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    if result == 0 { return }
    var code = errno
    if code == EINPROGRESS {
      try wait(fd, for: POLLOUT, by: deadline, server)
      var length = socklen_t(MemoryLayout<Int32>.size)
      if getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) != 0 { code = errno }
    }
    guard code == 0 else {
      throw Failure("cannot connect to \(server): \(errorText(code))")
    }
  }
}

extension SecretBytes {
  /// Joins three pieces without a copy in other memory.
  package init(
    joining start: StaticString, _ middle: UnsafeRawBufferPointer, _ end: StaticString = ""
  ) {
    let parts = [
      UnsafeRawBufferPointer(start: start.utf8Start, count: start.utf8CodeUnitCount), middle,
      UnsafeRawBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount),
    ]
    self.init(capacity: parts.reduce(0) { $0 + $1.count }) { memory in
      var count = 0
      for part in parts {
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyBytes(from: part)
        count += part.count
      }
      return count
    }
  }
}

extension String {
  fileprivate var trimmingLineEnd: String {
    String(unicodeScalars.prefix { $0 != "\r" && $0 != "\n" })
  }
}
