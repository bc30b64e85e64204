import OceanAddresses
import TestSupport
import Testing

@testable import OceanReplay

@Suite struct LogLineTests {
  private static let octets = [
    "0", "1", "9", "10", "99", "127", "192", "255", "256", "999", "00", "01", "1000", "", "a", "-1",
  ]

  @Test(arguments: 0..<20) func `an address is read in place as it is elsewhere`(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var count = 0
    for _ in 0..<500 {
      let isPlain = Bool.random(using: &random)
      let text = (0..<(isPlain ? 4 : Int.random(in: 3...5, using: &random))).map { _ in
        isPlain
          ? "\(UInt8.random(in: 0...255, using: &random))" : Self.octets.randomElement(using: &random) ?? ""
      }.joined(separator: ".")
      let address = Array(text.utf8).withUnsafeBytes { UInt32(dottedDecimal: $0) }
      #expect(address.map { IPAddress(v4: $0) } == (try? IPAddress(parsing: text)), "\(text)")
      if address != nil { count += 1 }
    }
    #expect(count > 100)
  }

  @Test func `clients keep their numbers, however many there are`() {
    var table = V4ClientTable(TextHash())
    for round in 0..<2 {
      for number in 0..<5000 {
        let address = UInt32(truncatingIfNeeded: number &* 0x1000_0001)
        #expect(table.number(of: address, new: round == 0 ? number : -7) == number)
      }
    }
  }

  @Test func `texts have different hashes, and each its own`() {
    let hash = TextHash()
    var hashes: Set<UInt64> = []
    for length in 0..<70 {
      for last in ["", "a", "b", "\0"] {
        let text = Array((String(repeating: "x", count: length) + last).utf8)
        let value = text.withUnsafeBytes { hash($0) }
        // At another place in memory it is the same.
        #expect(([0] + text).withUnsafeBytes { hash(UnsafeRawBufferPointer(rebasing: $0[1...])) } == value)
        hashes.insert(value)
      }
    }
    #expect(hashes.count == 70 * 4)
  }
}
