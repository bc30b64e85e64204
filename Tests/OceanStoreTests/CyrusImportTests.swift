import OceanBase
import Glibc
import OceanUIDL
import TestSupport
import Testing

@testable import OceanStore

/// A folder as Cyrus keeps it, with an index of version 17.
private final class CyrusMailbox {
  struct Message {
    var flags: UInt32 = 0
    var date: UInt32 = 1_700_000_000
    var text = "Subject: x\r\n\r\nx\r\n"
    var hasFile = true
  }

  static let seen: UInt32 = 1 << 4
  static let expunged: UInt32 = 1 << 31
  var validity: UInt32 = 77
  var lastUID: UInt32 = 0
  var options: UInt32 = 1
  var hiddenUntil: UInt32 = 0
  var messages: [UInt32: Message] = [:]
  let path: String
  private let fixture: Fixture

  init(_ fixture: Fixture) {
    self.fixture = fixture
    path = fixture.root + "/cyrus"
    mkdir(path, 0o700)
  }

  @discardableResult func deliver(_ message: Message = Message()) -> UInt32 {
    lastUID += 1
    messages[lastUID] = message
    return lastUID
  }

  func write() {
    var bytes = [UInt8](repeating: 0, count: 160 + 112 * messages.count)
    let fields: [(Int, UInt32)] = [
      (8, 17), (12, 160), (16, 112), (20, UInt32(messages.count)), (28, lastUID), (44, validity),
      (60, options), (112, hiddenUntil),
    ]
    for (offset, value) in fields { bytes.set(value, at: offset) }
    bytes.seal(0..<160)
    for (index, (uid, message)) in messages.sorted(by: { $0.key < $1.key }).enumerated() {
      let start = 160 + 112 * index
      bytes.set(uid, at: start)
      bytes.set(message.date, at: start + 4)
      bytes.set(message.flags, at: start + 32)
      bytes.seal(start..<start + 112)
      if message.hasFile {
        fixture.replace("\(path)/\(uid).", with: Array(message.text.utf8))
      } else {
        unlink("\(path)/\(uid).")
      }
    }
    fixture.replace(path + "/cyrus.index", with: bytes)
  }
}

@Suite struct CyrusImportTests {
  private let fixture = Fixture()
  private let mailbox: CyrusMailbox
  private var target: String { fixture.root + "/target" }

  init() { mailbox = CyrusMailbox(fixture) }

  @discardableResult private func run() throws -> CyrusImport.Report {
    mailbox.write()
    return try CyrusImport.run(from: mailbox.path, to: target)
  }

  private func names(_ folder: String = "cur") -> [String] {
    guard let directory = opendir("\(target)/\(folder)") else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private func text(_ name: String) -> String {
    String(decoding: fixture.read("\(target)/\(name)"), as: UTF8.self)
  }

  private func uidls(_ format: DovecotUIDLFormat = .cyrus) throws -> [String] {
    let mailbox = try fixture.store().open(target, uidls: .dovecot(format))
    defer { mailbox.close() }
    return mailbox.uidls
  }

  /// A link in the place of the Maildir, or above it, made by the owner of the directory.
  @Test(.enabled(if: geteuid() == 0), arguments: ["target", "above/target"])
  func `nothing is given away by a link`(way: String) throws {
    let (home, system) = (fixture.root + "/home", fixture.root + "/system")
    for directory in [home, system, system + "/target"] { mkdir(directory, 0o755) }
    chown(home, 64_001, 64_001)
    let link = home + (way == "target" ? "/target" : "/above")
    symlink(system, link)
    lchown(link, 64_001, 64_001)
    mailbox.deliver()
    mailbox.write()
    let path = "\(home)/\(way)"
    #expect(throws: CyrusImportError.store(.untrustedLink(path: way == "target" ? path : home + "/above"))) {
      try CyrusImport.run(from: mailbox.path, to: path)
    }
    for directory in [system, system + "/target"] {
      var status = stat()
      #expect(stat(directory, &status) == 0 && status.st_uid == 0)
    }
    #expect(access(system + "/cur", F_OK) != 0 && access(system + "/target/cur", F_OK) != 0)
  }

  @Test func `makes a Maildir`() throws {
    mailbox.deliver(.init(flags: CyrusMailbox.seen, date: 1_700_000_009))
    mailbox.deliver(.init(flags: CyrusMailbox.expunged))
    mailbox.deliver(.init(flags: 0b1001, date: 1_500_000_000, text: "bare\nand no end"))
    mailbox.deliver(.init(date: 0, text: ""))
    let report = try run()
    #expect(report.messages == 3 && report.added == 3 && report.seen == 1 && report.uids == 1...4)
    #expect(report.removed == 0 && report.changed == 0 && report.gone == 0 && report.missing.isEmpty)
    #expect(
      names() == [
        "0.V77U0000000004.cyrus,S=0,W=0:2,", "1500000000.V77U0000000003.cyrus,S=15,W=16:2,DR",
        "1700000009.V77U0000000001.cyrus,S=17,W=17:2,S",
      ])
    #expect(
      text("dovecot-uidlist") == """
        3 V77 N5
        1 :1700000009.V77U0000000001.cyrus,S=17,W=17
        3 :1500000000.V77U0000000003.cyrus,S=15,W=16
        4 :0.V77U0000000004.cyrus,S=0,W=0

        """)
    #expect(text("cur/1500000000.V77U0000000003.cyrus,S=15,W=16:2,DR") == "bare\nand no end")
    #expect(names(".") == ["cur", "dovecot-uidlist", "new", "tmp"])
    var status = stat()
    #expect(stat("\(target)/cur/1500000000.V77U0000000003.cyrus,S=15,W=16:2,DR", &status) == 0)
    #expect(status.st_mtim.tv_sec == 1_500_000_000 && status.st_mode & 0o7777 == 0o600)
    // In the order of UIDs, whatever the dates.
    #expect(try uidls() == ["77.1", "77.3", "77.4"])
    #expect(try uidls(DovecotUIDLFormat("%u")) == ["1", "3", "4"])
    #expect(try uidls(DovecotUIDLFormat("%v-%u")) == ["77-1", "77-3", "77-4"])
    #expect(try uidls(.standard) == ["000000010000004d", "000000030000004d", "000000040000004d"])
  }

  @Test(.enabled(if: geteuid() == 0, "this is not root"))
  func `gives the mail to its owner`() throws {
    func owners() -> Set<uid_t> {
      Set(
        (["", "/cur", "/new", "/tmp", "/dovecot-uidlist"] + names().map { "/cur/\($0)" }).map { name in
          var status = stat()
          stat(target + name, &status)
          return status.st_uid
        })
    }
    mailbox.deliver()
    chown(fixture.root, 65534, 65534)
    try run()
    #expect(owners() == [65534])
    // A run was killed before it got that far.
    chown(target, 0, 0)
    chown(target + "/cur", 0, 0)
    mailbox.deliver()
    try run()
    #expect(owners() == [65534])
    // The owner of the Maildir owns its content.
    chown(target, 65533, 65533)
    chmod(target, 0o750)
    mailbox.deliver()
    try run()
    var status = stat()
    stat("\(target)/cur/\(names()[2])", &status)
    #expect(status.st_uid == 65533 && status.st_mode & 0o777 == 0o640)
  }

  @Test func `takes over old mailboxes`() throws {
    mailbox.options = 0
    for _ in 1...3 { mailbox.deliver() }
    #expect(try run().idsAreUIDs)
    // The format of the other mailboxes does not matter.
    #expect(try uidls() == ["1", "2", "3"])
    #expect(try uidls(.standard) == ["1", "2", "3"])
  }

  @Test func `says what was hidden`() throws {
    for date in 0...4 as ClosedRange<UInt32> { mailbox.deliver(.init(date: date)) }
    #expect(try run().hidden == 0)
    mailbox.hiddenUntil = 3
    #expect(try run().hidden == 4)
  }

  @Test func `does without what has no file`() throws {
    for _ in 1...3 { mailbox.deliver() }
    mailbox.messages[2]?.hasFile = false
    let report = try run()
    #expect(report.messages == 2 && report.missing.map(\.uid) == [2])
    #expect(try uidls() == ["77.1", "77.3"])
    mailbox.messages[2]?.hasFile = true
    #expect(try run().added == 1)
    #expect(try uidls() == ["77.1", "77.2", "77.3"])
    mailbox.messages[3]?.hasFile = false
    #expect(try run().missing.isEmpty)
    #expect(symlink("/etc/passwd", "\(mailbox.path)/4.") == 0)
    mailbox.deliver(.init(hasFile: true))
    mailbox.messages[4]?.hasFile = false
    #expect(try run().missing.map(\.uid) == [4])
  }

  @Test func `changes nothing without need`() throws {
    for _ in 1...3 { mailbox.deliver() }
    try run()
    func stamps() -> [UInt64] {
      (names().map { "cur/\($0)" } + ["dovecot-uidlist", "cur", "new", "."]).flatMap { name -> [UInt64] in
        var status = stat()
        stat("\(target)/\(name)", &status)
        // The folder that an import copies to comes and goes in the Maildir itself.
        return [UInt64(status.st_ino), name == "." ? 0 : UInt64(bitPattern: status.st_ctim.nanoseconds)]
      }
    }
    let before = stamps()
    let report = try run()
    #expect(stamps() == before)
    #expect(report.messages == 3 && report.added == 0)
  }

  /// A Maildir that was tried out, and that new mail has come into.
  @Test func `leaves a Maildir in use alone`() throws {
    for _ in 1...4 { mailbox.deliver() }
    try run()
    // The owner reads one message and removes another.
    let list = names()
    rename("\(target)/cur/\(list[0])", "\(target)/cur/\(list[0])S")
    unlink("\(target)/cur/\(list[1])")
    mailbox.messages[3]?.flags = CyrusMailbox.expunged
    mailbox.deliver()
    var report = try run()
    #expect(report.messages == 3 && report.added == 1 && report.removed == 1 && report.changed == 1)
    #expect(report.gone == 1 && !report.isInUse)
    #expect(try uidls() == ["77.1", "77.4", "77.5"])

    fixture.replace("\(target)/new/1800000000.a", with: Array("\n".utf8))
    mailbox.messages[1]?.flags = CyrusMailbox.seen
    mailbox.messages[4]?.flags = CyrusMailbox.expunged
    mailbox.deliver(.init(flags: CyrusMailbox.seen))
    report = try run()
    #expect(report.isInUse && report.added == 1 && report.removed == 0 && report.changed == 0)
    #expect(try uidls() == ["77.1", "77.4", "77.5", "77.6", "1800000000.a"])
    #expect(names()[0].hasSuffix(":2,"))
    #expect(text("dovecot-uidlist").hasPrefix("3 V77 N7\n"))
  }

  // MARK: - What it refuses

  @Test func `refuses what is no mailbox`() throws {
    #expect(throws: CyrusImportError.notAMailbox) { try CyrusImport.run(from: fixture.maildir, to: target) }
    #expect(throws: CyrusImportError.self) { try CyrusImport.run(from: fixture.root + "/none", to: target) }
    fixture.replace(fixture.maildir + "/cyrus.index", with: [])
    #expect(throws: CyrusImportError.index(.notAnIndex)) {
      try CyrusImport.run(from: fixture.maildir, to: target)
    }
    #expect(!fixture.exists("../target"))
    mailbox.write()
    #expect(throws: CyrusImportError.noParent(fixture.root + "/a")) {
      try CyrusImport.run(from: mailbox.path, to: fixture.root + "/a/b/")
    }
  }

  @Test func `refuses other mail`() throws {
    mailbox.deliver()
    fixture.write("cur/1.a:2,S")
    mailbox.write()
    #expect(throws: CyrusImportError.foreignMail("cur/1.a:2,S")) {
      try CyrusImport.run(from: mailbox.path, to: fixture.maildir)
    }
    fixture.remove("cur/1.a:2,S")
    #expect(try CyrusImport.run(from: mailbox.path, to: fixture.maildir).added == 1)
    #expect(!fixture.exists("ocean-import"))
  }

  @Test(arguments: [
    ("", 1), ("1 77 3\n", 1), ("3 N3\n", 1), ("3 V77\n", 1), ("3 V0 N3\n", 1), ("x\n", 1),
    ("3 V77 N3\n1 :1.a\n", 2), ("3 V77 N3\n1 :1.V77U0000000001.cyrus,S=1,W=1\n2 :2.a\n", 3),
    ("3 V77 N3\n2 :1.V77U0000000001.cyrus,S=1,W=1\n", 2), ("3 V77 N3\n1 1.V77U0000000001.cyrus,S=1\n", 2),
    ("3 V77 N3\n1 :1.V78U0000000001.cyrus,S=1,W=1\n", 2), ("3 V77 N3\n\n", 2), ("3 V77 N3\n1", 2),
  ]) func `refuses another server's list`(list: String, line: Int) throws {
    mailbox.deliver()
    mailbox.deliver()
    mkdir(target, 0o700)
    fixture.replace("\(target)/dovecot-uidlist", with: Array(list.utf8))
    #expect(throws: CyrusImportError.foreignList(line: line)) { try run() }
    #expect(text("dovecot-uidlist") == list)
    #expect(names().isEmpty)
  }

  @Test func `refuses another mailbox`() throws {
    mailbox.deliver()
    mailbox.deliver()
    try run()
    mailbox.validity = 78
    #expect(throws: CyrusImportError.otherMailbox(there: 77, here: 78)) { try run() }
    unlink("\(target)/cur/\(names()[0])")
    unlink("\(target)/cur/\(names()[0])")
    #expect(throws: CyrusImportError.otherMailbox(there: 77, here: 78)) { try run() }
    mailbox.validity = 77
    mailbox.messages[2] = nil
    mailbox.lastUID = 1
    #expect(throws: CyrusImportError.beyond(there: 2, here: 1)) { try run() }
  }

  @Test func `goes on with a list that Dovecot has written`() throws {
    mailbox.deliver()
    mailbox.deliver()
    try run()
    let list = text("dovecot-uidlist").replacing("N3\n", with: "N3 G0123\n").replacing(
      "1 :", with: "1 W17 S17 :")
    fixture.replace("\(target)/dovecot-uidlist", with: Array(list.utf8))
    mailbox.deliver()
    #expect(try run().added == 1)
    #expect(try uidls() == ["77.1", "77.2", "77.3"])
  }

  /// Dovecot's IMAP has the same UIDs, and its POP3 the same ids, and neither has to change anything for
  /// that.
  @Test(
    .enabled(
      if: OtherServer.isDovecotInstalled && OtherServer.isDovecotIMAPInstalled || InstalledDovecot.isRequired,
      "Dovecot is not installed"))
  func `Dovecot keeps UIDs`() throws {
    mailbox.deliver(.init(flags: CyrusMailbox.seen, date: 1_600_000_000))
    mailbox.deliver(.init(flags: CyrusMailbox.expunged))
    mailbox.deliver(.init(flags: 0b1011, date: 1_500_000_000, text: "bare\nand no end"))
    mailbox.deliver(.init(flags: CyrusMailbox.expunged))
    mailbox.write()
    func run() throws { _ = try CyrusImport.run(from: mailbox.path, to: fixture.maildir) }
    try run()
    let commands = ["a SELECT INBOX", "b UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"]
    func imap() throws -> [String] {
      try OtherServer.dovecot(fixture, imap: true).run(commands + ["c LOGOUT"])
    }
    for next in [5, 6] as [UInt32] {
      let lines = try imap()
      #expect(lines.contains { $0.hasPrefix("* OK [UIDVALIDITY 77]") })
      #expect(lines.contains { $0.hasPrefix("* OK [UIDNEXT \(next)]") })
      let messages = lines.filter { $0.contains(" FETCH (") }
      #expect(messages.count == Int(next) - 3)
      #expect(messages[0].contains("UID 1 FLAGS (\\Seen"))
      #expect(messages[0].contains("INTERNALDATE \"13-Sep-2020"))
      #expect(messages[1].contains("UID 3 FLAGS (\\Answered \\Flagged \\Draft"))
      #expect(messages[1].contains("RFC822.SIZE 16"))
      // UIDs continue from there.
      if next == 5 { mailbox.deliver() }
      mailbox.write()
      try run()
    }
    let listing = try OtherServer.dovecot(fixture, ["pop3_uidl_format=%v.%u"]).listing()
    #expect(listing.uidls == ["77.1", "77.3", "77.5"])
  }

  @Test func `runs once at a time`() throws {
    mailbox.deliver()
    try run()
    let other = try ImportTarget(target)
    #expect(throws: CyrusImportError.inUse) { try run() }
    withExtendedLifetime(other) {}
  }

  // MARK: - Histories

  /// Deliveries, removals, flags and runs that end anywhere, against a model.
  @Test(arguments: 1...8 as ClosedRange<UInt64>) func `follows the mailbox`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<25 {
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        mailbox.deliver(.init(date: .random(in: 1...100, using: &random)))
      }
      for uid in mailbox.messages.keys.sorted() where Int.random(in: 0..<6, using: &random) == 0 {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: mailbox.messages[uid]?.flags = CyrusMailbox.expunged
        case 1: mailbox.messages[uid] = nil
        default: mailbox.messages[uid]?.flags ^= CyrusMailbox.seen
        }
      }
      if Int.random(in: 0..<3, using: &random) == 0 { try interrupt(&random) }
      let report = try run()
      let current = mailbox.messages.filter { $0.value.flags & CyrusMailbox.expunged == 0 }.sorted {
        $0.key < $1.key
      }
      #expect(try uidls() == current.map { "77.\($0.key)" })
      #expect(
        names().filter { $0.hasSuffix("S") }.count == current.count { $0.value.flags == CyrusMailbox.seen })
      #expect(report.messages == current.count && report.gone == 0)
      #expect(names(".") == ["cur", "dovecot-uidlist", "new", "tmp"])
    }
  }

  /// Leaves behind what an interrupted run would have left.
  private func interrupt(_ random: inout SeededGenerator) throws {
    try run()
    let staging = "\(target)/ocean-import"
    mkdir(staging, 0o700)
    fixture.replace("\(staging)/99", with: Array("half".utf8))
    if Bool.random(using: &random) {
      // The list is not written yet.
      let uid = mailbox.deliver()
      fixture.replace(
        "\(staging)/1.V77U\(String(10_000_000_000 + Int(uid)).dropFirst()).cyrus,S=4,W=4",
        with: Array("half".utf8))
    } else {
      // The list is written, and not all messages have moved.
      for name in names() where Bool.random(using: &random) {
        rename("\(target)/cur/\(name)", "\(staging)/\(MessageName.base(of: name))")
      }
    }
  }
}
