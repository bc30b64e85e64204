import OceanHost
import TestSupport
import Testing

/// Tests what an argument is taken for, where something else is meant.
@Suite struct ArgumentKindTests {
  @Test(arguments: [
    "abcdef", "ABCDEF", "123456", "sha256:abcdef", "SHA256:0123456789", String(repeating: "a", count: 64),
  ])
  func `six hexadecimal digits are a digest`(_ text: String) { #expect(text.isDigest) }

  @Test(arguments: [
    "", "abcde", "abcdeg", "./abcdef", "abcdef.yaml", "sha256:", "sha256:abcde", "sha512:abcdef", "abcdéf",
    String(repeating: "a", count: 65),
  ])
  func `anything else is not`(_ text: String) { #expect(!text.isDigest) }

  @Test func `a config is known by its name, and a file by being there`() throws {
    let directory = try TemporaryDirectory()
    for name in ["ocean.yaml", "/nowhere/ocean.yml"] { #expect(name.isConfigName && name.isFile) }
    #expect(!"plan.json".isConfigName)
    #expect(directory.path.isFile)
    #expect(!"\(directory.path)/plan.json".isFile)
  }
}
