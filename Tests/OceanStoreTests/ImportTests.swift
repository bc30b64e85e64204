import Glibc
import OceanUIDL
import Synchronization
import TestSupport
import Testing

@testable import OceanStore

/// Taking over ids from another server, and keeping ids that were given out.
@Suite struct ImportTests {
  let fixture = Fixture()

  func write(_ list: String) { fixture.replace(fixture.maildir + "/dovecot-uidlist", with: Array(list.utf8)) }

  func open(_ scheme: UIDLScheme = .dovecot(.cyrus)) throws -> Mailbox {
    try fixture.indexed(ahead: 0).open(fixture.maildir, uidls: scheme)
  }

  @Test(arguments: [
    // Version 1, which Courier IMAP uses too.
    ("1 77 9\n3 2.a\n4 1.a:2,S\n", ["77.3", "77.4", "3.a"]),
    ("3 V77 N9 G0123\n3 :2.a\n4 W2 S1 Ggg :1.a\n", ["77.3", "77.4", "3.a"]),
    ("3 N9 V77\n1 Pone :1.a\n2 P :2.a\n3 O1 :3.a\n", ["77.3", "one", "2.a"]),
    // The later of two lines about a file; a line that is being written; lines that make no sense.
    ("3 V77 N9\n1 :1.a\n2 :2.a\n5 :1.a\n6 :3.a", ["77.2", "77.5", "3.a"]),
    (
      "3 V77 N9\n1 1.a\nx\n\n0 :1.a\n4294967296 :1.a\n2 :\n3 :a/2.a\n4 W:2.a\n7 :1.a\n",
      ["77.7", "2.a", "3.a"]
    ),
    // Not Dovecot's, or broken: Dovecot throws it away.
    ("2 V77 N9\n1 :1.a\n", ["1.a", "2.a", "3.a"]), ("3 N9\n1 :1.a\n", ["1.a", "2.a", "3.a"]),
    ("3 V0 N9\n1 :1.a\n", ["1.a", "2.a", "3.a"]), ("", ["1.a", "2.a", "3.a"]),
    ("3 V77 N9\n", ["1.a", "2.a", "3.a"]), ("\n\n", ["1.a", "2.a", "3.a"]),
    // An id that cannot be sent, and two equal ones: the second message gets its own.
    ("3 V77 N9\n1 P\u{1} :1.a\n2 Px :2.a\n3 Px :3.a\n", ["1.a", "x", "3.a"]),
    ("3 V77 N9\n1 P3.a :1.a\n", ["3.a", "2.a", "~dup"]),
  ]) func `reads the file`(list: String, uidls: [String]) throws {
    for number in 1...3 { fixture.write("new/\(number).a", "\n") }
    write(list)
    let mailbox = try open()
    #expect(mailbox.uidls.map { $0.hasPrefix("~") ? "~dup" : $0 } == uidls)
    #expect(mailbox.sizes == [2, 2, 2])
    mailbox.close()
    for ahead in [0, 10] as [Int64] {
      #expect(
        try fixture.indexed(ahead: ahead).open(fixture.maildir, uidls: .dovecot(.cyrus)).uidls
          == mailbox.uidls)
    }
  }

  /// A history of deliveries, removals and renamings, with lists that give ids twice, ids that are other
  /// messages' names, and lines about messages that are not there.
  @Test(arguments: 1...4 as ClosedRange<UInt64>, [0, .max])
  func `agrees with a model`(seed: UInt64, watchedFrom: Int) throws {
    var random = SeededGenerator(seed: seed)
    var store = try fixture.indexed(ahead: 0, watchedFrom: watchedFrom)
    /// The names of present messages; their ids in order; lines by number.
    var (names, known, lines): ([Int: String], [(number: Int, id: String)], [Int: String]) = ([:], [], [:])
    var (next, uid) = (100, 1)
    for step in 0..<30 {
      if step % 4 == 0 { store = try fixture.indexed(ahead: 0, watchedFrom: watchedFrom) }
      var new: [(rank: Int, number: Int, id: String)] = []
      // Many at first, few later: these are looked for in different ways.
      for _ in 0..<(step == 0 ? 40 : Int.random(in: 0..<4, using: &random)) {
        next += Int.random(in: 1..<4, using: &random)
        names[next] = "new/\(next).a"
        fixture.write("new/\(next).a")
        guard Int.random(in: 0..<4, using: &random) > 0 else {
          new.append((.max, next, "\(next).a"))
          continue
        }
        let number = Int.random(in: 100...next, using: &random)
        let id = [nil, nil, "x\(uid % 7)", "\(number).a"].randomElement(using: &random) ?? nil
        lines[next] = "\(uid)\(id.map { " P" + $0 } ?? "") :\(next).a\n"
        new.append((uid, next, id ?? "9.\(uid)"))
        uid += 1
      }
      for number in names.keys.sorted() where Int.random(in: 0..<12, using: &random) == 0 {
        guard let name = names[number], !new.contains(where: { $0.number == number }) else { continue }
        if name.hasPrefix("new"), Bool.random(using: &random) {
          names[number] = "cur/\(number).a:2,S"
          fixture.rename(name, "cur/\(number).a:2,S")
        } else {
          names[number] = nil
          fixture.remove(name)
        }
      }
      write("3 V9 N\(uid)\n" + lines.values.sorted().joined())
      known.removeAll { names[$0.number] == nil }
      let mailbox = try store.open(fixture.maildir, uidls: .dovecot(.cyrus))
      let ids = mailbox.uidls
      try #require(ids.count == names.count && Set(ids).count == ids.count)
      #expect(Array(ids.prefix(known.count)) == known.map(\.id))
      new.sort { ($0.rank, $0.number) < ($1.rank, $1.number) }
      let wanted = Dictionary((known.map(\.id) + new.map(\.id)).map { ($0, 1) }, uniquingKeysWith: +)
      for (message, id) in zip(new, ids.dropFirst(known.count)) {
        // A message keeps an id that no other message wants.
        if wanted[message.id] == 1 { #expect(id == message.id) }
        known.append((message.number, id))
      }
      mailbox.close()
    }
  }

  @Test func `long IDs that clients know`() throws {
    let long = "1700000000." + String(repeating: "x", count: 150)
    fixture.write("new/" + long)
    fixture.write("new/1800000000." + String(repeating: "x", count: 150))
    write("3 V1 N9\n1 :\(long)\n")
    let mailbox = try open(.dovecot(try DovecotUIDLFormat("%f")))
    #expect(mailbox.uidl(0) == long)
    // No client knows this one yet.
    #expect(mailbox.uidl(1).utf8.count <= 70)
  }

  /// Later writes of other servers change no id, nor the order of messages that were shown.
  @Test(arguments: [0, 1, 2]) func `what was given out stays`(other: Int) throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    write("3 V77 N9\n2 :1.a\n3 :3.a\n")
    let expected = ["77.2", "77.3", "2.a"]
    #expect(try open().uidls == expected)
    switch other {
    case 0: write("3 V77 N9\n1 :3.a\n2 :1.a\n4 :2.a\n")
    case 1: write("3 V88 N9\n1 :3.a\n2 :1.a\n4 :2.a\n")
    default: unlink(fixture.maildir + "/dovecot-uidlist")
    }
    fixture.rename("new/2.a", "cur/2.a:2,S")
    #expect(try open().uidls == expected)
    // The server is gone, and so is the setting.
    #expect(try open(.ocean).uidls == expected)
    fixture.write("new/0.a")
    #expect(try open(.ocean).uidls == expected + ["0.a"])
    fixture.remove("new/1.a")
    #expect(try open(.ocean).uidls == ["77.3", "2.a", "0.a"])
    fixture.write("new/5.a")
    write("3 V99 N9\n1 :5.a\n2 :6.a\n7 :3.a\n")
    #expect(try open(.ocean).uidls == ["77.3", "2.a", "0.a", "5.a"])
    fixture.write("new/6.a")
    #expect(try open().uidls == ["77.3", "2.a", "0.a", "5.a", "99.2"])
  }

  /// A different scheme takes over again everything that its server knows.
  @Test func `another scheme`() throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    write("3 V77 N9\n2 :3.a\n3 :1.a\n")
    #expect(try open(.ocean).uidls == ["1.a", "2.a", "3.a"])
    #expect(try open(.dovecot(.standard)).uidls == ["000000020000004d", "000000030000004d", "2.a"])
    #expect(try open().uidls == ["77.2", "77.3", "2.a"])
    #expect(try open(.courier).uidls == ["77.3", "2.a", "77.2"])
  }

  /// The Maildir moved to another disk with its index: the inodes are different, the messages are not.
  @Test func `moved to another file system`() throws {
    for number in 1...3 { fixture.write("new/\(number).a", "\(number)\n") }
    write("3 V77 N9\n2 :3.a\n3 :1.a\n")
    let before = try open()
    #expect(before.uidls == ["77.2", "77.3", "2.a"])
    before.close()
    rename(fixture.maildir, fixture.root + "/old")
    for directory in ["", "/new", "/cur"] { mkdir(fixture.maildir + directory, 0o700) }
    for number in 1...3 { fixture.write("new/\(number).a", "\(number)\n") }
    let after = try open(.ocean)
    #expect(after.uidls == before.uidls)
    #expect(after.sizes == before.sizes)
    #expect(try after.text(0) == "3\n")
    after.close()
    #expect(try open(.ocean).uidls == before.uidls)
    #expect(try fixture.indexed().checkIndex(of: fixture.maildir).isSound)
  }

  @Test func `rebuilding keeps the IDs`() throws {
    for number in 1...3 { fixture.write("new/\(number).a,W=9", "\(number)\n") }
    write("3 V77 N9\n2 :3.a,W=9\n3 :1.a,W=9\n")
    #expect(try open().uidls == ["77.2", "77.3", "2.a,W=9"])
    write("3 V88 N9\n2 :3.a,W=9\n3 :2.a,W=9\n")
    let store = try fixture.indexed(ahead: 0)
    #expect(try store.rebuildIndex(of: fixture.maildir, uidls: .dovecot(.cyrus)) == (3, true))
    let rebuilt = try open()
    #expect(rebuilt.uidls == ["77.2", "77.3", "2.a,W=9"])
    #expect(rebuilt.sizes == [3, 3, 3])
    rebuilt.close()
    // Without the index, nothing remembers the ids.
    fixture.replace(fixture.indexPath, with: [])
    #expect(try open().uidls == ["88.2", "88.3", "1.a,W=9"])
  }

  /// No session is better than one where everything seems new.
  @Test func `a list that cannot be read`() throws {
    fixture.write("new/1.a")
    write("3 V77 N9\n2 :1.a\n")
    chmod(fixture.root, 0o777)
    chmod(fixture.maildir, 0o755)
    chmod(fixture.maildir + "/new", 0o755)
    chmod(fixture.maildir + "/cur", 0o755)
    let path = fixture.maildir + "/dovecot-uidlist"
    let store = try fixture.indexed()
    let failure = SystemFailure(operation: .open, path: path, errno: EACCES)
    #expect(throws: StoreError.permission(failure)) {
      try PermissionTests.unprivileged { try store.open(fixture.maildir, uidls: .dovecot(.cyrus)) }
    }
    unlink(path)
    mkdir(path, 0o755)
    #expect(throws: StoreError.badList(path: path)) {
      try store.open(fixture.maildir, uidls: .dovecot(.cyrus))
    }
  }

  /// The Maildir's owner may put anything in the place of a list. It must not lead to somebody else's file,
  /// have no end, or take long.
  @Test(arguments: ["zeros", "another's", "FIFO", "too large"]) func `no list`(kind: String) throws {
    fixture.write("new/1.a")
    let path = fixture.maildir + "/dovecot-uidlist"
    switch kind {
    case "zeros": symlink("/dev/zero", path)
    case "another's":
      fixture.replace(fixture.root + "/list", with: Array("3 V77 N9\n1 :1.a\n".utf8))
      symlink("../list", path)
    case "FIFO": mkfifo(path, 0o600)
    default:
      write("3 V77 N9\n")
      truncate(path, off_t(ForeignList.maximumSize + 1))
    }
    for _ in 0..<2 { #expect(throws: StoreError.badList(path: path)) { try open() } }
    unlink(path)
    #expect(try open().uidls == ["1.a"])
  }

  /// A list may mention a message without end: only the last of its ids is kept.
  @Test func `ids of one message over and over`() throws {
    var ids = ForeignIDs(count: 3)
    var most = 0
    for number in 0..<60_000 {
      // No digits, so that each id is written out.
      let id = Array("\(number)".utf8).map { $0 + 0x40 } + [UInt8](repeating: 0x78, count: 200)
      id.withUnsafeBytes { ids.set($0, at: number % 2) }
      most = max(most, ids.strings.bytes.count)
    }
    ids.set(nil, at: 2)
    #expect(most < 2 << 20)
    let last = ids.changes.map { change in
      change.start.map { start in
        ids.strings.withString(at: start) { String(decoding: $0.prefix(5), as: UTF8.self) }
      }
    }
    #expect(last == ["uyyyx", "uyyyy", nil])
    #expect(ids.changes[2] == .remove)
  }

  @Test func `sizes in the list`() throws {
    fixture.write("new/1.a", "one\n")
    fixture.write("new/2.a", "two\n")
    write("3 V77 N9\n1 S4 W5 :1.a\n2 W9 :2.a\n")
    let mailbox = try open()
    #expect(mailbox.sizes == [5, 9])
    #expect(try mailbox.openMessage(1).octets == 5)
    mailbox.close()
    #expect(try open().sizes == [5, 5])
    // Without an index they would be believed again and again.
    #expect(try fixture.store().open(fixture.maildir, uidls: .dovecot(.cyrus)).sizes == [5, 5])
  }

  /// The lines are the same however the file comes in pieces.
  @Test(arguments: [1, 2, 3, 7, 100, 10_000]) func `lines`(piece: Int) throws {
    let long = String(repeating: "y", count: ForeignList.longestLine)
    let text = Array("a\n\nbc\n\(long)\n\(long)z\n\(long)\(long)\(long)\nlast\nunfinished".utf8)
    let scratch = try ScratchMemory(count: 10_000)
    var lines = LineSplitter(scratch.bytes)
    var seen: [String] = []
    var position = 0
    while position < text.count {
      let count = min(piece, text.count - position, lines.free.count)
      lines.free.copyBytes(from: text[position..<position + count])
      lines.take(count) { seen.append(String(decoding: $0, as: UTF8.self)) }
      position += count
    }
    #expect(seen == ["a", "", "bc", long, "last"])
  }

  /// However the file comes in pieces: after the first line, the lines with one of the names in them, in
  /// order.
  @Test(arguments: [1, 2, 3, 7, 100, 10_000]) func `lines with names`(piece: Int) throws {
    let long = String(repeating: "y", count: ForeignList.longestLine)
    let text = Array("head\n1 cd\n2 ab\n3 abcd\n\n4 ba\n5 \(long)ab\nab\nab\nlast cd\n7 ab".utf8)
    let scratch = try ScratchMemory(count: 10_000)
    var lines = LineSplitter(scratch.bytes, containing: [Array("ab".utf8), Array("cd".utf8)])
    var seen: [String] = []
    var position = 0
    while position < text.count {
      let count = min(piece, text.count - position, lines.free.count)
      lines.free.copyBytes(from: text[position..<position + count])
      lines.take(count) { seen.append(String(decoding: $0, as: UTF8.self)) }
      position += count
    }
    #expect(seen == ["head", "1 cd", "2 ab", "3 abcd", "ab", "ab", "last cd"])
  }

  /// Writes a list that is longer than one read.
  private func writeLongList(around line: String) {
    let other = (0..<20_000).map { "\($0 + 100) :17\($0).M1P1.host\n" }.joined()
    write("3 V77 N99999\n\(other)\(line)\n\(other)")
  }

  @Test(arguments: [1, 9, 40]) func `new messages in a long list`(count: Int) throws {
    writeLongList(around: (1...count).map { "\($0) :\($0).new" }.joined(separator: "\n"))
    for number in 100...150 { fixture.write("new/\(number).old", "x\n") }
    try open().close()
    for number in (1...count).reversed() { fixture.write("new/\(number).new", "x\n") }
    #expect(try open().uidls.suffix(count) == (1...count).map { "77.\($0)" }[...])
  }

  @Test func `reading a long list can be cancelled`() throws {
    writeLongList(around: "1 :1.a")
    fixture.write("new/1.a", "x\n")
    let store = try fixture.indexed(ahead: 0)
    let turns = Mutex(0)
    let cancellation = Cancellation { turns.withLock { $0 += 1 } }
    _ = try store.open(fixture.maildir, uidls: .dovecot(.cyrus), cancellation: cancellation).close()
    // Others had their turns meanwhile.
    #expect(turns.withLock { $0 } > 3)
    fixture.write("new/2.a", "x\n")
    cancellation.cancel()
    #expect(throws: StoreError.cancelled) {
      try store.open(fixture.maildir, uidls: .dovecot(.cyrus), cancellation: cancellation)
    }
  }
}
