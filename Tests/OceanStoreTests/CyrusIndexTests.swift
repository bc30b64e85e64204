import Glibc
import Testing

@testable import OceanStore

/// A mailbox of Cyrus 3.6.1 in each version of `cyrus.index`; Cyrus converted it itself (`reconstruct -V`).
///
/// Nine messages came, 2 and 5 were expunged; 8 and 9 were appended with internal dates of their own.
/// `early.index` is from before the last three came.
enum CyrusFixture {
  static let validity: UInt32 = 1_795_637_049
  static let versions = 12...17

  static func index(_ version: Int) throws -> [UInt8] {
    let path = "\(#filePath)".replacing("CyrusIndexTests.swift", with: "CyrusIndexes/\(version).index")
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<count])
  }
}

extension [UInt8] {
  /// Writes a number in Cyrus's format.
  mutating func set(_ value: UInt32, at offset: Int) {
    for place in 0..<4 { self[offset + place] = UInt8(truncatingIfNeeded: value >> (24 - 8 * place)) }
  }

  /// Makes the last four bytes of a range the checksum of the others.
  mutating func seal(_ range: Range<Int>) {
    let sum = self[range.dropLast(4)].withUnsafeBytes { CRC32.checksum($0) }
    set(sum, at: range.upperBound - 4)
  }
}

@Suite struct CyrusIndexTests {
  static let header = 0..<160
  static func record(_ number: Int) -> Range<Int> { (160 + 112 * (number - 1))..<(160 + 112 * number) }

  func parse(_ bytes: [UInt8]) throws(CyrusIndex.Issue) -> CyrusIndex {
    // Memory of exactly this size, so that the sanitizer sees a read beyond it.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    return try CyrusIndex(UnsafeRawBufferPointer(memory))
  }

  @Test func `checksum is that of zlib`() {
    let sum = Array("123456789".utf8).withUnsafeBytes { CRC32.checksum($0) }
    #expect(sum == 0xCBF4_3926)
    #expect(CRC32.checksum(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
  }

  @Test(arguments: CyrusFixture.versions) func `reads what Cyrus wrote`(version: Int) throws {
    let index = try parse(try CyrusFixture.index(version))
    #expect(index.validity == CyrusFixture.validity)
    #expect(index.lastUID == 9)
    #expect(!index.idsAreUIDs)
    #expect(index.hiddenUntil == 0)
    #expect(index.messages.map(\.uid) == [1, 3, 4, 6, 7, 8, 9])
    #expect(index.messages.map(\.letters) == ["S", "S", "RS", "", "", "FST", "D"])
    #expect(index.messages.suffix(2).map(\.internalDate) == [1_500_000_000, 1_600_000_000])
    #expect(index.messages.allSatisfy { !$0.isArchived })
  }

  @Test(arguments: CyrusFixture.versions) func `notices what is cut off`(version: Int) throws {
    let bytes = try CyrusFixture.index(version)
    for count in 0..<bytes.count {
      #expect(throws: CyrusIndex.Issue.self, "\(count) bytes") { try parse(Array(bytes[..<count])) }
    }
    // Records that the header does not count yet are still being written.
    let (whole, longer) = (try parse(bytes), try parse(bytes + bytes))
    #expect(longer == whole)
  }

  @Test(arguments: CyrusFixture.versions) func `notices every changed byte`(version: Int) throws {
    let bytes = try CyrusFixture.index(version)
    for offset in bytes.indices {
      var changed = bytes
      changed[offset] ^= 1 << (offset % 8)
      #expect(throws: CyrusIndex.Issue.self, "byte \(offset)") { try parse(changed) }
    }
  }

  @Test(
    arguments: [
      (44, 0, .damaged(record: nil)), (28, .max, .damaged(record: nil)), (28, 8, .damaged(record: 9)),
      (20, 10, .cutOff), (20, .max, .cutOff), (12, 128, .damaged(record: nil)),
      (12, .max, .notAnIndex), (16, 104, .damaged(record: nil)), (16, 0, .notAnIndex), (8, 0, .notAnIndex),
      (8, 11, .version(11)), (8, 18, .version(18)), (8, 20, .version(20)), (8, .max, .notAnIndex),
    ] as [(Int, UInt32, CyrusIndex.Issue)])
  func `refuses a header`(field: Int, value: UInt32, issue: CyrusIndex.Issue) throws {
    var bytes = try CyrusFixture.index(17)
    bytes.set(value, at: field)
    bytes.seal(Self.header)
    #expect(throws: issue) { try parse(bytes) }
  }

  /// Invalid UIDs, UIDs that go back, and UIDs that were not given yet.
  @Test(arguments: [(1, 0), (4, 3), (4, 2), (9, 10), (9, .max)] as [(Int, UInt32)])
  func `refuses a record`(number: Int, uid: UInt32) throws {
    var bytes = try CyrusFixture.index(17)
    bytes.set(uid, at: Self.record(number).lowerBound)
    bytes.seal(Self.record(number))
    #expect(throws: CyrusIndex.Issue.damaged(record: number)) { try parse(bytes) }
  }

  @Test func `knows old mailboxes and hidden messages`() throws {
    var bytes = try CyrusFixture.index(17)
    bytes.set(0, at: 60)
    bytes.set(1_550_000_000, at: 112)
    bytes.seal(Self.header)
    let index = try parse(bytes)
    #expect(index.idsAreUIDs)
    #expect(index.hiddenUntil == 1_550_000_000)
  }

  @Test func `knows what is unlinked or archived`() throws {
    var bytes = try CyrusFixture.index(17)
    bytes.set(1 << 30, at: Self.record(1).lowerBound + 32)
    bytes.set(1 << 29 | 1 << 4, at: Self.record(3).lowerBound + 32)
    for number in [1, 3] { bytes.seal(Self.record(number)) }
    let index = try parse(bytes)
    #expect(index.messages.map(\.uid) == [3, 4, 6, 7, 8, 9])
    #expect(index.messages.map(\.isArchived) == [true, false, false, false, false, false])
    #expect(index.messages.first?.letters == "S")
  }
}
