import Glibc
import OceanUIDL
import TestSupport
import Testing

@testable import OceanStore

/// Two stores with indexes of their own are like two hosts: no message has two ids, and no id is that of two messages.
@Suite struct SharedIDTests {
  private let fixture = Fixture()
  private let other = Fixture()

  private var place: LockPlace { .shared(base: fixture.root) }
  private var file: String { fixture.maildir + "/ocean-ids" }
  private static let dovecot = UIDLScheme.dovecot(.standard)

  private func ids(_ host: Fixture, _ scheme: UIDLScheme = .ocean) throws -> [String] {
    try host.indexed().open(fixture.maildir, uidls: scheme, locks: place).uidls
  }

  private func setTime(_ name: String, _ seconds: Int) {
    let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    utimensat(AT_FDCWD, fixture.maildir + "/" + name, times, 0)
  }

  private func list(_ validity: Int, _ names: [String]) {
    let lines = names.enumerated().map { "\($0.offset + 1) :\($0.element)\n" }.joined()
    fixture.replace(
      fixture.maildir + "/dovecot-uidlist",
      with: Array("3 V\(validity) N\(names.count + 1) G0\n\(lines)".utf8))
  }

  @Test func `ids that are made of names are not written down`() throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    #expect(try ids(fixture) == ["1.a", "2.a", "3.a"])
    #expect(try ids(other) == ["1.a", "2.a", "3.a"])
    #expect(!fixture.exists("ocean-ids"))
  }

  @Test func `a host alone writes nothing`() throws {
    for folder in ["new", "cur"] { fixture.write("\(folder)/1.a") }
    _ = try fixture.indexed().open(fixture.maildir).uidls
    #expect(!fixture.exists("ocean-ids"))
  }

  /// The second host would take the older file for the original.
  @Test func `the first host says which file is the copy`() throws {
    fixture.write("new/1.a")
    setTime("new/1.a", 2000)
    #expect(try ids(fixture) == ["1.a"])
    fixture.write("cur/1.a")
    setTime("cur/1.a", 1000)
    let first = try fixture.indexed().open(fixture.maildir, locks: place)
    let shown = Dictionary(
      (0..<2).map { (first.path(of: $0), first.uidl($0)) }, uniquingKeysWith: { $1 })
    first.close()
    #expect(shown[fixture.maildir + "/new/1.a"] == "1.a")
    let second = try other.indexed().open(fixture.maildir, locks: place)
    for index in 0..<2 { #expect(second.uidl(index) == shown[second.path(of: index)]) }
  }

  /// What a host has found out alone gives way to what was shown first.
  @Test func `an index gives way to what others have seen`() throws {
    fixture.write("new/1.a")
    fixture.write("cur/1.a")
    setTime("new/1.a", 1000)
    let before = try fixture.indexed().open(fixture.maildir).uidls
    #expect(Set(before).count == 2)
    setTime("new/1.a", 3_000_000_000)
    let shown = try ids(other)
    #expect(shown != before)
    #expect(try ids(fixture) == shown)
    // It is in the index now.
    #expect(try fixture.indexed().open(fixture.maildir).uidls == shown)
  }

  @Test func `what a host knew before it shared is shared`() throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    list(7, ["1.a", "2.a"])
    let before = try fixture.indexed().open(fixture.maildir, uidls: Self.dovecot).uidls
    #expect(before == ["0000000100000007", "0000000200000007", "3.a"])
    #expect(try ids(fixture, Self.dovecot) == before)
    list(8, ["3.a", "2.a", "1.a"])
    #expect(Set(try ids(other, Self.dovecot)) == Set(before))
  }

  @Test func `another server's list may change`() throws {
    for number in 1...3 { fixture.write("new/\(number).a") }
    list(7, ["1.a", "2.a"])
    let shown = Set(try ids(fixture, Self.dovecot))
    list(8, ["3.a", "2.a", "1.a"])
    #expect(Set(try ids(other, Self.dovecot)) == shown)
    remove("dovecot-uidlist")
    #expect(Set(try ids(other, Self.dovecot)) == shown)
    // Ocean's own scheme leaves the ids that messages have.
    #expect(Set(try ids(Fixture())) == shown)
    // So does another scheme whose list does not have them. One whose list has them gives others.
    #expect(Set(try ids(Fixture(), .courier)) == shown)
    fixture.replace(
      fixture.maildir + "/courierpop3dsizelist", with: Array("/2 4 9\n1.a 3 1:9\n2.a 3 2:9\n".utf8))
    #expect(Set(try ids(Fixture(), .courier)) == shown)
    fixture.write("new/4.a")
    list(9, ["4.a"])
    #expect(try ids(Fixture(), Self.dovecot).contains("0000000100000009"))
    let before = Set(try ids(fixture, Self.dovecot))
    fixture.replace(
      fixture.maildir + "/courierpop3dsizelist", with: Array("/2 4 9\n4.a 3 3:9\n".utf8))
    let after = Set(try ids(fixture, .courier))
    #expect(after == before.subtracting(["0000000100000009"]).union(["UID3-9"]))
    #expect(Set(try ids(other, .courier)) == after)
  }

  private func remove(_ name: String) { fixture.remove(name) }

  @Test func `a file that comes back from a backup keeps its id`() throws {
    fixture.write("new/1.a")
    list(7, ["1.a"])
    #expect(try ids(fixture, Self.dovecot) == ["0000000100000007"])
    rename(fixture.maildir + "/new/1.a", fixture.maildir + "/tmp/old")
    fixture.write("cur/1.a:2,S")
    list(8, ["1.a"])
    #expect(try ids(other, Self.dovecot) == ["0000000100000007"])
  }

  /// A host that dies while it writes has shown nothing.
  @Test func `a line without its end is none`() throws {
    fixture.write("new/1.a")
    list(7, ["1.a"])
    _ = try ids(fixture, Self.dovecot)
    let whole = fixture.read(file)
    for length in 0..<whole.count - 1 {
      fixture.replace(file, with: whole[..<length])
      list(8, ["1.a"])
      #expect(try ids(Fixture(), Self.dovecot) == ["0000000100000008"])
      list(9, ["1.a"])
      #expect(try ids(Fixture(), Self.dovecot) == ["0000000100000008"])
    }
    // A line that was changed is not believed.
    for position in whole.indices.dropLast() {
      var damaged = whole
      damaged[position] ^= 1
      fixture.replace(file, with: damaged)
      list(8, ["1.a"])
      #expect(try ids(Fixture(), Self.dovecot) == ["0000000100000008"])
    }
  }

  @Test(arguments: ["with space", "line\nfeed", "per%cent%20", "%", "\u{e4}\u{301}", "a\\b"])
  func `any name`(name: String) throws {
    fixture.write("new/\(name)")
    list(7, [])
    let shown = try ids(fixture, Self.dovecot)
    #expect(!fixture.read(file).isEmpty)
    list(8, [name])
    #expect(try ids(other, Self.dovecot) == shown)
  }

  @Test func `no id is shown that others do not learn`() throws {
    for folder in ["new", "cur"] { fixture.write("\(folder)/1.a") }
    symlink("/dev/null", file)
    #expect(throws: StoreError.badList(path: file)) { try ids(fixture) }
    unlink(file)
    mkfifo(file, 0o600)
    #expect(throws: StoreError.badList(path: file)) { try ids(fixture) }
    unlink(file)
    fixture.replace(fixture.root + "/two", with: [])
    link(fixture.root + "/two", file)
    #expect(throws: StoreError.badList(path: file)) { try ids(fixture) }
    unlink(file)
    #expect(try ids(fixture).count == 2)
  }

  /// Deliveries, copies, renames, removals, another server that renumbers, and hosts that lose their indexes; compared with
  /// a table of what was shown.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6]) func `one name for one message`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let scheme = seed.isMultiple(of: 2) ? Self.dovecot : .ocean
    var hosts = [fixture, other, Fixture()]
    var stores = try hosts.map { try $0.indexed() }
    var (files, made, validity) = ([(name: String, number: Int)](), 0, 1)
    // By the number of a file: its inode may be another file's later.
    var shown: [Int: String] = [:]
    var owners: [String: String] = [:]
    func base(_ name: String) -> String { String(name.split(separator: "/")[1].split(separator: ":")[0]) }
    func make(_ name: String, at time: Int) {
      fixture.write(name)
      setTime(name, time)
      made += 1
      files.append((name, made))
    }
    for round in 0..<400 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0...2: make("new/\(1000 + made).a", at: round * 10)
      case 3:
        guard let original = files.randomElement(using: &random) else { break }
        make("cur/\(base(original.name)):2,\(round)", at: round * 10)
      case 4:
        guard let index = files.indices.randomElement(using: &random) else { break }
        let name = "cur/\(base(files[index].name)):2,S\(round)"
        fixture.rename(files[index].name, name)
        files[index].name = name
      case 5:
        guard let index = files.indices.randomElement(using: &random) else { break }
        // A message is its base name and inode: no other file of that name may have the inode later.
        let (name, number) = files.remove(at: index)
        Glibc.rename(fixture.maildir + "/" + name, other.root + "/removed-\(number)")
      case 6:
        validity += 1
        let bases = Set(files.map { base($0.name) })
        list(validity, bases.filter { _ in Bool.random(using: &random) }.sorted())
      case 7:
        let host = Int.random(in: 0..<3, using: &random)
        if Bool.random(using: &random) { hosts[host] = Fixture() }
        stores[host] = try hosts[host].indexed()
      default:
        let host = Int.random(in: 0..<3, using: &random)
        let mailbox = try stores[host].open(fixture.maildir, uidls: scheme, locks: place)
        defer { mailbox.close() }
        #expect(mailbox.count == files.count)
        let ids = mailbox.uidls
        #expect(Set(ids).count == ids.count)
        for (index, id) in ids.enumerated() {
          let name = String(mailbox.path(of: index).dropFirst(fixture.maildir.count + 1))
          let number = try #require(files.first { $0.name == name }).number
          #expect(shown[number] == nil || shown[number] == id, "\(name) in round \(round)")
          shown[number] = id
          #expect(owners[id] == nil || owners[id] == base(name), "\(id) in round \(round)")
          owners[id] = base(name)
        }
      }
    }
  }
}
