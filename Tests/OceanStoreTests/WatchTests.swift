import Glibc
import OceanBase
import OceanUIDL
import Synchronization
import TestSupport
import Testing

@testable import OceanStore

/// Large Maildirs, whose changes the kernel reports.
@Suite struct WatchTests {
  let fixture = Fixture()

  /// A store that watches the Maildir, which it has read once.
  private func watching(_ fixture: Fixture, ahead seconds: Int64 = 10) throws -> MaildirStore {
    let store = try fixture.indexed(ahead: seconds, watchedFrom: 0)
    _ = try store.open(fixture.maildir)
    return store
  }

  /// All kinds of changes, against a store that reads the folders.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func `sees what reading sees`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let watching = try watching(fixture, ahead: seed % 2 == 0 ? 10 : 0)
    let reading = try fixture.store(watchedFrom: .max)
    for number in 0..<200 { change(number, &random) }
    for step in 0..<150 {
      for _ in 0..<Int.random(in: 0..<4, using: &random) { change(200 + step, &random) }
      let (seen, read) = try (messages(watching), messages(reading))
      try #require(seen == read, "\(step)")
      let mailbox = try (step % 2 == 0 ? watching : reading).open(fixture.maildir)
      guard step % 10 < 2, mailbox.count > 0 else { continue }
      _ = mailbox.update(deleting: [0], seen: 0..<min(mailbox.count, 3))
    }
  }

  private func messages(_ store: MaildirStore) throws -> [String] {
    let mailbox = try store.open(fixture.maildir)
    defer { mailbox.close() }
    let table = mailbox.snapshot.table
    return (0..<mailbox.count).map { position in
      let isLinked = table.records[position].flags.contains(.linked)
      // Only one of several names is known.
      let path = isLinked ? "" : table.path(of: position, in: "")
      return "\(mailbox.uidl(position)) \(mailbox.octets(of: position)) \(path)"
    }
  }

  private func change(_ number: Int, _ random: inout SeededGenerator) {
    let files = ["new", "cur"].flatMap { folder in
      list(folder).map { "\(folder)/\($0)" }
    }.sorted()
    let some = files.randomElement(using: &random)
    let base = some.map { $0.dropFirst(4).prefix { $0 != ":" } } ?? ""
    switch (Int.random(in: 0..<9, using: &random), some) {
    case (0, let some?): fixture.remove(some)
    case (1, let some?), (2, let some?):
      let flags = ["", "S", "FS", "RS"].randomElement(using: &random) ?? ""
      rename(fixture.maildir + "/" + some, fixture.maildir + "/cur/\(base):2,\(flags)")
    case (3, let some?): link(fixture.maildir + "/" + some, fixture.maildir + "/cur/\(base):2,T")
    case (4, let some?):
      fixture.remove(some)
      fixture.write(some, "another file \(number)\n")
    case (5, _):
      fixture.write("cur/.hidden\(number)")
      mkdir(fixture.maildir + "/new/\(number).directory", 0o700)
    default: fixture.write("new/\(1000 + number * 7 % 500).\(number)", "\(number)\n")
    }
  }

  private func list(_ folder: String) -> [String] {
    guard let directory = opendir(fixture.maildir + "/" + folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix("."), entry.pointee.d_type == UInt8(DT_REG) { names.append(name) }
    }
    return names
  }

  /// A folder's time of access shows that it was read (unless the file system does not keep that).
  @Test func `a watched folder is not read again`() throws {
    fixture.write("new/1.a")
    let path = fixture.maildir + "/new"
    func isRead(by open: () throws -> Void) rethrows -> Bool {
      var (before, after) = (stat(), stat())
      // Older than the last change, so that reading sets it even if the file system does not set it each
      // time.
      let omit = (1 << 30) - 2
      let times = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 0, tv_nsec: omit)]
      utimensat(AT_FDCWD, path, times, 0)
      stat(path, &before)
      try open()
      stat(path, &after)
      return before.st_atim.nanoseconds != after.st_atim.nanoseconds
    }
    guard isRead(by: { _ = list("new") }) else { return }
    func isRead(by store: MaildirStore) throws -> Bool { try isRead { _ = try store.open(fixture.maildir) } }
    let (watching, other) = try (fixture.indexed(watchedFrom: 3), fixture.indexed(watchedFrom: 100))
    #expect(try isRead(by: watching))
    #expect(try isRead(by: other))
    fixture.write("new/2.a")
    fixture.write("new/3.a")
    #expect(try isRead(by: watching), "it was too small")
    fixture.write("new/4.a")
    #expect(try isRead(by: watching), "it is read once more, watched")
    for number in 5...7 {
      fixture.write("new/\(number).a")
      #expect(try !isRead(by: watching))
    }
    #expect(try isRead(by: other))
    #expect(try watching.open(fixture.maildir).uidls == other.open(fixture.maildir).uidls)
  }

  /// The folder's stamp is unchanged, and settled.
  @Test func `changes that no stamp tells`() throws {
    fixture.write("new/1.a")
    let store = try watching(fixture)
    let path = fixture.maildir + "/new"
    var status = stat()
    stat(path, &status)
    fixture.write("new/2.a")
    let times = [status.st_atim, status.st_mtim]
    utimensat(AT_FDCWD, path, times, 0)
    #expect(try store.open(fixture.maildir).count == 2)
  }

  @Test func `more changes than are remembered`() throws {
    let store = try watching(fixture)
    for number in 10_000..<11_500 { fixture.write("new/\(number).a") }
    fixture.write("new/1.a")
    #expect(try store.open(fixture.maildir).count == 1501)
    fixture.write("new/2.a")
    #expect(try store.open(fixture.maildir).count == 1502)
  }

  /// The kernel's queue is full: what it reports is incomplete.
  @Test func `more changes than the queue holds`() throws {
    let other = Fixture()
    let store = try watching(fixture)
    _ = try store.open(other.maildir)
    let limit = String(decoding: fixture.read("/proc/sys/fs/inotify/max_queued_events"), as: UTF8.self)
    let count = try #require(Int(limit.dropLast()))
    try #require(count < 1_000_000)
    fixture.write("new/1.a")
    // Each renaming is two events, and they differ, so that they are not merged.
    for _ in 0...count / 4 {
      fixture.rename("new/1.a", "new/2.a")
      fixture.rename("new/2.a", "new/1.a")
    }
    other.write("new/5.a")
    fixture.write("new/3.a")
    #expect(try store.open(fixture.maildir).uidls == ["1.a", "3.a"])
    #expect(try store.open(other.maildir).uidls == ["5.a"])
  }

  /// A different Maildir in its place: the watch is on the one that was moved away.
  @Test func `a Maildir replaced`() throws {
    fixture.write("new/1.a")
    let store = try watching(fixture)
    let (path, old) = (fixture.maildir, fixture.root + "/old")
    #expect(rename(path, old) == 0)
    for directory in ["", "/new", "/cur"] { mkdir(path + directory, 0o700) }
    close(creat(old + "/new/2.a", 0o600))
    fixture.write("new/3.a")
    #expect(try store.open(path).uidls == ["3.a"])
    close(creat(old + "/new/4.a", 0o600))
    fixture.write("new/5.a")
    #expect(try store.open(path).uidls == ["3.a", "5.a"])
    // The same with only one folder.
    #expect(rename(path + "/cur", old + "/cur2") == 0)
    mkdir(path + "/cur", 0o700)
    fixture.rename("new/3.a", "cur/3.a:2,S")
    close(creat(old + "/cur2/6.a", 0o600))
    #expect(try store.open(path).uidls == ["3.a", "5.a"])
  }

  @Test func `folders removed and made anew`() throws {
    fixture.write("cur/1.a:2,S")
    let store = try watching(fixture)
    fixture.remove("cur/1.a:2,S")
    for _ in 0..<5 {
      fixture.remove("cur")
      #expect(try store.open(fixture.maildir).count == 0)
      mkdir(fixture.maildir + "/cur", 0o700)
      fixture.write("cur/2.a:2,")
      #expect(try store.open(fixture.maildir).uidls == ["2.a"])
      fixture.remove("cur/2.a:2,")
    }
  }

  /// Changes that were reported when an open failed are not lost.
  @Test func `after a failure`() throws {
    fixture.write("new/1.a")
    let store = try fixture.indexed(watchedFrom: 0)
    let scheme = UIDLScheme.dovecot(.standard)
    _ = try store.open(fixture.maildir, uidls: scheme)
    fixture.write("new/2.a")
    mkdir(fixture.maildir + "/dovecot-uidlist", 0o700)
    #expect(throws: StoreError.self) { try store.open(fixture.maildir, uidls: scheme) }
    fixture.write("new/3.a")
    rmdir(fixture.maildir + "/dovecot-uidlist")
    #expect(try store.open(fixture.maildir, uidls: scheme).uidls == ["1.a", "2.a", "3.a"])
  }

  /// Two processes, each of which knows only its own part.
  @Test func `another process`() throws {
    let (one, two) = (try watching(fixture), try watching(fixture))
    for number in 10..<30 {
      fixture.write("new/\(number).a")
      let mailbox = try (number % 3 == 0 ? one : two).open(fixture.maildir)
      #expect(mailbox.count == number - 9 - (number - 10) / 5)
      if number % 5 == 4 { #expect(mailbox.update(deleting: [0], seen: [1]).removed == 1) }
    }
    #expect(try one.open(fixture.maildir).uidls == two.open(fixture.maildir).uidls)
  }

  private func directories(_ count: Int) throws -> [String] {
    try (0..<count).map { number in
      let path = fixture.root + "/box\(number)"
      for directory in ["", "/new", "/cur"] { try #require(mkdir(path + directory, 0o700) == 0) }
      return path
    }
  }

  private func watch(_ path: String, _ watches: FolderWatches) throws -> MaildirWatch? {
    let watch = MaildirWatch(try OpenMaildir(path), by: watches)
    _ = watch?.changes(in: .new)
    watch?.settle()
    return watch
  }

  /// Gives a file so many names, one after the other.
  private func change(_ path: String, _ names: Int) {
    let folder = open(path + "/new", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(folder) }
    close(openat(folder, "1", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
    for number in 1..<names { renameat(folder, "\(number)", folder, "\(number + 1)") }
  }

  /// Folders with many unread changes do not cause another owner's folder to be read.
  @Test func `who has the most loses first`() throws {
    let watches = FolderWatches(now: { SystemClock.files.now })
    let paths = try directories(33)
    let owner = try #require(try watch(paths[0], watches))
    let hoards = try paths.dropFirst().map { try #require(try watch($0, watches)) }
    for path in paths.dropFirst() {
      change(path, 1024)
      #expect(owner.isQuiet)
    }
    fixture.replace(paths[0] + "/new/1.a", with: [])
    #expect(owner.changes(in: .new) == [Array("1.a".utf8)])
    let told = hoards.compactMap { $0.changes(in: .new) }
    #expect(told.count < 32 && told.allSatisfy { $0.count == 1024 })
  }

  /// A Maildir that fills the queue is not watched for an hour: the second time no other is affected.
  @Test func `who fills the queue is not watched`() throws {
    let clock = Clock()
    let watches = FolderWatches(now: clock.now)
    let paths = try directories(2)
    let (owner, other) = (
      try #require(try watch(paths[0], watches)), try #require(try watch(paths[1], watches))
    )
    fixture.replace(paths[0] + "/new/1.a", with: [])
    change(paths[1], 10_000)
    #expect(!owner.isQuiet && owner.changes(in: .new) == nil, "what it was told is lost")
    owner.settle()
    #expect(!other.isOf(try OpenMaildir(paths[1])))
    other.end()
    #expect(try watch(paths[1], watches) == nil)
    change(paths[1], 10_000)
    fixture.replace(paths[0] + "/new/2.a", with: [])
    #expect(owner.changes(in: .new) == [Array("2.a".utf8)])
    clock.seconds.store(3601, ordering: .relaxed)
    #expect(try watch(paths[1], watches) != nil)
  }

  /// A folder has one watch; when its owner gives it up it can have another.
  @Test func `lets go`() throws {
    let watches = FolderWatches(now: { SystemClock.files.now })
    let directories = try OpenMaildir(fixture.maildir)
    var first = MaildirWatch(directories, by: watches)
    #expect(first != nil)
    #expect(MaildirWatch(directories, by: watches) == nil)
    first = nil
    guard let second = MaildirWatch(directories, by: watches) else {
      Issue.record("it is watched still")
      return
    }
    #expect(second.changes(in: .new) == nil, "it was not read yet")
    second.settle()
    fixture.write("new/1.a")
    #expect(!second.isQuiet)
    #expect(second.changes(in: .new) == [Array("1.a".utf8)])
    #expect(second.changes(in: .cur) == [])
    fixture.write("new/2.a")
    second.settle()
    #expect(second.changes(in: .new) == [Array("2.a".utf8)])
    withExtendedLifetime(first) {}
  }
}

/// Seconds that pass only when told to.
private final class Clock: Sendable {
  let seconds = Atomic<Int64>(0)

  @Sendable func now() -> Int64 { seconds.load(ordering: .relaxed) * 1_000_000_000 }
}
