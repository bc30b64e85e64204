import Glibc
import OceanBase
import Synchronization
import TestSupport
import Testing

@testable import OceanStore

@Suite struct CacheTests {
  let fixture = Fixture()

  static let second: Int64 = 1_000_000_000

  @Test(arguments: [
    // modified, changed, start of the reading: settled
    (10 * second, 10 * second, 12 * second, true),
    (10 * second, 10 * second, 12 * second - 1, false),
    (10 * second, 10 * second, 10 * second, false),
    (10 * second, 5 * second, 12 * second - 1, false),
    // mtime was set back: ctime shows it.
    (1 * second, 10 * second, 12 * second - 1, false),
    (1 * second, 10 * second, 12 * second, true),
    // The latest and the earliest possible times.
    (100 * second, 1 * second, 12 * second, false),
    (Int64.max, Int64.max, 12 * second, false),
    (Int64.min, Int64.min, 12 * second, true),
  ]) func `settled`(modified: Int64, changed: Int64, start: Int64, expected: Bool) {
    let directory = DirectoryStamp(device: 1, inode: 1, modified: modified, changed: changed)
    let old = DirectoryStamp(device: 1, inode: 2, modified: Self.second, changed: Self.second)
    func holds(_ new: DirectoryStamp?, _ cur: DirectoryStamp?) -> Bool {
      let stamp = MaildirStamp(new: new, cur: cur)
      return MaildirState(stamp, at: start, margin: 2 * Self.second).holds(at: stamp)
    }
    #expect(holds(directory, nil) == expected)
    #expect(holds(nil, directory) == expected)
    #expect(holds(old, directory) == expected)
    #expect(holds(directory, old) == expected)
    #expect(!holds(nil, nil))
  }

  /// A network file system's clock may be off by as much as a minute.
  @Test func `another stamp does not hold`() {
    let stamp = DirectoryStamp(device: 1, inode: 1, modified: Self.second, changed: Self.second)
    let state = MaildirState(
      MaildirStamp(new: stamp, cur: nil), at: 62 * Self.second, margin: 60 * Self.second)
    #expect(state.holds(at: MaildirStamp(new: stamp, cur: nil)))
    #expect(!state.holds(at: MaildirStamp(new: stamp, cur: stamp)))
    #expect(!state.holds(at: MaildirStamp(new: nil, cur: stamp)))
    let racy = MaildirState(
      MaildirStamp(new: stamp, cur: nil), at: 60 * Self.second, margin: 60 * Self.second)
    #expect(!racy.holds(at: MaildirStamp(new: stamp, cur: nil)))
  }

  /// A settled, unchanged Maildir is not read again: its snapshot is the very same.
  @Test func `shares the snapshot of what has not changed`() throws {
    fixture.write("new/1.a")
    let settled = try fixture.store(ahead: 10)
    let first = try settled.open(fixture.maildir)
    first.close()
    let second = try settled.open(fixture.maildir)
    #expect(second.snapshot === first.snapshot)
    second.close()

    let racy = try fixture.store()
    let third = try racy.open(fixture.maildir)
    third.close()
    #expect(try racy.open(fixture.maildir).snapshot !== third.snapshot)
  }

  /// The clock reaches the age that settles a stamp: from then on the snapshot is kept.
  @Test func `a snapshot settles with time`() throws {
    let clock = Clock()
    fixture.write("new/1.a")
    let store = try MaildirStore(lockDirectory: fixture.root, cacheBytes: 1 << 20, now: { clock.now })
    func open() throws -> Mailbox {
      let mailbox = try store.open(fixture.maildir)
      mailbox.close()
      return mailbox
    }
    let fresh = try open()
    clock.ahead.store(3 * Self.second, ordering: .relaxed)
    let settled = try open()
    #expect(settled.snapshot !== fresh.snapshot)
    #expect(try open().snapshot === settled.snapshot)
    fixture.write("new/2.a")
    #expect(try open().uidls == ["1.a", "2.a"])
  }

  final class Clock: Sendable {
    let ahead = Atomic<Int64>(0)
    var now: Int64 { SystemClock.files.now + ahead.load(ordering: .relaxed) }
  }

  /// Rapid changes, stamped by the file system's real clock, against a plain model.
  @Test(arguments: 1...4 as ClosedRange<UInt64>, [0, .max])
  func `sees every change`(seed: UInt64, watchedFrom: Int) throws {
    var random = SeededGenerator(seed: seed)
    let store = try fixture.store(watchedFrom: watchedFrom)
    var model: [Int: (name: String, content: String)] = [:]
    for step in 0..<300 {
      for _ in 0..<Int.random(in: 0..<3, using: &random) {
        let number = Int.random(in: 1000..<1030, using: &random)
        if let (name, content) = model[number] {
          if Bool.random(using: &random) {
            fixture.remove(name)
            model[number] = nil
          } else {
            let moved = "cur/\(number).a:2,\(["", "S", "FS", "T"].randomElement(using: &random) ?? "")"
            if moved != name { fixture.rename(name, moved) }
            model[number] = (moved, content)
          }
        } else {
          // A number may come back with other content: messages do not do that, but files restored by hand
          // might.
          let content = String(repeating: "\(step)\n", count: Int.random(in: 0..<9, using: &random))
          fixture.write("new/\(number).a", content)
          model[number] = ("new/\(number).a", content)
        }
      }
      let mailbox = try store.open(fixture.maildir)
      let expected = model.sorted { $0.key < $1.key }
      #expect(mailbox.uidls == expected.map { "\($0.key).a" })
      for (index, message) in expected.enumerated() {
        do {
          let text = try mailbox.text(index)
          #expect(text == message.value.content)
          #expect(mailbox.octets(of: index) == UInt64(SizeTests.wireForm(Array(text.utf8)).count))
        } catch StoreError.changed {
          // This file got the inode number of a removed one: noticed, and right the next time.
          continue
        }
      }
    }
  }

  /// One of two names of a message goes, and the folder of the other has not changed.
  @Test(arguments: [0, .max]) func `one of two names goes`(watchedFrom: Int) throws {
    fixture.write("new/1.a")
    link(fixture.maildir + "/new/1.a", fixture.maildir + "/cur/1.a:2,S")
    let store = try fixture.store(ahead: 10, watchedFrom: watchedFrom)
    #expect(try store.open(fixture.maildir).count == 1)
    fixture.awaitNextStamp()
    fixture.remove("cur/1.a:2,S")
    #expect(try store.open(fixture.maildir).uidls == ["1.a"])
    fixture.awaitNextStamp()
    link(fixture.maildir + "/new/1.a", fixture.maildir + "/cur/1.a:2,S")
    #expect(try store.open(fixture.maildir).uidls == ["1.a"])
    fixture.awaitNextStamp()
    fixture.remove("new/1.a")
    let mailbox = try store.open(fixture.maildir)
    #expect(mailbox.update(deleting: [0], seen: []) == UpdateResult(removed: 1))
    #expect(!fixture.exists("cur/1.a:2,S"))
  }

  @Test func `sizes are remembered and new mail counted`() throws {
    let store = try fixture.store()
    for index in 0..<100 { fixture.write("new/\(index + 100).a", String(repeating: "a\n", count: index)) }
    var expected = (0..<100).map { UInt64($0 * 3) }
    #expect(try store.open(fixture.maildir).sizes == expected)
    fixture.rename("new/150.a", "cur/150.a:2,S")
    fixture.remove("new/120.a")
    expected.remove(at: 20)
    fixture.write("new/99.a", "first\n")
    fixture.write("new/200.a", "last")
    expected = [7] + expected + [6]
    let mailbox = try store.open(fixture.maildir)
    #expect(mailbox.sizes == expected)
    #expect(mailbox.totalOctets == expected.reduce(0, +))
  }

  @Test func `is bounded and forgets the least recently used`() throws {
    let boxes = (0..<10).map { fixture.root + "/box\($0)" }
    for box in boxes {
      for directory in ["", "/new"] { mkdir(box + directory, 0o700) }
      for index in 0..<50 { close(creat(box + "/new/\(index).message", 0o600)) }
    }
    func open(_ store: MaildirStore, _ box: Int) throws -> Mailbox {
      let mailbox = try store.open(boxes[box])
      mailbox.close()
      return mailbox
    }
    let measure = try fixture.store(ahead: 10)
    _ = try open(measure, 0)
    let one = measure.cachedBytes
    #expect((50 * 30...50 * 60 + 1000).contains(one))

    let capacity = one * 3 + one / 2
    let store = try fixture.store(cacheBytes: capacity, ahead: 10)
    let first = try (0..<3).map { try open(store, $0) }
    #expect(try open(store, 0).snapshot === first[0].snapshot)
    // 1 is now the one used longest ago, and goes.
    _ = try open(store, 3)
    #expect(try open(store, 0).snapshot === first[0].snapshot)
    #expect(try open(store, 2).snapshot === first[2].snapshot)
    #expect(try open(store, 1).snapshot !== first[1].snapshot)
    var random = SeededGenerator(seed: 7)
    for _ in 0..<200 {
      _ = try open(store, Int.random(in: 0..<10, using: &random))
      #expect(store.cachedBytes <= capacity)
    }

    let tiny = try fixture.store(cacheBytes: 100, ahead: 10)
    #expect(try open(tiny, 0).count == 50)
    #expect(tiny.cachedBytes == 0)
  }

  @Test(arguments: [0, Int.max]) func `many threads`(watchedFrom: Int) throws {
    let boxes = (0..<4).map { fixture.root + "/box\($0)" }
    for box in boxes { for directory in ["", "/new", "/cur"] { mkdir(box + directory, 0o700) } }
    let store = try fixture.store(cacheBytes: 4000, ahead: 10, watchedFrom: watchedFrom)
    let expected = Mutex(0)
    try onThreads(8) { thread in
      var random = SeededGenerator(seed: UInt64(thread))
      for step in 0..<60 {
        let box = boxes.randomElement(using: &random) ?? ""
        if step % 3 == 0 {
          close(creat(box + "/new/\(step).M\(thread)", 0o600))
          expected.withLock { $0 += 1 }
        }
        do {
          let mailbox = try store.open(box)
          let half = (0..<mailbox.count).filter { $0 % 2 == 0 }
          let result = mailbox.update(deleting: half, seen: 0..<mailbox.count)
          #expect(result == UpdateResult(removed: half.count))
          expected.withLock { $0 -= half.count }
        } catch {
          #expect(error as? StoreError == .inUse)
        }
      }
    }
    let left = try boxes.reduce(0) { try $0 + store.open($1).count }
    #expect(left == expected.withLock { $0 })
  }

  /// Runs `body` on threads of its own: Swift's run only as many tasks at a time as there are cores.
  private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
    final class Work: Sendable {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let threads = try (0..<count).map { index in
      var thread = pthread_t()
      let work = Unmanaged.passRetained(Work { body(index) })
      let result = pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, work.toOpaque())
      try #require(result == 0)
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}
