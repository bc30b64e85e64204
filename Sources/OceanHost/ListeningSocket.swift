import Glibc
package import OceanAddresses

/// A TCP socket of this host on which some program listens.
package struct ListeningSocket: Equatable {
  package let address: IPAddress
  package let port: UInt16
  /// The program's name, as the kernel shortens it; nil if this user may not know it.
  package let program: String?

  package init(_ address: IPAddress, _ port: UInt16, program: String?) {
    (self.address, self.port, self.program) = (address, port, program)
  }

  /// The sockets on some ports, in the network of this process (proc(5), /proc/net/tcp).
  package static func all(on ports: Set<UInt16>) -> [ListeningSocket] {
    let found = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
      // A line for each connection of the host.
      String(decoding: (try? Files.read(path, limit: 1 << 26)) ?? [], as: UTF8.self)
        .split(separator: "\n").compactMap(entry).filter { ports.contains($0.port) }
    }
    let programs = found.isEmpty ? [:] : programs(holding: Set(found.map(\.inode)))
    return found.map { ListeningSocket($0.address, $0.port, program: programs[$0.inode]) }
  }

  /// The socket in a line of the table; nil if nobody listens there.
  private static func entry(_ line: Substring) -> (address: IPAddress, port: UInt16, inode: Substring)? {
    let fields = line.split(separator: " ")
    guard fields.count > 9, fields[3] == listening else { return nil }
    let local = fields[1].split(separator: ":")
    guard local.count == 2, let port = UInt16(local[1], radix: 16), let address = address(local[0]) else {
      return nil
    }
    return (address, port, fields[9])
  }

  /// TCP_LISTEN of the kernel.
  private static let listening = "0A"

  /// An address as the kernel writes it: words of 32 bits, each in this host's order.
  private static func address(_ text: Substring) -> IPAddress? {
    guard text.utf8.count == 8 || text.utf8.count == 32 else { return nil }
    var words: [UInt32] = []
    var rest = text
    while !rest.isEmpty {
      guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
      words.append(UInt32(bigEndian: word))
      rest = rest.dropFirst(8)
    }
    if words.count == 1 { return IPAddress(v4: words[0]) }
    return IPAddress(v6: words.reduce(UInt128(0)) { $0 << 32 | UInt128($1) })
  }

  /// The names of the programs that hold sockets, by inode. Of several, it is the one that was there first: it has
  /// handed the socket on.
  private static func programs(holding inodes: Set<Substring>) -> [Substring: String] {
    var programs: [Substring: String] = [:]
    for process in Files.names(in: "/proc").compactMap({ Int($0) }).sorted() {
      for name in Files.names(in: "/proc/\(process)/fd") {
        guard let inode = inode(behind: "/proc/\(process)/fd/\(name)"), inodes.contains(inode),
          programs[inode] == nil, let comm = try? Files.readVirtual("/proc/\(process)/comm")
        else { continue }
        programs[inode] = String(comm.prefix { $0 != "\n" })
      }
      if programs.count == inodes.count { break }
    }
    return programs
  }

  private static func inode(behind link: String) -> Substring? {
    var buffer = [CChar](repeating: 0, count: 64)
    let count = readlink(link, &buffer, buffer.count)
    guard count > 0 else { return nil }
    let text = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.hasPrefix("socket:[") ? text.dropFirst("socket:[".count).dropLast() : nil
  }
}
