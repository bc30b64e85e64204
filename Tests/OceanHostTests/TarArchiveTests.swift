import Glibc
import OceanCompiler
import TestSupport
import Testing

@testable import OceanHost

/// Archives that tar(1) makes, those that it reads, and what is no archive.
@Suite struct TarArchiveTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func tar(_ words: String..., input: [UInt8] = []) throws -> [UInt8] {
    let processes = ChildProcesses(width: 1, time: .seconds(20), limit: 1 << 24)
    let command = ChildProcesses.Command(["tar", "-C", directory.path] + words, input: input)
    guard case .ended(let ending)? = processes.run([command]).first, ending.status == 0 else {
      throw Failure("tar failed")
    }
    return ending.output
  }

  private func write(_ text: String, to name: String) throws {
    try Files.writePrivately(Array(text.utf8), to: "\(directory.path)/\(name)")
  }

  private func octets(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

  @Test(arguments: ["ustar", "gnu"]) func `archives of tar are read`(_ format: String) throws {
    for folder in ["domains", "domains/a b"] { mkdir("\(directory.path)/\(folder)", 0o700) }
    try write("version: 1\n", to: "ocean.yaml")
    try write("", to: "domains/empty.yaml")
    try write(String(repeating: "#", count: 1025), to: "domains/a b/it's.yaml")
    let archive = try TarArchive(reading: try tar("-c", "--format=\(format)", "."))
    #expect(archive.files.keys.sorted() == ["domains/a b/it's.yaml", "domains/empty.yaml", "ocean.yaml"])
    #expect(archive.files["domains/a b/it's.yaml"]?.count == 1025)
    #expect(archive.files["ocean.yaml"] == Array("version: 1\n".utf8))
    // A format whose names may be elsewhere.
    #expect(throws: Failure.self) { try TarArchive(reading: try tar("-c", "--format=posix", ".")) }
  }

  @Test func `tar unpacks what is written, and it is read again`() throws {
    let long = String(repeating: "d", count: 90) + "/" + String(repeating: "f", count: 96) + ".yml"
    let files = [
      "ocean.yaml": octets(512), "a/b.yaml": octets(513), "empty": [], long: octets(1),
      String(repeating: "n", count: 100): octets(511),
    ]
    let bytes = try TarArchive(files).bytes
    #expect(try TarArchive(reading: bytes).files == files)
    _ = try tar("-x", input: bytes)
    for (name, contents) in files {
      #expect(try Files.read("\(directory.path)/\(name)", limit: 1 << 20) == contents)
    }
    for name in [String(repeating: "n", count: 101), String(repeating: "d", count: 156) + "/f"] {
      #expect(throws: Failure.self) { try TarArchive([name: []]).bytes }
    }
  }

  @Test func `what is cut off, changed, or leads elsewhere is refused`() throws {
    let bytes = try TarArchive(["ocean.yaml": octets(700)]).bytes
    for count in [0, 1, 511, 513, 1000] {
      #expect(throws: Failure.self) { try TarArchive(reading: Array(bytes.prefix(count))) }
    }
    // The end is there or not.
    for count in [512 + 700, 512 + 1024, 512 + 1024 + 100] {
      #expect(try TarArchive(reading: Array(bytes.prefix(count))).files.count == 1)
    }
    for index in 0..<512 {
      var changed = bytes
      changed[index] ^= 1
      // A change of the sum's own end is none of the sum.
      let read = try? TarArchive(reading: changed)
      #expect(read == nil || (148..<156).contains(index), "\(index)")
    }
    for name in ["/etc/passwd", "../x", "a/../../x", ""] {
      #expect(throws: Failure.self) { try TarArchive(reading: try TarArchive([name: []]).bytes) }
    }
    symlink("/etc/shadow", "\(directory.path)/ocean.yaml")
    do {
      _ = try TarArchive(reading: try tar("-c", "--format=ustar", "ocean.yaml"))
      Issue.record("a link was read")
    } catch let failure as Failure {
      #expect(
        failure.message
          == "'ocean.yaml' in the archive is not a file: 'tar -h --format=ustar' packs only files")
    }
  }

  @Test func `an archive takes the place of a directory, and of nothing else`() throws {
    let archive = TarArchive(["ocean.yaml": [1], "domains/a.yaml": [2], "domains/.b.yaml": [3]])
    try write("here", to: "other.yaml")
    mkdir("\(directory.path)/etc", 0o700)
    try write("here", to: "etc/stale.yaml")
    let folder = "\(directory.path)/etc"
    let files = archive.access(inPlaceOf: folder)
    #expect(try files.read("\(folder)/./ocean.yaml") == [1])
    #expect(throws: FileAccess.ReadError.other("it is not in the archive")) {
      try files.read("\(folder)/stale.yaml")
    }
    #expect(try files.read("\(directory.path)/other.yaml") == Array("here".utf8))
    #expect(try files.read("\(folder)/../other.yaml") == Array("here".utf8))
    #expect(files.matches("\(folder)/domains/*.yaml") == ["\(folder)/domains/a.yaml"])
    #expect(files.matches("\(folder)/*.yaml") == ["\(folder)/ocean.yaml"])
    #expect(files.matches("\(directory.path)/*.yaml") == ["\(directory.path)/other.yaml"])
    #expect(files.directory("\(folder)/domains/a.yaml") == "\(folder)/domains")
    #expect(files.directory("\(folder)/ocean.yaml") == folder)
  }
}
