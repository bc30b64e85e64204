import Glibc
import Synchronization

/// A server on a port of loopback, or on a socket in a directory. It takes one client, sends a text, and then
/// answers each line, or each request, with the next of its answers.
final class Answerer: Sendable {
  /// The address of the server: `127.0.0.1:PORT`, or the path.
  let address: String
  private let listener: Int32
  private let received = Mutex<[UInt8]>([])

  /// The text that the client has sent.
  var text: String { String(decoding: received.withLock { $0 }, as: UTF8.self) }

  /// - Parameters:
  ///   - path: where to listen; nil means on a port.
  ///   - answers: the first is sent at once.
  ///   - end: how a question ends.
  init(path: String? = nil, _ answers: [String], end: String = "\r\n") throws {
    let isLocal = path != nil
    let socket = Glibc.socket(isLocal ? AF_UNIX : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if let path {
      var name = sockaddr_un()
      name.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
      try Self.bind(socket, &name)
      address = path
    } else {
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      try Self.bind(socket, &name)
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      withUnsafeMutablePointer(to: &name) { pointer in
        _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
      }
      address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
    }
    listen(socket, 1)
    listener = socket
    Thread.start { [self] in
      let client = accept(socket, nil, nil)
      guard client >= 0 else { return }
      defer { close(client) }
      var rest = answers[...]
      if !isLocal, let first = rest.popFirst() { Self.send(first, client) }
      while let answer = rest.popFirst() {
        guard self.receive(client, until: end) else { return }
        Self.send(answer, client)
      }
    }
  }

  deinit { close(listener) }

  private struct Failure: Error { let code = errno }

  private static func bind<Name>(_ fd: Int32, _ name: inout Name) throws {
    let result = withUnsafeBytes(of: &name) { bytes in
      bytes.baseAddress.map {
        Glibc.bind(fd, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
      } ?? -1
    }
    guard result == 0 else { throw Failure() }
  }

  private static func send(_ text: String, _ fd: Int32) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Returns whether a question came, rather than the end.
  private func receive(_ fd: Int32, until end: String) -> Bool {
    var question: [UInt8] = []
    var byte: UInt8 = 0
    while !question.suffix(end.utf8.count).elementsEqual(end.utf8) {
      guard recv(fd, &byte, 1, 0) == 1 else { return false }
      question.append(byte)
      received.withLock { $0.append(byte) }
    }
    return true
  }
}

private enum Thread {
  /// Runs `body` on a thread of its own, which may wait.
  static func start(_ body: @escaping @Sendable () -> Void) {
    final class Work {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body)).toOpaque()
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work)
    pthread_detach(thread)
  }
}
