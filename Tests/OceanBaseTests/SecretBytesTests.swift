import OceanBase
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
