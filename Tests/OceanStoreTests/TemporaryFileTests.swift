import Glibc
import OceanBase
import Testing

@testable import OceanStore

/// Files that crashes leave in tmp/: maildir(5) has them removed after 36 hours.
@Suite struct TemporaryFileTests {
  let fixture = Fixture()
  private static let hour: Int64 = 3_600_000_000_000

  private func write(_ name: String, accessed: Double, modified: Double) {
    fixture.write("tmp/" + name)
    setTimes(of: "tmp/" + name, accessed: accessed, modified: modified)
  }

  /// Sets the times, given in hours ago.
  private func setTimes(of name: String, accessed: Double, modified: Double) {
    let times = [accessed, modified].map { hours in
      timespec(tv_sec: Int(SystemClock.files.now / 1_000_000_000) - Int(hours * 3600), tv_nsec: 0)
    }
    utimensat(AT_FDCWD, fixture.maildir + "/" + name, times, AT_SYMLINK_NOFOLLOW)
  }

  private var left: [String] {
    FileNames.of(fixture.maildir + "/tmp").filter { $0 != "." && $0 != ".." }.sorted()
  }

  @Test func `what nobody has used for 36 hours goes`() throws {
    let notes = Notes()
    write("1600000000.left", accessed: 37, modified: 100)
    write("left too", accessed: 37, modified: 37)
    write("1600000000.written", accessed: 100, modified: 35)
    write("1600000000.read", accessed: 35, modified: 100)
    // Brought from elsewhere with its date, at this moment.
    write("\(SystemClock.files.now / 1_000_000_000).M1P1.host", accessed: 100, modified: 100)
    write(".nfs0001", accessed: 100, modified: 100)
    mkdir(fixture.maildir + "/tmp/folder", 0o700)
    setTimes(of: "tmp/folder", accessed: 100, modified: 100)
    fixture.write("target")
    symlink(fixture.maildir + "/target", fixture.maildir + "/tmp/link")
    for name in ["target", "tmp/link"] { setTimes(of: name, accessed: 100, modified: 100) }
    let kept = left.filter { !$0.contains("left") }
    let store = try MaildirStore(lockDirectory: fixture.root, noting: notes.add)
    try store.open(fixture.maildir).close()
    #expect(left == kept && kept.count == 6 && fixture.exists("target"))
    #expect(notes.take() == [.abandonedRemoved(count: 2, path: fixture.maildir + "/tmp")])
  }

  /// Logins look at tmp/ again only after hours.
  @Test func `tmp is looked at now and then`() throws {
    let clock = ShiftedClock(ahead: 10)
    fixture.write("new/1.a")
    let store = try fixture.store(now: clock.now)
    try store.open(fixture.maildir).close()
    write("left", accessed: 100, modified: 100)
    // New mail makes no difference.
    fixture.write("new/2.a")
    for _ in 0..<2 { try store.open(fixture.maildir).close() }
    #expect(left == ["left"])
    clock.advance(seconds: 8 * 3600)
    try store.open(fixture.maildir).close()
    #expect(left.isEmpty)
  }

  @Test func `as many as there are`() throws {
    for number in 0..<3000 { write("left\(number)", accessed: 100, modified: 100) }
    let store = try fixture.store()
    // Files that one look does not reach are removed by the next.
    for _ in 0..<3 { try store.open(fixture.maildir).close() }
    #expect(left.isEmpty)
  }

  @Test func `a link in place of the folder is not followed`() throws {
    write("left", accessed: 100, modified: 100)
    rename(fixture.maildir + "/tmp", fixture.root + "/elsewhere")
    symlink(fixture.root + "/elsewhere", fixture.maildir + "/tmp")
    try fixture.store().open(fixture.maildir).close()
    #expect(FileNames.of(fixture.root + "/elsewhere").contains("left"))
  }
}
