import Glibc
import OceanCompiler
import TestSupport
import Testing

@testable import OceanHost

@Suite struct FilesTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  private func write(_ text: String, to name: String) throws {
    try Files.writePrivately(Array(text.utf8), to: path(name))
  }

  // MARK: - Reading

  @Test func `a file of the bound is read and a larger one is not`() throws {
    try write("12345", to: "file")
    #expect(try Files.read(path("file"), limit: 5) == Array("12345".utf8))
    #expect(throws: FileAccess.ReadError.tooLarge(limit: 4)) { try Files.read(path("file"), limit: 4) }
  }

  /// Opening a FIFO waits until somebody writes to it.
  @Test func `a pipe is refused and not waited for`() {
    mkfifo(path("pipe"), 0o600)
    #expect(throws: FileAccess.ReadError.notAFile) { try Files.read(path("pipe"), limit: 5) }
  }

  @Test func `what is no file says why`() {
    #expect(throws: FileAccess.ReadError.isDirectory) { try Files.read(directory.path, limit: 5) }
    #expect(throws: FileAccess.ReadError.missing) { try Files.read(path("none"), limit: 5) }
    #expect(throws: FileAccess.ReadError.missing) { try Files.read(path("none/file"), limit: 5) }
  }

  @Test(arguments: [("one\ntwo\n", "one\n"), ("one", "one"), ("\n", "\n"), ("", "")])
  func `the first line is read with its end`(_ text: String, _ line: String) throws {
    try write(text, to: "file")
    #expect(try Files.readLine(path("file"), limit: 1 << 16) == (Array(line.utf8), text.utf8.count))
  }

  @Test func `a first line without end is not read forever`() throws {
    try write(String(repeating: "x", count: 20_000), to: "file")
    #expect(throws: FileAccess.ReadError.self) { try Files.readLine(path("file"), limit: 8192) }
  }

  // MARK: - Writing

  @Test func `what is written is for its owner alone`() throws {
    umask(0)
    defer { umask(0o022) }
    try write("text", to: "file")
    var status = stat()
    #expect(stat(path("file"), &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(Files.names(in: directory.path).filter { !$0.hasPrefix(".") } == ["file"])
  }

  /// A process that had this number was killed.
  @Test func `what was left by a killed process is no obstacle`() throws {
    try write("half", to: "file.\(getpid()).tmp")
    try write("whole", to: "file")
    #expect(try Files.read(path("file"), limit: 10) == Array("whole".utf8))
  }

  @Test func `a link stays one and its target is replaced`() throws {
    try write("old", to: "target")
    symlink(path("target"), path("link"))
    try Files.save(Array("new".utf8), to: path("link"), from: [])
    #expect(Files.kind(of: path("link")) == .symbolicLink)
    #expect(try Files.read(path("target"), limit: 10) == Array("new".utf8))
  }

  @Test func `what something was made of is not replaced`() throws {
    try write("config", to: "config")
    symlink(path("config"), path("link"))
    link(path("config"), path("other"))
    for name in ["config", "link", "other"] {
      #expect(throws: FileAccess.ReadError.other("that is \(path("config")), which the config needs")) {
        try Files.save(Array("new".utf8), to: path(name), from: [path("config")])
      }
    }
    #expect(try Files.read(path("config"), limit: 10) == Array("config".utf8))
  }

  @Test func `a directory that is missing is named`() {
    #expect(throws: FileAccess.ReadError.other("there is no directory \(path("none"))")) {
      try write("text", to: "none/file")
    }
  }

  // MARK: - Ways

  @Test func `the way names the directories of links`() throws {
    let root = try #require(Files.real(directory.path))
    for name in ["a", "a/b", "c"] { mkdir("\(root)/\(name)", 0o700) }
    symlink("../c", "\(root)/a/link")
    let (directories, target) = Files.way(to: "\(root)/a/link/../a/./b/file")
    #expect(target == "\(root)/a/b/file")
    #expect(
      Array(directories.suffix(3)) == ["\(root)/a", "\(root)/c", "\(root)/a/b"]
        || directories.contains("\(root)/c"))
    #expect(directories.contains("\(root)/a/b"))
  }

  @Test func `a ring of links ends`() {
    symlink("two", path("one"))
    symlink("one", path("two"))
    #expect(Files.way(to: path("one/file")).target.hasSuffix("/file"))
  }

  @Test func `places that everybody may write to are found`() throws {
    let root = try #require(Files.real(directory.path))
    for (name, mode) in [("open", 0o777), ("sticky", 0o1777), ("shut", 0o700)] as [(String, mode_t)] {
      mkdir("\(root)/\(name)", mode)
      chmod("\(root)/\(name)", mode)
      try write("text", to: "\(name)/file")
      chmod("\(root)/\(name)/file", 0o644)
    }
    chmod(root, 0o755)
    // If the way there is closed, nobody can reach it.
    guard Files.isOpenToAll(root, S_IXOTH) else { return }
    #expect(Files.placesWritableByAll("\(root)/open/file") == ["\(root)/open"])
    #expect(Files.placesWritableByAll("\(root)/sticky/file").isEmpty)
    chmod("\(root)/shut/file", 0o666)
    #expect(Files.placesWritableByAll("\(root)/shut/file").isEmpty)
  }
}
