import Glibc
import Testing

@testable import OceanStore

/// Symbolic links on the way to a Maildir, which its owner may have put there. Only root can make them for
/// others.
@Suite(.enabled(if: geteuid() == 0)) struct LinkTests {
  let fixture = Fixture()
  let mine: uid_t = 64_001
  let others: uid_t = 64_002
  var home: String { fixture.root + "/home" }
  var path: String { home + "/Maildir" }

  init() {
    mkdir(home, 0o755)
    fixture.write("new/1.a", "secret\n")
    own(fixture.maildir, others)
  }

  func own(_ path: String, _ owner: uid_t) { lchown(path, owner, owner) }

  func link(_ path: String, to target: String, of owner: uid_t) {
    symlink(target, path)
    own(path, owner)
  }

  func stores() throws -> [MaildirStore] {
    [try fixture.store(ahead: 10), try fixture.indexed()]
  }

  @Test func `to another's mail`() throws {
    link(path, to: "../mail", of: mine)
    for store in try stores() {
      #expect(throws: StoreError.untrustedLink(path: path)) { try store.open(path) }
      #expect(throws: StoreError.untrustedLink(path: path)) { try store.checkIndex(of: path) }
      #expect(throws: StoreError.untrustedLink(path: path)) { try store.rebuildIndex(of: path) }
      // The same happens with a snapshot of the target in the cache, and an index beside it.
      try store.open(fixture.maildir).close()
      #expect(throws: StoreError.untrustedLink(path: path)) { try store.open(path) }
    }
  }

  /// Links of root, and of the owner of their target.
  @Test(arguments: [0, 64_002] as [uid_t], ["../mail", "/ROOT/mail", "./..//mail/."])
  func `of who may`(owner: uid_t, target: String) throws {
    let target = target.hasPrefix("/ROOT") ? fixture.root + target.dropFirst(5) : target
    link(path, to: target, of: owner)
    for store in try stores() {
      for _ in 0..<2 {
        let mailbox = try store.open(path)
        #expect(mailbox.uidls == ["1.a"])
        #expect(try mailbox.text(0) == "secret\n")
        if let file = mailbox.openMessageIfCached(0) { #expect(file.size == 7) }
      }
    }
  }

  /// Above the Maildir, through a link that is allowed, and through the kernel's own links.
  @Test(arguments: ["above", "further", "kernel"]) func `by other ways`(way: String) throws {
    switch way {
    case "above":
      link(home + "/sub", to: "..", of: mine)
      #expect(throws: StoreError.untrustedLink(path: home + "/sub/mail")) {
        try fixture.store().open(home + "/sub/mail")
      }
      return
    case "further":
      link(fixture.root + "/theirs", to: "mail", of: others)
      link(path, to: "../theirs", of: mine)
    default:
      let directory = open(fixture.maildir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      defer { close(directory) }
      link(path, to: "/proc/\(getpid())/fd/\(directory)", of: mine)
      #expect(throws: StoreError.untrustedLink(path: path)) { try fixture.store().open(path) }
      return
    }
    #expect(throws: StoreError.untrustedLink(path: path)) { try fixture.store().open(path) }
  }

  /// The Maildir is replaced while it is known, and while it is open.
  @Test func `afterwards`() throws {
    mkdir(path, 0o700)
    for folder in ["/new", "/cur"] { mkdir(path + folder, 0o700) }
    for name in ["/new/1.a", "/new/2.a"] { fixture.replace(path + name, with: "mine!!\n".utf8) }
    for (number, store) in try stores().enumerated() {
      try store.open(path).close()
      let mailbox = try store.open(path)
      rename(path, home + "/old")
      link(path, to: "../mail", of: mine)
      #expect(mailbox.openMessageIfCached(0) == nil)
      #expect(throws: StoreError.untrustedLink(path: path)) { try mailbox.openMessage(0) }
      let result = mailbox.update(deleting: [0], seen: [1])
      #expect(result == UpdateResult(failed: 1, firstError: .untrustedLink(path: path)))
      mailbox.close()
      for _ in 0..<2 {
        #expect(throws: StoreError.untrustedLink(path: path)) { try store.open(path) }
      }
      // The messages that were read are not given up because of that.
      unlink(path)
      rename(home + "/old", path)
      #expect(try store.open(path).count == 2, "store \(number)")
    }
    #expect(fixture.exists("new/1.a"))
  }

  @Test func `to nowhere`() throws {
    link(path, to: "Maildir", of: mine)
    let failure = SystemFailure(operation: .open, path: path, errno: ELOOP)
    #expect(throws: StoreError.notADirectory(failure)) { try fixture.store().open(path) }
    unlink(path)
    link(path, to: "nowhere", of: mine)
    #expect(try fixture.store().open(path).count == 0)
    unlink(path)
    link(path, to: "/etc/passwd", of: 0)
    #expect(throws: StoreError.notADirectory(SystemFailure(operation: .open, path: path, errno: ENOTDIR))) {
      try fixture.store().open(path)
    }
  }
}
