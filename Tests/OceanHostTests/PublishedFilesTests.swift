import Glibc
import OceanBase
import OceanHost
import TestSupport
import Testing

/// A key and its certificate appear together or not at all.
@Suite struct PublishedFilesTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  private func publish(_ files: [String: String], replacing: Bool = false) throws {
    try PublishedFiles.publish(
      files.sorted { $0.key < $1.key }.map {
        PublishedFiles.File(path: path($0.key), contents: SecretBytes(copying: $0.value.utf8), mode: 0o640)
      }, replacing: replacing)
  }

  private var contents: [String: String] {
    var contents: [String: String] = [:]
    for name in Files.names(in: directory.path) where ![".", ".."].contains(name) {
      contents[name] =
        (try? Files.read(path(name), limit: 100)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }
    return contents
  }

  @Test func `all appear with their mode`() throws {
    try publish(["a": "1", "b": "2"])
    #expect(contents == ["a": "1", "b": "2"])
    var status = stat()
    #expect(stat(path("a"), &status) == 0 && status.st_mode & 0o777 == 0o640)
  }

  @Test func `one that exists keeps the others away`() throws {
    try publish(["b": "old"])
    #expect {
      try publish(["a": "1", "b": "2", "c": "3"])
    } throws: {
      ($0 as? Failure)?.message == "\(path("b")) exists and nothing was changed; --force replaces it"
    }
    #expect(contents == ["b": "old"])
  }

  @Test func `what exists is replaced if that is asked for`() throws {
    try publish(["a": "old", "b": "old"])
    try publish(["a": "1", "b": "2", "c": "3"], replacing: true)
    #expect(contents == ["a": "1", "b": "2", "c": "3"])
  }

  @Test func `what was replaced comes back if a later one fails`() throws {
    try publish(["a": "old"])
    mkdir(path("b"), 0o700)
    try Files.writePrivately([], to: path("b/file"))
    #expect(throws: Failure.self) { try publish(["a": "new", "b": "2"], replacing: true) }
    #expect(contents["a"] == "old")
    #expect(contents.keys.sorted() == ["a", "b"])
  }

  @Test func `a missing directory is named`() {
    #expect {
      try publish(["none/a": "1"])
    } throws: {
      ($0 as? Failure)?.message == "cannot write \(path("none/a")): there is no directory \(path("none"))"
    }
  }
}
