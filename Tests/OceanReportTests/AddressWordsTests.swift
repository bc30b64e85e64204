import OceanAddresses
import Testing
@testable import OceanReport

/// Large sets in the shorter of two ways.
@Suite struct AddressWordsTests {
  private func set(_ texts: String...) throws -> AddressSet {
    try texts.reduce(AddressSet()) { $0.union(AddressSet([AddressPattern(try IPPrefix(parsing: $1))])) }
  }

  @Test func `what is left out is named if that takes fewer blocks`() throws {
    let office = try set("198.51.100.8/29")
    #expect(office.words == "198.51.100.8/29")
    #expect(office.complement.words == "everybody but 198.51.100.8/29")
    let v4 = AddressSet.all(.v4)
    #expect(v4.words == "all IPv4")
    #expect(v4.subtracting(office).words == "all IPv4 but 198.51.100.8/29")
    #expect(v4.union(try set("2001:db8::/32")).words == "all IPv4, 2001:db8::/32")
    #expect(try set("2001:db8::/32").complement.words == "everybody but 2001:db8::/32")
    #expect(try AddressSet.all(.v6).subtracting(set("2001:db8::1/128")).words == "all IPv6 but 2001:db8::1")
  }

  @Test func `nobody, and everybody`() {
    #expect(AddressSet().words == "none")
    #expect(AddressSet.all.words == "everywhere")
  }

  @Test func `sets that are long both ways are counted`() throws {
    let many = AddressSet(try (0..<20).map { AddressPattern(try IPPrefix(parsing: "10.0.\($0 * 2).0/24")) })
    #expect(many.words == "5120 IPv4, 0 IPv6")
    #expect(many.complement.words == many.complement.counts)
  }

  @Test func `a small set is not named by the many addresses that it lacks`() throws {
    let loopback = try set("127.0.0.0/8").subtracting(set("127.0.0.0/28"))
    #expect(loopback.parts.map(\.whole) == [nil])
  }
}
