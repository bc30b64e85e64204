import Testing

@testable import OceanCompiler

@Suite struct PathTests {
  @Test(arguments: [
    ("/a//b/./c/", "/a/b/c"), ("/", "/"), ("a", "/etc/a"), ("./a", "/etc/a"), ("../a", "/a"),
    (".././../a/../b", "/a/../b"), ("..", "/"), ("a/..", "/etc/a/.."),
    ("/\u{301}a", "/\u{301}a"), ("a/\u{301}b/./c", "/etc/a/\u{301}b/c"), ("\u{301}", "/etc/\u{301}"),
  ])
  func `resolves`(_ path: String, _ absolute: String) {
    // Bytes are compared, because `==` on strings takes texts that look alike for equal.
    #expect(Array(Path.resolve(path, inside: "/etc").utf8) == Array(absolute.utf8))
  }

  @Test(arguments: [
    ("/etc/ocean.yaml", "/etc", "ocean.yaml"), ("/ocean.yaml", "/", "ocean.yaml"),
    ("ocean.yaml", ".", "ocean.yaml"),
    ("/etc/\u{301}.yaml", "/etc", "\u{301}.yaml"),
  ])
  func `parts`(_ path: String, _ directory: String, _ name: String) {
    #expect(Path.directory(of: path) == directory)
    #expect(Path.name(of: path) == name)
  }
}
