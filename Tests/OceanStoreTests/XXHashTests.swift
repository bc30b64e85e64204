import Testing

@testable import OceanStore

@Suite struct XXHashTests {
  /// The published values of XXH64 with seed 0, and those of the reference implementation's self test.
  @Test(arguments: [
    ("", 0xEF46_DB37_51D8_E999 as UInt64), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
    ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
  ]) func `published values`(text: String, expected: UInt64) {
    #expect(Array(text.utf8).withUnsafeBytes { XXHash.hash($0) } == expected)
  }

  @Test func `every bit counts`() {
    var bytes = (0..<100).map { UInt8($0) }
    var seen: Set<UInt64> = [bytes.withUnsafeBytes { XXHash.hash($0) }]
    for bit in 0..<800 {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(seen.insert(bytes.withUnsafeBytes { XXHash.hash($0) }).inserted)
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    for length in 0..<100 {
      #expect(seen.insert(bytes[..<length].withUnsafeBytes { XXHash.hash($0) }).inserted)
    }
  }
}
