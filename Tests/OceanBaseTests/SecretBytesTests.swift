import Glibc
import OceanBase
import TestSupport
import Testing

@Suite struct SecretBytesTests {
  private func secret(_ text: String) -> SecretBytes { SecretBytes(copying: text.utf8) }

  @Test func `a slice is a part of the whole`() {
    let whole = secret("abcdef")
    #expect(whole[2..<4] == secret("cd"))
    #expect(whole[2..<6][1..<3] == secret("de"))
    #expect(whole[4..<99] == secret("ef"))
    #expect(whole[9..<99].isEmpty)
    #expect(secret("").isEmpty)
  }

  @Test func `what is filled counts`() {
    #expect(SecretBytes(capacity: 4) { _ in 99 }.count == 4)
    #expect(SecretBytes(capacity: 4) { _ in -1 }.isEmpty)
    #expect(SecretBytes(capacity: -1) { $0.count }.count <= 1)
  }

  @Test(arguments: [(2, "ab"), (6, "abcdef"), (99, "abcdef")])
  func `a file is read up to the capacity`(_ capacity: Int, _ expected: String) throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    for part in ["abc", "def"] { try writeAll(part.utf8, to: ends[1]) }
    close(ends[1])
    defer { close(ends[0]) }
    #expect(try SecretBytes(reading: ends[0], capacity: capacity) == secret(expected))
  }

  @Test func `what cannot be read says why`() throws {
    let folder = try TemporaryDirectory()
    let directory = open(folder.path, O_RDONLY)
    defer { close(directory) }
    for (descriptor, code) in [(directory, EISDIR), (-1, EBADF)] {
      let error = #expect(throws: ReadError.self) { try SecretBytes(reading: descriptor, capacity: 1) }
      #expect(error?.code == code)
    }
    withExtendedLifetime(folder) {}
  }

  @Test func `equality`() {
    #expect(secret("") == secret(""))
    #expect(secret("abc") == secret("abc"))
    for other in ["", "ab", "abcd", "abd", "bbc", "ab\0"] { #expect(secret("abc") != secret(other)) }
  }

  /// What a session hands to the pools, and those to the counts, is one piece of memory.
  @Test func `copies and slices share the memory`() {
    let whole = secret("abcdef")
    let copy = whole
    let start = whole.withUnsafeBytes { $0.baseAddress }
    #expect(copy.withUnsafeBytes { $0.baseAddress } == start)
    #expect(copy[2..<4].withUnsafeBytes { $0.baseAddress } == start.map { $0 + 2 })
  }

  @Test func `nothing prints`() {
    let value = secret("hunter2")
    var dumped = ""
    dump([value], to: &dumped)
    for text in ["\(value)", String(describing: value), String(reflecting: value), "\([value])", dumped] {
      #expect(!text.contains("hunter"), "\(text)")
      #expect(!text.split { !$0.isNumber }.joined(separator: " ").contains("104 117"), "\(text)")
    }
    #expect("\(value)" == "<secret>")
    #expect(Mirror(reflecting: value).children.isEmpty)
  }
}
