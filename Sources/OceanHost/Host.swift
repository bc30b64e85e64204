import Glibc
package import OceanCompiler
package import OceanAddresses

/// This host, as the resolver and the interfaces know it.
package enum Host {
  package static var name: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    let name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return name.isEmpty ? "localhost" : name.lowercased()
  }

  /// Whether an IPv6 socket can be opened: the protocol may be compiled in and switched off.
  package static let hasIPv6: Bool = {
    let fd = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { return false }
    defer { close(fd) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_addr = in6addr_loopback
    return withUnsafeBytes(of: &address) { bytes in
      guard let base = bytes.baseAddress else { return false }
      return bind(fd, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
    }
  }()

  static var hasSetfacl: Bool {
    let places: [String] = ["/usr/bin", "/bin", "/usr/local/bin"]
    return places.contains { Glibc.access($0 + "/setfacl", X_OK) == 0 }
  }

  /// The lowest port that this process, or the server it becomes, may bind.
  static var lowestPort: Int {
    let capabilities = (try? Files.readVirtual("/proc/self/status"))?.split(separator: "\n")
      .first { $0.hasPrefix("CapEff:") }?.split(whereSeparator: \.isWhitespace).last
    // CAP_NET_BIND_SERVICE is number 10.
    if let capabilities, let set = UInt64(capabilities, radix: 16), set & 1 << 10 != 0 { return 0 }
    let setting = try? Files.readVirtual("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    return setting.flatMap { Int($0.prefix { $0.isNumber }) } ?? 1024
  }

  /// The hard limit of open files that this process got from its parents; nil means no limit.
  package static var fileLimit: Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    return Int(exactly: limit.rlim_max)
  }

  /// The host's addresses, sorted, without repetition.
  package static var addresses: [IPAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var result: Set<IPAddress> = []
    var next = list
    while let interface = next {
      if let address = interface.pointee.ifa_addr.flatMap({ address($0) }) { result.insert(address) }
      next = interface.pointee.ifa_next
    }
    return result.sorted()
  }

  package static func resolve(_ name: String) -> Facts.HostAnswer {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(name, nil, &hints, &list)
    guard code == 0 else { return .failed(String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(list) }
    var result: Set<IPAddress> = []
    var next = list
    while let entry = next {
      if let address = address(entry.pointee.ai_addr) { result.insert(address) }
      next = entry.pointee.ai_next
    }
    return .addresses(result.sorted())
  }

  private static func address(_ pointer: UnsafePointer<sockaddr>) -> IPAddress? {
    let raw = UnsafeRawPointer(pointer)
    switch Int32(pointer.pointee.sa_family) {
    case AF_INET:
      return IPAddress(v4: UInt32(bigEndian: raw.load(as: sockaddr_in.self).sin_addr.s_addr))
    case AF_INET6:
      let address = raw.load(as: sockaddr_in6.self).sin6_addr
      return IPAddress(v6: withUnsafeBytes(of: address) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } })
    default:
      return nil
    }
  }
}
