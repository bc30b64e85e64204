import Glibc
import NIOCore
import OceanAddresses
import OceanBase
package import OceanPlan

/// Why a listener could not be opened.
package struct ListenError: Error, Sendable, Hashable, CustomStringConvertible {
  package let listener: Plan.Listener
  /// Nil for the monitor.
  package let service: String?
  package let code: Int32

  /// One sentence: what, where, what to do.
  package var description: String {
    let what = "cannot listen on \(listener) for \(service.map { "service '\($0)'" } ?? "the monitor")"
    switch code {
    case EADDRINUSE:
      return "\(what): another program listens there (ss -ltnp 'sport = :\(listener.port)' tells which)"
    case EACCES, EPERM:
      return "\(what): ports below 1024 need root or the capability CAP_NET_BIND_SERVICE"
    case EADDRNOTAVAIL:
      return "\(what): no interface of this host has that address"
    default:
      return "\(what): \(errorText(code))"
    }
  }
}

/// Makes listening sockets with the system's calls; NIO gets them bound and listening.
enum Sockets {
  /// The number of clients that may wait for `accept`; the system's own limit (net.core.somaxconn) applies
  /// too.
  private static let backlog: Int32 = 4096

  /// Several sockets on one endpoint, among which the system distributes the clients.
  static func listen(_ listener: Plan.Listener, service: String?, count: Int, probe: Bool) throws(ListenError)
    -> [Int32]
  {
    func fail() -> ListenError { ListenError(listener: listener, service: service, code: errno) }
    if probe {
      // SO_REUSEPORT would let us share a busy port with another program of the same user, and lose clients to it.
      let fd = socket(listener.address.family)
      defer { close(fd) }
      guard fd >= 0, bind(fd, to: listener.endpoint, reusePort: false) else { throw fail() }
    }
    var fds: [Int32] = []
    for _ in 0..<count {
      let fd = socket(listener.address.family)
      guard fd >= 0, bind(fd, to: listener.endpoint, reusePort: true), Glibc.listen(fd, backlog) == 0 else {
        let error = fail()
        for fd in fds + [fd] { close(fd) }
        throw error
      }
      fds.append(fd)
    }
    return fds
  }

  private static func socket(_ family: IPFamily) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    return Glibc.socket(family == .v4 ? AF_INET : AF_INET6, type, 0)
  }

  private static func bind(_ fd: Int32, to endpoint: Endpoint, reusePort: Bool) -> Bool {
    guard set(fd, SOL_SOCKET, SO_REUSEADDR), !reusePort || set(fd, SOL_SOCKET, SO_REUSEPORT) else {
      return false
    }
    switch endpoint.address.family {
    case .v4:
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = UInt16(truncatingIfNeeded: endpoint.port).bigEndian
      address.sin_addr.s_addr = UInt32(truncatingIfNeeded: endpoint.address.value).bigEndian
      return bind(fd, &address)
    case .v6:
      // One socket for each family, whatever net.ipv6.bindv6only says.
      guard set(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY) else { return false }
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = UInt16(truncatingIfNeeded: endpoint.port).bigEndian
      withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: endpoint.address.bytes) }
      return bind(fd, &address)
    }
  }

  private static func bind<Address>(_ fd: Int32, _ address: inout Address) -> Bool {
    withUnsafeBytes(of: &address) { bytes in
      guard let base = bytes.baseAddress else { return false }
      return Glibc.bind(fd, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
    }
  }

  private static func set(_ fd: Int32, _ level: Int32, _ option: Int32) -> Bool {
    var one: Int32 = 1
    return setsockopt(fd, level, option, &one, socklen_t(MemoryLayout<Int32>.size)) == 0
  }

  static func close(_ fd: Int32) {
    if fd >= 0 { _ = Glibc.close(fd) }
  }

  /// The endpoint of a listening socket that was passed to us; nil if it is not a listening socket.
  static func endpoint(of fd: Int32) -> Endpoint? {
    var listening: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0, listening != 0 else {
      return nil
    }
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let isKnown = withUnsafeMutableBytes(of: &storage) { bytes in
      guard let base = bytes.baseAddress else { return false }
      return getsockname(fd, base.assumingMemoryBound(to: sockaddr.self), &length) == 0
    }
    guard isKnown, let address = IPAddress(storage) else { return nil }
    let port = withUnsafeBytes(of: storage) { bytes in
      // The port is at the same place in the addresses of both families.
      UInt16(bigEndian: bytes.load(as: sockaddr_in.self).sin_port)
    }
    return Endpoint(address: address, port: Int(port))
  }
}

extension IPAddress {
  /// Makes an address of the system's; an IPv4-mapped address becomes the IPv4 address it stands for.
  init(_ address: in6_addr) {
    self.init(v6: withUnsafeBytes(of: address) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } })
  }

  /// Makes the address of a peer in the system's form; nil for another family.
  init?(_ address: sockaddr_storage) {
    let address: IPAddress? = withUnsafeBytes(of: address) { bytes in
      switch Int32(address.ss_family) {
      case AF_INET: IPAddress(v4: UInt32(bigEndian: bytes.load(as: sockaddr_in.self).sin_addr.s_addr))
      case AF_INET6: IPAddress(bytes.load(as: sockaddr_in6.self).sin6_addr)
      default: nil
      }
    }
    guard let address else { return nil }
    self = address
  }

  /// Makes the address of a peer; nil for a Unix socket.
  init?(_ address: SocketAddress?) {
    switch address {
    case .v4(let v4): self.init(v4: UInt32(bigEndian: v4.address.sin_addr.s_addr))
    case .v6(let v6): self.init(v6.address.sin6_addr)
    case .unixDomainSocket, nil: return nil
    }
  }
}
