import Glibc
import OceanBase
import TestSupport
import Testing

@testable import OceanStore

@Suite struct IndexTests {
  let fixture = Fixture()

  /// The files' content is not looked at again: it is replaced in a way that the folders do not show.
  @Test func `sizes survive a restart`() throws {
    for index in 0..<20 { fixture.write(index % 2 == 0 ? "new/\(index).a" : "cur/\(index).a:2,S", "one\n") }
    let before = try fixture.indexed().open(fixture.maildir)
    before.close()
    for index in 0..<20 {
      fixture.write(index % 2 == 0 ? "new/\(index).a" : "cur/\(index).a:2,S", "longer\n")
    }
    let after = try fixture.indexed().open(fixture.maildir)
    #expect(after.sizes == [UInt64](repeating: 5, count: 20))
    #expect(after.uidls == before.uidls)
    // The difference is found out when the message is sent, for good.
    #expect(try after.openMessage(3).octets == 8)
    after.close()
    let next = try fixture.indexed().open(fixture.maildir)
    #expect(next.sizes == (0..<20).map { $0 == 3 ? 8 : 5 })
    #expect(try next.text(3) == "longer\n")
  }

  @Test func `a folder that has not changed is not read`() throws {
    fixture.write("new/1.a", "one\n")
    fixture.write("cur/2.a", "two\n")
    chmod(fixture.root, 0o777)
    for folder in ["", "/new", "/cur"] { chmod(fixture.maildir + folder, 0o333) }
    try fixture.indexed().open(fixture.maildir).close()
    chmod(fixture.indexPath, 0o644)
    chmod(fixture.root + "/mailbox.locks", 0o666)
    let mailbox = try PermissionTests.unprivileged { try fixture.indexed().open(fixture.maildir) }
    #expect(mailbox.uidls == ["1.a", "2.a"])
  }

  /// A message that is not there stays in a folder whose stamp says that nothing has changed.
  @Test func `only the folder that changed is read`() throws {
    fixture.write("new/1.a")
    fixture.write("cur/2.a")
    let later = SystemClock.files.now + 10_000_000_000
    let maildir = try OpenMaildir(fixture.maildir)
    let first = try MaildirReading(maildir, since: nil, start: later)
    var merge = TableMerge(first.merged.table, staying: true)
    Array("9.a".utf8).withUnsafeBytes {
      merge.add(MessageName($0), inode: 1, folder: .cur, known: nil)
      merge.add(MessageName($0), inode: 2, folder: .new, known: nil)
    }
    let older = merge.result().table
    #expect(older.count == 4)
    Self.nextTick()
    fixture.write("new/3.a")
    let second = try MaildirReading(maildir, since: (older, first.state), start: later)
    let names = (0..<second.merged.table.count).map { position in
      second.merged.table.withName(of: position) { String(decoding: $0.bytes, as: UTF8.self) }
    }
    #expect(names == ["1.a", "2.a", "3.a", "9.a"])
  }

  /// Waits until a change gets a different time stamp than one made now.
  static func nextTick() {
    let start = SystemClock.files.now
    while SystemClock.files.now == start {}
  }

  /// A delivery in the same tick as the stamp: by the real clock, the folder has proved nothing yet.
  @Test func `a delivery in the same tick is seen`() throws {
    for number in 0..<60 {
      fixture.write("new/\(1000 + number).a")
      let store = try fixture.indexed(ahead: 0)
      #expect(try store.open(fixture.maildir).count == number + 1)
    }
  }

  /// Changes of every kind with a restart now and then, against a plain model.
  @Test(arguments: 1...4 as ClosedRange<UInt64>) func `agrees with a model`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var store = try fixture.indexed(ahead: 0)
    var model: [Int: (name: String, content: String)] = [:]
    var next = 1000
    for step in 0..<100 {
      if step % 5 == 0 { store = try fixture.indexed(ahead: 0) }
      for _ in 0..<Int.random(in: 0..<4, using: &random) {
        if let number = model.keys.sorted().randomElement(using: &random),
          let (name, content) = model[number],
          Bool.random(using: &random)
        {
          if Bool.random(using: &random) {
            fixture.remove(name)
            model[number] = nil
          } else {
            let moved = "cur/\(number).a,W=7:2,\(["", "S", "FS", "T"].randomElement(using: &random) ?? "")"
            if moved != name { fixture.rename(name, moved) }
            model[number] = (moved, content)
          }
        } else {
          next += Int.random(in: 1..<4, using: &random)
          let content = String(repeating: "x", count: Int.random(in: 0..<9, using: &random))
          // A claim, which is right for one in nine.
          fixture.write("new/\(next).a,W=7", content)
          model[next] = ("new/\(next).a,W=7", content)
        }
      }
      let mailbox = try store.open(fixture.maildir)
      let expected = model.sorted { $0.key < $1.key }
      #expect(mailbox.uidls == expected.map { "\($0.key).a,W=7" })
      for (index, message) in expected.enumerated() where Bool.random(using: &random) {
        let file = try mailbox.openMessage(index)
        #expect(file.octets == UInt64(SizeTests.wireForm(Array(message.value.content.utf8)).count))
        #expect(try mailbox.text(index) == message.value.content)
      }
      if step % 3 == 0 { #expect(mailbox.update(deleting: [], seen: []) == UpdateResult()) }
    }
    let report = try store.checkIndex(of: fixture.maildir)
    #expect(
      report.findings.allSatisfy { if case .wrongSize(_, 7, _, isClaimed: true) = $0 { true } else { false } }
    )
  }

  @Test func `the log is not gone on with for ever`() throws {
    let store = try fixture.indexed()
    for number in 0..<200 {
      fixture.write("new/\(100_000 + number).M1P1.a-rather-long-host-name.example.org")
      if number % 2 == 0 { Self.nextTick() }
      try store.open(fixture.maildir).close()
    }
    #expect(fixture.read(fixture.indexPath).count < 40 * 200 + (20 << 10))
    #expect(try fixture.indexed().open(fixture.maildir).count == 200)
  }

  @Test func `the directory is made and private`() throws {
    fixture.write("new/1.a", "one\n")
    let directory = fixture.root + "/index"
    for _ in 0..<2 {
      #expect(try fixture.indexed(.directory(directory)).open(fixture.maildir).sizes == [5])
    }
    var status = stat()
    stat(directory, &status)
    #expect(status.st_mode == S_IFDIR | 0o700)
    let names = FileNames.of(directory).filter { !$0.hasPrefix(".") }
    #expect(names.count == 1 && names[0].hasSuffix(".index"))
    stat(directory + "/" + names[0], &status)
    #expect(status.st_mode == S_IFREG | 0o600)
  }

  @Test func `another Maildir's index is not believed`() throws {
    fixture.write("new/1.a")
    try fixture.indexed().open(fixture.maildir).close()
    let other = fixture.root + "/other"
    mkdir(other, 0o700)
    let path = try #require(IndexLocation.directory(fixture.root).path(for: other))
    #expect(path != fixture.indexPath)
    rename(fixture.indexPath, path)
    let index = IndexFile(.directory(fixture.root))
    guard case .damaged = index.read(other) else {
      Issue.record("believed")
      return
    }
    #expect(try fixture.indexed().open(other).count == 0)
  }

  @Test func `copies and links survive`() throws {
    fixture.write("cur/1.a:2,S", "original\n")
    fixture.write("new/1.a", "copy\n")
    fixture.write("new/2.a", "two\n")
    link(fixture.maildir + "/new/2.a", fixture.maildir + "/cur/2.a:2,S")
    let before = try fixture.indexed().open(fixture.maildir)
    #expect(before.count == 3)
    before.close()
    for ahead in [0, 10] as [Int64] {
      let after = try fixture.indexed(ahead: ahead).open(fixture.maildir)
      #expect(after.uidls == before.uidls)
      #expect(after.sizes == before.sizes)
    }
    // The original goes: the copy keeps the id it was given.
    let texts = try (0..<2).map(before.text)
    let original = try #require(
      texts.firstIndex { _ in true }.flatMap { _ in before.uidls.firstIndex(of: "1.a") })
    fixture.remove(texts[original] == "original\n" ? "cur/1.a:2,S" : "new/1.a")
    let left = try fixture.indexed(ahead: 0).open(fixture.maildir)
    #expect(left.uidls == before.uidls.filter { $0 != "1.a" })
    let deletion = left.update(deleting: [1], seen: [])
    #expect(deletion == UpdateResult(removed: 1))
    left.close()
    #expect(try fixture.indexed(ahead: 0).open(fixture.maildir).count == 1)
  }

  @Test func `check and rebuild`() throws {
    #expect(try fixture.indexed().checkIndex(of: fixture.maildir).findings == [.missing])
    for number in 1...4 { fixture.write("new/\(number).a,W=3", "\(number)\n") }
    let store = try fixture.indexed(ahead: 0)
    try store.open(fixture.maildir).close()
    var report = try store.checkIndex(of: fixture.maildir)
    #expect(report == IndexReport(findings: [], messages: 4))
    #expect(report.isSound)
    fixture.remove("new/1.a,W=3")
    fixture.write("new/5.a")
    fixture.rename("new/2.a,W=3", "cur/2.a,W=3:2,S")
    fixture.write("new/3.a,W=3", "longer\n")
    report = try store.checkIndex(of: fixture.maildir)
    #expect(
      report.findings == [
        .behind(new: 1, renamed: 1, gone: 1),
        .wrongSize(path: fixture.maildir + "/new/3.a,W=3", listed: 3, counted: 8, isClaimed: true),
      ])
    #expect(!report.isSound)
    #expect(report.findings.map(\.description).allSatisfy { !$0.isEmpty })
    let rebuilt = try store.rebuildIndex(of: fixture.maildir)
    #expect(rebuilt == (4, true))
    #expect(try store.checkIndex(of: fixture.maildir) == IndexReport(findings: [], messages: 4))
    #expect(try store.open(fixture.maildir).sizes == [3, 8, 3, 3])
    fixture.replace(fixture.indexPath, with: Array("no index".utf8))
    #expect(try store.checkIndex(of: fixture.maildir).findings == [.damaged])
  }

  /// If the stamps prove that the folder is unchanged, an index that differs is wrong.
  @Test func `a difference that the stamps deny is found`() throws {
    fixture.write("new/1.a")
    fixture.write("new/2.a")
    let store = try fixture.indexed()
    try store.open(fixture.maildir).close()
    // In the same tick, or by a clock that was wrong.
    let index = IndexFile(.directory(fixture.root))
    guard case .snapshot(let snapshot, _) = index.read(fixture.maildir) else { return }
    var merge = TableMerge(snapshot.table, staying: true)
    merge.drop(0)
    [UInt8]("9.a".utf8).withUnsafeBytes {
      merge.add(MessageName($0), inode: 1, folder: .new, known: nil)
    }
    let wrong = Snapshot(
      table: merge.result().table, order: nil, state: snapshot.state, scheme: 0, saved: nil)
    #expect(
      try index.save(
        wrong, of: fixture.maildir, SnapshotChanges(isEverything: true), since: nil))
    #expect(
      try store.checkIndex(of: fixture.maildir).findings == [
        .unlisted(path: fixture.maildir + "/new/1.a"), .lost(path: fixture.maildir + "/new/9.a"),
      ])
    #expect(try store.rebuildIndex(of: fixture.maildir).messages == 2)
    #expect(try store.open(fixture.maildir).uidls == ["1.a", "2.a"])
  }
}
