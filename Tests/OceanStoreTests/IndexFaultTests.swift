import Glibc
import Synchronization
import TestSupport
import Testing

@testable import OceanStore

/// What a crash, a full disk or a bad block leaves of an index, and what follows from it.
@Suite struct IndexFaultTests {
  let fixture = Fixture()

  /// Everything that a session could tell a client.
  struct Told: Equatable {
    let uidls: [String]
    let sizes: [UInt64]
    let state: MaildirState

    init(_ snapshot: Snapshot) {
      uidls = (0..<snapshot.count).map { snapshot.withUIDL(of: $0) { String(decoding: $0, as: UTF8.self) } }
      sizes = (0..<snapshot.count).map { snapshot.size(of: $0).octets }
      state = snapshot.state
    }
  }

  static func read(_ bytes: [UInt8], _ owner: String) -> Told? {
    let source = IndexSource(size: bytes.count) { buffer, offset in
      guard offset >= 0, offset + buffer.count <= bytes.count else { return false }
      buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
      return true
    }
    return source.read(owner).map { Told($0.0) }
  }

  /// An index with a log of five transactions, and everything it ever said.
  func history() throws -> (bytes: [UInt8], told: [Told]) {
    let store = try fixture.indexed()
    var told: [Told] = []
    func open() throws {
      let mailbox = try store.open(fixture.maildir)
      told.append(Told(mailbox.snapshot))
      mailbox.close()
      IndexTests.nextTick()
    }
    for number in 1...3 { fixture.write("new/170000000\(number).M1P2.host", "\(number)\n") }
    try open()
    fixture.write("new/1700000004.M1P2.host", "four\n")
    try open()
    fixture.rename("new/1700000001.M1P2.host", "cur/1700000001.M1P2.host:2,S")
    try open()
    fixture.remove("new/1700000002.M1P2.host")
    try open()
    fixture.write("new/1700000005.M1P2.host", "five\n")
    fixture.write("new/1700000000.M1P2.host", "zero\n")
    try open()
    let bytes = fixture.read(fixture.indexPath)
    #expect(Self.read(bytes, fixture.maildir) == told.last)
    return (bytes, told)
  }

  /// kill -9 or a power failure at any byte.
  @Test func `cut at every byte`() throws {
    let (bytes, told) = try history()
    var seen: [Told] = []
    for count in 0..<bytes.count {
      guard let state = Self.read(Array(bytes[..<count]), fixture.maildir) else { continue }
      #expect(told.contains(state))
      if !seen.contains(state) { seen.append(state) }
    }
    #expect(seen == told.dropLast())
  }

  @Test func `every bit flipped`() throws {
    var (bytes, told) = try history()
    for bit in 0..<bytes.count * 8 {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      if let state = Self.read(bytes, fixture.maildir) { #expect(told.contains(state), "bit \(bit)") }
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
  }

  @Test func `parts that were not written`() throws {
    let (bytes, told) = try history()
    var random = SeededGenerator(seed: 1)
    for _ in 0..<500 {
      var damaged = bytes
      let start = Int.random(in: 0..<bytes.count, using: &random)
      let end = min(start + Int.random(in: 1...600, using: &random), bytes.count)
      for position in start..<end { damaged[position] = 0 }
      if let state = Self.read(damaged, fixture.maildir) { #expect(told.contains(state)) }
    }
  }

  /// After each damage the next session is right, and so is the one after it.
  @Test func `a session after damage is right`() throws {
    let (bytes, told) = try history()
    let expected = try #require(told.last)
    var random = SeededGenerator(seed: 2)
    for step in 0..<40 {
      var damaged = Array(
        bytes[..<(step % 2 == 0 ? Int.random(in: 0..<bytes.count, using: &random) : bytes.count)])
      if step % 2 == 1 { damaged[Int.random(in: 0..<bytes.count, using: &random)] ^= 0x10 }
      fixture.replace(fixture.indexPath, with: damaged)
      for _ in 0..<2 {
        let mailbox = try fixture.indexed().open(fixture.maildir)
        #expect(mailbox.uidls == expected.uidls)
        #expect(mailbox.sizes == expected.sizes)
      }
      #expect(try fixture.indexed().checkIndex(of: fixture.maildir).isSound)
    }
  }

  /// Writes so many bytes in all, and then no more.
  final class Disk: Sendable {
    private let free: Atomic<Int>
    init(free: Int) { self.free = Atomic(free) }

    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
      let count = min(bytes.count, free.load(ordering: .relaxed))
      guard count > 0 else {
        errno = ENOSPC
        return -1
      }
      free.subtract(count, ordering: .relaxed)
      return Glibc.write(descriptor, bytes.baseAddress, count)
    }
  }

  /// The disk is full at any byte of a new index, and of an addition to one: no session fails, nothing is
  /// wrong.
  @Test func `a full disk`() throws {
    fixture.write("new/1.a,W=9", "one\n")
    for free in stride(from: 0, to: 500, by: 7) {
      unlink(fixture.indexPath)
      let disk = Disk(free: free)
      let store = try fixture.indexed(ahead: 0, write: disk.write)
      let name = "new/\(1000 + free).a"
      for _ in 0..<2 {
        let mailbox = try store.open(fixture.maildir)
        #expect(mailbox.count == 1 + (fixture.exists(name) ? 1 : 0))
        // The name gives a wrong size: the next session must know, with an index or without.
        #expect(try mailbox.openMessage(0).octets == 5)
        mailbox.close()
        let next = try store.open(fixture.maildir)
        #expect(next.sizes.first == 5)
        next.close()
        if !fixture.exists(name) { fixture.write(name) }
      }
      #expect(!FileNames.of(fixture.root).contains { $0.hasSuffix(".new") })
      let after = try fixture.indexed(ahead: 0).open(fixture.maildir)
      #expect(after.count == 2)
      #expect(try after.openMessage(0).octets == 5)
      fixture.remove(name)
    }
  }

  @Test func `where no index can be`() throws {
    fixture.write("new/1.a,W=9", "one\n")
    fixture.write("file")
    for directory in [fixture.root + "/absent/index", fixture.maildir + "/file", "/proc", "/dev/full"] {
      let store = try fixture.indexed(.directory(directory))
      for sizes in [[9], [5], [5]] as [[UInt64]] {
        let mailbox = try store.open(fixture.maildir)
        #expect(mailbox.sizes == sizes)
        #expect(try mailbox.openMessage(0).octets == 5)
      }
      #expect(try store.rebuildIndex(of: fixture.maildir) == (1, false))
    }
  }

  /// Something else in the index's place is neither read nor followed.
  @Test func `something else in the index's place`() throws {
    fixture.write("new/1.a")
    for kind in 0..<4 {
      remove(fixture.indexPath)
      switch kind {
      case 0: mkdir(fixture.indexPath, 0o700)
      case 1: symlink(fixture.maildir + "/new/1.a", fixture.indexPath)
      case 2: mkfifo(fixture.indexPath, 0o600)
      default: mkdir(fixture.indexPath + ".new", 0o700)
      }
      for _ in 0..<2 { #expect(try fixture.indexed().open(fixture.maildir).uidls == ["1.a"]) }
      #expect(try fixture.indexed().open(fixture.maildir).text(0) == "a\n")
    }
  }

  /// The new file of a killed process is in nobody's way.
  @Test func `a file half written`() throws {
    fixture.write("new/1.a")
    fixture.replace(fixture.indexPath + ".new", with: Array("half".utf8))
    try fixture.indexed().open(fixture.maildir).close()
    #expect(!FileNames.of(fixture.root).contains { $0.hasSuffix(".new") })
    #expect(try fixture.indexed().checkIndex(of: fixture.maildir).findings.isEmpty)
  }

  /// Two processes without a common lock: neither overwrites what the other appended.
  @Test func `an index that is not as it was left`() throws {
    fixture.write("new/1.a")
    let (one, two) = (try fixture.indexed(ahead: 0), try fixture.indexed(ahead: 0))
    for number in 2..<20 {
      fixture.write("new/\(number + 100).a")
      #expect(try (number % 2 == 0 ? one : two).open(fixture.maildir).count == number)
      #expect(try fixture.indexed(ahead: 0).checkIndex(of: fixture.maildir).findings.isEmpty)
    }
  }
}

enum FileNames {
  static func of(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }
}
