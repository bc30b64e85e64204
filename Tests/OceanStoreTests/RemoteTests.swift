import Glibc
import Testing

@testable import OceanStore

/// Maildirs on a file system that is another's, and whose state this machine remembers for a minute, as NFS does: a FUSE
/// mount (package bindfs) of the fixture, whose files change behind it.
@Suite(.enabled(if: Mount.isPossible, "bindfs is not installed, or may not mount"))
struct RemoteTests {
  let fixture = Fixture()
  let mount: Mount

  init() throws { mount = try Mount(fixture) }

  private func open() throws -> Mailbox {
    // Stamps of other machines' clocks settle after a minute.
    try fixture.indexed(ahead: 100).open(mount.maildir)
  }

  @Test func whatAnotherMachineDeliversIsSeen() throws {
    fixture.write("new/1.a")
    #expect(try open().uidls == ["1.a"])
    let before = modified("new")
    fixture.write("new/2.a")
    fixture.rename("new/1.a", "cur/1.a:2,S")
    #expect(modified("new") == before, "the mount remembers what it was")
    let mailbox = try open()
    #expect(mailbox.uidls == ["1.a", "2.a"])
    #expect(try mailbox.content(0) == Array("a\n".utf8))
  }

  private func modified(_ folder: String) -> Int64 {
    var status = stat()
    return lstat(mount.maildir + "/" + folder, &status) == 0 ? status.st_mtim.nanoseconds : 0
  }

  @Test func stampsSettleLater() throws {
    #expect(try OpenMaildir(mount.maildir).settlingTime == 60_000_000_000)
    #expect(try OpenMaildir(fixture.maildir).settlingTime == 2_000_000_000)
  }

  /// Opening and closing may take as long as the other machine likes.
  @Test func eventLoopsDoNotOpenMessages() throws {
    fixture.write("new/1.a")
    let (remote, local) = (try open(), try fixture.indexed().open(fixture.maildir))
    #expect(try remote.content(0) == local.content(0))
    #expect(remote.openMessageIfCached(0) == nil)
    #expect(local.openMessageIfCached(0) != nil)
  }

  /// There is no renaming that never replaces.
  @Test func seenMessagesAreMarked() throws {
    for name in ["new/1.a", "cur/2.a", "new/3.a"] { fixture.write(name) }
    fixture.write("cur/3.a:2,S", "another\n")
    let mailbox = try open()
    try #require(mailbox.count == 4)
    #expect(mailbox.update(deleting: [], seen: 0..<4) == UpdateResult())
    #expect(["cur/1.a:2,S", "cur/2.a:2,S", "new/3.a", "cur/3.a:2,S"].allSatisfy(fixture.exists))
    #expect(!fixture.exists("new/1.a") && !fixture.exists("cur/2.a"))
    #expect(fixture.read(fixture.maildir + "/cur/3.a:2,S") == Array("another\n".utf8))
  }

  @Test func removals() throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    let mailbox = try open()
    fixture.rename("new/1.a", "cur/1.a:2,")
    fixture.remove("new/2.a")
    #expect(mailbox.update(deleting: [0, 1], seen: []) == UpdateResult(removed: 2))
    mailbox.close()
    #expect(try open().uidls == ["3.a"])
  }

  /// What NFS calls files that are removed while they are open.
  @Test func removedFilesThatAreOpen() throws {
    fixture.write("new/.nfs000000000001e24000000001")
    fixture.write("cur/.fuse_hidden0000000200000001")
    #expect(try open().count == 0)
  }
}

/// The fixture's directory once more, by way of FUSE.
final class Mount {
  let maildir: String
  private let path: String

  static let isPossible =
    geteuid() == 0 && access("/usr/bin/bindfs", X_OK) == 0 && access("/dev/fuse", R_OK) == 0

  init(_ fixture: Fixture) throws {
    path = fixture.root + "-remote"
    maildir = path + "/mail"
    mkdir(path, 0o700)
    try #require(system("bindfs -o attr_timeout=60,entry_timeout=60 '\(fixture.root)' '\(path)'") == 0)
  }

  deinit {
    umount2(path, Int32(MNT_DETACH))
    rmdir(path)
  }
}
