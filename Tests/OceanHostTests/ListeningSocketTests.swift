import Foundation
import OceanAddresses
import OceanHost
import Testing

@Suite struct ListeningSocketTests {
  /// A socket of this process on a free port of loopback.
  private func bound(listening: Bool) throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        #expect(bind(descriptor, address, length) == 0)
        if listening { #expect(listen(descriptor, 1) == 0) }
        #expect(getsockname(descriptor, address, &length) == 0)
      }
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  @Test func `it is told who listens on a port, and where`() throws {
    let (descriptor, port) = try bound(listening: true)
    defer { close(descriptor) }
    let (idle, other) = try bound(listening: false)
    defer { close(idle) }
    let found = ListeningSocket.all(on: [port, other])
    #expect(found.map(\.address) == [.loopback(.v4)] && found.map(\.port) == [port])
    let name = try #require(found.first?.program)
    // The name is that of the main thread, to which a library may give one of its own for a while.
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
    let names = threads.compactMap {
      try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
    }
    #expect((["oceanPackageTests.xctest"] + names).contains { $0.hasPrefix(name) }, "\(name)")
    #expect(ListeningSocket.all(on: []) == [])
  }
}
