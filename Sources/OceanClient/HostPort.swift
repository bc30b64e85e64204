import Dispatch
import Glibc
import OceanHost
import Synchronization

/// A host and a port.
package struct HostPort {
  package let host: String
  package let port: String

  /// Reads `HOST:PORT`, an IPv6 address in brackets; nil for anything else.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    port = String(text[text.index(after: colon)...])
    guard (1...5).contains(port.utf8.count), UInt16(port) != nil,
      port.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    let host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      self.host = String(host.dropFirst().dropLast())
    } else if host.isEmpty || host.contains(":") || host.contains("/") {
      return nil
    } else {
      self.host = String(host)
    }
  }
}

extension HostPort: CustomStringConvertible {
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

// MARK: - Addresses

extension HostPort {
  struct Address: Sendable {
    let family: Int32
    let bytes: [UInt8]
  }

  private enum Answer: Sendable {
    case addresses([Address])
    case failed(String)
  }

  /// - Throws: a sentence, at the deadline at the latest. The resolver takes any time it likes, so it is
  ///   asked from another thread.
  func resolve(by deadline: ContinuousClock.Instant) throws(Failure) -> [Address] {
    let answer = Lookup()
    DispatchQueue.global().async {
      answer.value.withLock { $0 = self.lookUp() }
      answer.isDone.signal()
    }
    let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
    _ = answer.isDone.wait(timeout: .now() + .milliseconds(Int(left)))
    switch answer.value.withLock({ $0 }) {
    case .addresses(let addresses): return addresses
    case .failed(let reason): throw Failure("cannot resolve \(host): \(reason)")
    case nil: throw Failure("cannot resolve \(host): no answer within 10 seconds")
    }
  }

  private final class Lookup: Sendable {
    let value = Mutex<Answer?>(nil)
    let isDone = DispatchSemaphore(value: 0)
  }

  private func lookUp() -> Answer {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, port, &hints, &list)
    guard code == 0 else { return .failed(String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(list) }
    var addresses: [Address] = []
    var next = list
    while let entry = next {
      let bytes = UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
      addresses.append(Address(family: entry.pointee.ai_family, bytes: Array(bytes)))
      next = entry.pointee.ai_next
    }
    return .addresses(addresses)
  }
}
