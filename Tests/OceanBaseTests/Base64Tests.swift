import Foundation
import OceanBase
import TestSupport
import Testing

@Suite struct Base64Tests {
  private func decoded(_ text: String) -> [UInt8]? {
    Array(text.utf8).withUnsafeBytes(Base64.decode)?.withUnsafeBytes { Array($0) }
  }

  /// RFC 4648 §10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `published`(_ plain: String, _ text: String) {
    #expect(decoded(text) == Array(plain.utf8))
    #expect(
      Array(plain.utf8).withUnsafeBytes(Base64.encode).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        == text)
  }

  @Test func `as Foundation has it`() {
    var random = SeededGenerator(seed: 4648)
    for _ in 0..<500 {
      let octets = (0..<Int.random(in: 0...70, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let text = Data(octets).base64EncodedString()
      #expect(
        octets.withUnsafeBytes(Base64.encode).withUnsafeBytes { String(decoding: $0, as: UTF8.self) } == text)
      #expect(decoded(text) == octets)
    }
  }

  /// Each value has one form.
  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==Zg==", "====", "=", "Zm 9", "Zm9v\n", " Zm9", "Zm9-",
    "Zm9_", "Zm9ä",
    "Z===", "=m9v",
  ])
  func `refused`(_ text: String) { #expect(decoded(text) == nil) }
}
