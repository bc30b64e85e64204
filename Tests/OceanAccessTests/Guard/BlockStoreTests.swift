import Glibc
import OceanAddresses
import TestSupport
import Testing
@testable import OceanAccess

@Suite struct BlockStoreTests {
  private let directory: TemporaryDirectory
  private let wall = ClockReading.start.wall

  init() throws { directory = try TemporaryDirectory() }

  @Test func `blocks outlive the process`() throws {
    var changes: [BlockFile.Record] = []
    for seed in 0..<5 {
      let store = BlockStore(directory: directory.path)
      let before = blocks(changes)
      #expect(store.load(at: wall, blockForSeconds: 1800).blocks == before)
      var random = SeededGenerator(seed: UInt64(seed))
      for _ in 0..<20 {
        let some = (0..<Int.random(in: 0...3, using: &random)).map { _ in randomRecord(&random) }
        changes += some
        try store.append(some) { blocks(changes) }
      }
    }
    let loaded = BlockStore(directory: directory.path).load(at: wall, blockForSeconds: 1800)
    #expect(loaded.blocks == blocks(changes) && loaded.problem == nil)
    #expect(!loaded.blocks.isEmpty)
    #expect(directory.mode("blocks") == 0o600)
    #expect(directory.read("blocks.new") == nil)
  }

  /// A kill in the middle of a write leaves some beginning of the file.
  @Test func `any beginning of the file is a beginning of history`() throws {
    var random = SeededGenerator(seed: 1)
    let store = BlockStore(directory: directory.path)
    try store.append([.lifted(IPPrefix(somewhere, length: 32))]) { [] }
    let changes = (0..<30).map { _ in randomRecord(&random) }
    for change in changes { try store.append([change]) { [] } }
    let bytes = try #require(directory.read("blocks"))
    #expect(bytes.count == 16 + 48 * changes.count)
    for length in 0...bytes.count {
      let (records, damage) = Array(bytes[..<length]).withUnsafeBytes(BlockFile.read)
      #expect(damage == nil)
      #expect(records == Array(changes[..<max(0, (length - 16) / 48)]))
    }
    // It is read as a file, and can be continued from there.
    for length in [0, 5, 16, 17, 64, 100, bytes.count - 1] {
      try directory.write(Array(bytes[..<length]), to: "blocks")
      let next = BlockStore(directory: directory.path)
      let loaded = next.load(at: wall, blockForSeconds: 1800)
      #expect(loaded.problem == nil)
      #expect(loaded.blocks == blocks(Array(changes[..<max(0, (length - 16) / 48)])))
      let new = block(IPAddress(v4: 0xcb00_7101))
      try next.append([.blocked(new)]) { loaded.blocks + [new] }
      let last = BlockStore(directory: directory.path).load(at: wall, blockForSeconds: 1800)
      #expect(last.blocks == (loaded.blocks + [new]).sorted { $0.prefix < $1.prefix })
    }
  }

  @Test func `a block never lasts longer than configured`() {
    let far = Block(prefix: IPPrefix(somewhere, length: 32), since: wall + 5, until: .max, failures: 6)
    let ended = Block(prefix: IPPrefix(IPAddress(v4: 1), length: 32), since: 0, until: wall, failures: 6)
    let records: [BlockFile.Record] = [.blocked(far), .blocked(ended)]
    let expected = Block(prefix: far.prefix, since: wall, until: wall + 1800 * second, failures: 6)
    #expect(BlockFile.blocks(after: records, at: wall, blockForSeconds: 1800) == [expected])
    #expect(BlockFile.blocks(after: records, at: wall, blockForSeconds: 0).map(\.until) == [wall])
    #expect(BlockFile.blocks(after: records, at: .max, blockForSeconds: .max).isEmpty)
    #expect(BlockFile.blocks(after: records, at: .min, blockForSeconds: 0).count == 2)
  }

  // MARK: - Damage

  @Test func `one wrong record costs itself`() throws {
    var random = SeededGenerator(seed: 2)
    let changes = (0..<10).map { number in BlockFile.Record.blocked(block(IPAddress(v4: UInt32(number)))) }
    let whole = file(changes)
    for _ in 0..<300 {
      var bytes = whole
      let place = Int.random(in: 16..<bytes.count, using: &random)
      bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      let wrong = (place - 16) / 48
      let (records, damage) = bytes.withUnsafeBytes(BlockFile.read)
      #expect(records == changes.indices.filter { $0 != wrong }.map { changes[$0] })
      #expect(damage == (wrong == 9 ? nil : .records(1)))
    }
  }

  @Test func `damage is set aside`() throws {
    let good = block(somewhere)
    let lost = file([.blocked(good), .blocked(block(IPAddress(v4: 1))), .blocked(block(IPAddress(v4: 2)))])
    var wrong = lost
    wrong[16 + 48 + 7] ^= 1
    var later = lost
    later[12] = 2
    let cases: [([UInt8], BlockFile.Damage, Int)] = [
      (wrong, .records(1), 2), (later, .version(2), 0), (Array("no blocks at all".utf8), .notBlocks, 0),
      (Array("x".utf8), .notBlocks, 0),
      (Array(lost[..<64]) + Array(repeating: 7, count: 4800), .records(100), 1),
    ]
    for (bytes, damage, count) in cases {
      try directory.write(bytes, to: "blocks")
      let store = BlockStore(directory: directory.path)
      let loaded = store.load(at: wall, blockForSeconds: 1800)
      #expect(loaded.problem == .damaged(damage, setAside: true))
      #expect(loaded.blocks.count == count)
      #expect(directory.read("blocks") == nil)
      #expect(directory.read("blocks.damaged") == bytes)
      try store.append([.blocked(good)]) { [good] }
      let next = BlockStore(directory: directory.path).load(at: wall, blockForSeconds: 1800)
      #expect(next.blocks == [good] && next.problem == nil)
      #expect(!damage.description.isEmpty)
    }
  }

  @Test func `what is no file is set aside`() throws {
    #expect(mkdir(directory.path + "/blocks", 0o700) == 0)
    defer { rmdir(directory.path + "/blocks.damaged") }
    let loaded = BlockStore(directory: directory.path).load(at: wall, blockForSeconds: 1800)
    #expect(loaded.problem == .damaged(.notRegularFile, setAside: true))
  }

  // MARK: - Failures

  @Test func `what could not be written is written later`() throws {
    let path = directory.path + "/state"
    let store = BlockStore(directory: path)
    #expect(store.load(at: wall, blockForSeconds: 1800).problem == nil)
    let (first, second) = (block(IPAddress(v4: 1)), block(IPAddress(v4: 2)))
    let missing = BlockStore.Failure(step: .open, path: path + "/blocks.new", errno: ENOENT)
    #expect(throws: missing) { try store.append([.blocked(first)]) { [first] } }
    #expect(missing.description.hasPrefix("cannot open \(path)/blocks.new: "))
    #expect(mkdir(path, 0o700) == 0)
    defer {
      unlink(path + "/blocks")
      rmdir(path)
    }
    try store.append([.blocked(second)]) { [first, second] }
    #expect(BlockStore(directory: path).load(at: wall, blockForSeconds: 1800).blocks == [first, second])
  }

  @Test func `the file stays short`() throws {
    let store = BlockStore(directory: directory.path)
    let some = (0..<100).map { block(IPAddress(v4: $0)) }
    for _ in 0..<300 {
      try store.append(some.map { .blocked($0) }) { some }
      #expect(try #require(directory.read("blocks")).count <= BlockStore.leastLimit)
    }
    #expect(BlockStore(directory: directory.path).load(at: wall, blockForSeconds: 1800).blocks == some)
  }

  // MARK: -

  private func block(_ address: IPAddress) -> Block {
    Block(prefix: IPPrefix(address, length: 64), since: wall, until: wall + 600 * second, failures: 6)
  }

  private func randomRecord(_ random: inout SeededGenerator) -> BlockFile.Record {
    let number = UInt128(Int.random(in: 0..<4, using: &random))
    let prefix =
      Bool.random(using: &random)
      ? IPPrefix(IPAddress(v4: UInt32(number)), length: 32)
      : IPPrefix(IPAddress(v6: 0x2001_0db8 << 96 | number << 64), length: 64)
    if Int.random(in: 0..<3, using: &random) == 0 { return .lifted(prefix) }
    let until = wall + Int64.random(in: 1..<1800, using: &random) * second
    return .blocked(
      Block(prefix: prefix, since: wall, until: until, failures: Int.random(in: 1..<9, using: &random)))
  }

  private func file(_ records: [BlockFile.Record]) -> [UInt8] {
    var bytes = BlockFile.header()
    for record in records { BlockFile.append(record, to: &bytes) }
    return bytes
  }

  /// The result of these changes, in a plain way.
  private func blocks(_ changes: [BlockFile.Record]) -> [Block] {
    var blocks: [Block] = []
    for change in changes {
      switch change {
      case .blocked(let block): blocks = blocks.filter { $0.prefix != block.prefix } + [block]
      case .lifted(let prefix): blocks.removeAll { $0.prefix == prefix }
      }
    }
    return blocks.sorted { $0.prefix < $1.prefix }
  }
}

extension TemporaryDirectory {
  fileprivate func read(_ name: String) -> [UInt8]? {
    guard let file = fopen("\(path)/\(name)", "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return bytes
  }

  fileprivate func write(_ bytes: [UInt8], to name: String) throws {
    let file = try #require(fopen("\(path)/\(name)", "w"))
    defer { fclose(file) }
    try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
  }

  fileprivate func mode(_ name: String) -> mode_t? {
    var status = stat()
    return stat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o777 : nil
  }
}
