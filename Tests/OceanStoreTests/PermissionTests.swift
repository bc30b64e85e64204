import Glibc
import Synchronization
import Testing

@testable import OceanStore

/// Operations that the server's user may not do.
@Suite struct PermissionTests {
  let fixture = Fixture()

  /// Runs `body` with the file permissions of nobody if the tests run as root, whom no mode keeps out. Only
  /// this thread has them, and Swift Testing does not move a synchronous test to another thread.
  static func unprivileged<R>(_ body: () throws -> R) throws -> R {
    guard geteuid() == 0 else { return try body() }
    typealias SetID = @convention(c) (UInt32) -> Int32
    let setID = unsafeBitCast(try #require(dlsym(nil, "setfsuid")), to: SetID.self)
    _ = setID(65534)
    defer { _ = setID(0) }
    return try body()
  }

  init() {
    chmod(fixture.root, 0o755)
    for directory in ["", "/new", "/cur"] { chmod(fixture.maildir + directory, 0o777) }
    fixture.write("new/1.a", "one\n")
    fixture.write("new/2.a", "two\n")
    for name in ["1.a", "2.a"] { chmod(fixture.maildir + "/new/" + name, 0o644) }
  }

  @Test func `a closed directory`() throws {
    let store = try fixture.store(ahead: 10)
    try store.open(fixture.maildir).close()
    chmod(fixture.maildir + "/cur", 0)
    defer { chmod(fixture.maildir + "/cur", 0o777) }
    let failure = SystemFailure(operation: .open, path: fixture.maildir + "/cur", errno: EACCES)
    for _ in 0..<2 {
      // The same happens with a snapshot in the cache; the lock is not kept.
      #expect(throws: StoreError.permission(failure)) {
        try Self.unprivileged { try store.open(fixture.maildir) }
      }
    }
  }

  @Test(arguments: [0, 10] as [Int64]) func `one unreadable message is listed`(ahead: Int64) throws {
    let store = try fixture.store(ahead: ahead)
    chmod(fixture.maildir + "/new/1.a", 0)
    let failure = SystemFailure(operation: .open, path: fixture.maildir + "/new/1.a", errno: EACCES)
    try Self.unprivileged {
      let mailbox = try store.open(fixture.maildir)
      #expect(mailbox.uidls == ["1.a", "2.a"])
      #expect(mailbox.sizes == [4, 5])
      #expect(throws: StoreError.permission(failure)) { try mailbox.openMessage(0) }
      #expect(try mailbox.text(1) == "two\n")
    }
    chmod(fixture.maildir + "/new/1.a", 0o644)
    // Its size is known at the latest when the message has been wanted.
    _ = try? store.open(fixture.maildir).openMessage(0)
    let mailbox = try store.open(fixture.maildir)
    #expect(mailbox.sizes == [5, 5])
    #expect(try mailbox.text(0) == "one\n")
  }

  @Test func `removals that are not allowed`() throws {
    let store = try fixture.store()
    chmod(fixture.maildir + "/new", 0o555)
    defer { chmod(fixture.maildir + "/new", 0o777) }
    let failure = SystemFailure(operation: .remove, path: fixture.maildir + "/new/1.a", errno: EACCES)
    try Self.unprivileged {
      let mailbox = try store.open(fixture.maildir)
      #expect(
        mailbox.update(deleting: 0..<2, seen: [])
          == UpdateResult(failed: 2, firstError: .permission(failure)))
      #expect(mailbox.update(deleting: [], seen: 0..<2) == UpdateResult())
    }
    #expect(fixture.exists("new/1.a") && fixture.exists("new/2.a"))
  }

  /// Problems of which clients are told in two words, or not at all.
  @Test func `what the store goes on without is noted`() throws {
    let notes = Notes()
    _ = try fixture.store()
    chmod(fixture.root + "/mailbox.locks", 0o666)
    chmod(fixture.maildir + "/new/1.a", 0)
    chmod(fixture.maildir + "/cur", 0o555)
    let store = try MaildirStore(
      lockDirectory: fixture.root, index: .directory(fixture.root), noting: notes.add)
    let index = fixture.indexPath
    try Self.unprivileged {
      let mailbox = try store.open(fixture.maildir)
      #expect(mailbox.update(deleting: [], seen: [1]) == UpdateResult())
    }
    func failure(_ operation: SystemFailure.Operation, _ path: String) -> StoreError {
      StoreError(operation, path, errno: EACCES)
    }
    let unread = failure(.open, fixture.maildir + "/new/1.a")
    #expect(
      notes.take() == [
        .notCounted(unread), .indexNotSaved(failure(.create, index + ".new")),
        .notMarkedSeen(failure(.rename, fixture.maildir + "/new/2.a")),
      ])
    // A size that the session found out could not be saved.
    fixture.write("new/2.a", "longer\n")
    _ = try? store.open(fixture.maildir).openMessage(1)
    fixture.replace(index, with: Array("no index".utf8))
    let another = try MaildirStore(
      lockDirectory: fixture.root, index: .directory(fixture.root), noting: notes.add)
    #expect(notes.take() == [])
    try another.open(fixture.maildir).close()
    #expect(notes.take() == [.indexDamaged(path: index)])
    chmod(index, 0)
    try Self.unprivileged {
      let third = try MaildirStore(
        lockDirectory: fixture.root, index: .directory(fixture.root), noting: notes.add)
      try third.open(fixture.maildir).close()
    }
    #expect(notes.take().first == .indexNotRead(failure(.open, index)))
  }

  @Test func `a check finds what a session would meet`() throws {
    let store = try fixture.indexed()
    try store.open(fixture.maildir).close()
    fixture.write("new/3.a", "three\n")
    chmod(fixture.maildir + "/new/3.a", 0o644)
    chmod(fixture.maildir + "/new/2.a", 0)
    chmod(fixture.maildir + "/cur", 0o555)
    chmod(fixture.indexPath, 0o644)
    func denied(_ operation: SystemFailure.Operation, _ path: String) -> StoreError {
      StoreError(operation, path, errno: EACCES)
    }
    let unread = denied(.open, fixture.maildir + "/new/2.a")
    try Self.unprivileged {
      let report = try store.checkIndex(of: fixture.maildir)
      #expect(
        report.findings == [
          .behind(new: 1, renamed: 0, gone: 0), .unreadable(unread),
          .fixedFolder(denied(.write, fixture.maildir + "/cur")), .fixedIndex(denied(.write, fixture.root)),
        ])
      #expect(!report.isSound && !report.isIndexWrong)
    }
    // A message is also looked at if the index does not have it, or if there is no index.
    chmod(fixture.maildir + "/cur", 0o777)
    chmod(fixture.root, 0o777)
    unlink(fixture.indexPath)
    chmod(fixture.root + "/mailbox.locks", 0o666)
    try Self.unprivileged {
      let report = try fixture.indexed().checkIndex(of: fixture.maildir)
      #expect(report.findings == [.missing, .unreadable(unread)] && !report.isSound)
    }
    chmod(fixture.maildir + "/new/2.a", 0o644)
    try Self.unprivileged {
      let report = try fixture.indexed().checkIndex(of: fixture.maildir)
      #expect(report.findings == [.missing] && report.isSound)
    }
  }
}

final class Notes: Sendable {
  private let notes = Mutex<[StoreNote]>([])

  var add: MaildirStore.Noting { { [self] _, note in notes.withLock { $0.append(note) } } }

  func take() -> [StoreNote] {
    notes.withLock { notes in
      defer { notes = [] }
      return notes
    }
  }
}
