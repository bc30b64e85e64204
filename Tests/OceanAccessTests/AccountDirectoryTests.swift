import Glibc
import OceanAddresses
import OceanBase
import OceanPlan
import TestSupport
import Testing
@testable import OceanAccess

@Suite struct AccountDirectoryTests {
  private let folder: TemporaryDirectory
  private let clock = TestClock()

  init() throws {
    folder = try TemporaryDirectory()
    // An hour ahead: no file counts as just written.
    clock.set(secondsAhead: 3600)
  }

  private func directory(_ files: String..., defaultDomain: String? = nil) -> AccountDirectory {
    AccountDirectory(
      files.map { Plan.AccountSource(name: $0, passwdFile: $0) }, defaultDomain: defaultDomain
    ) { [clock] in clock.now }
  }

  private func login(_ name: String, _ password: String, _ directory: AccountDirectory) throws -> Identity? {
    try directory.lookup(name, service: "pop3", peer: somewhere).verify(SecretBytes(password)).identity
  }

  // MARK: - Names

  struct Login: Sendable {
    let name: String
    let defaultDomain: String?
    let password: String
    let identity: String?

    init(_ name: String, _ defaultDomain: String?, _ password: String, _ identity: String?) {
      self.name = name
      self.defaultDomain = defaultDomain
      self.password = password
      self.identity = identity
    }
  }

  @Test(arguments: [
    Login("anna", nil, "bare", "anna"), Login("ANNA", nil, "bare", "anna"), Login("anna", nil, "wrong", nil),
    Login("anna@example.org", nil, "address", "anna@example.org"),
    Login("anna@example.org", nil, "bare", nil),
    // The full address wins, whichever is typed.
    Login("anna", "example.org", "address", "anna@example.org"), Login("anna", "example.org", "bare", nil),
    Login("anna", "Example.ORG", "address", "anna@example.org"),
    Login("anna@EXAMPLE.org", "example.org", "address", "anna@example.org"),
    // A bare entry is an address of the default domain, and of no other.
    Login("ben", "example.org", "ben", "ben@example.org"),
    Login("ben@example.org", "example.org", "ben", "ben@example.org"),
    Login("ben@example.net", "example.org", "ben", nil), Login("ben@example.org", nil, "ben", nil),
    Login("ben", nil, "ben", "ben"),
    // An address of another domain has no short form.
    Login("cleo@example.net", "example.org", "cleo", "cleo@example.net"),
    Login("cleo", "example.org", "cleo", nil),
    Login("nobody", "example.org", "x", nil), Login("", nil, "x", nil), Login("anna\0", nil, "bare", nil),
    Login("anna\n", nil, "bare", nil), Login("../anna", nil, "bare", nil), Login("anna:", nil, "bare", nil),
    Login("#anna", nil, "bare", nil), Login(String(repeating: "a", count: 300), nil, "x", nil),
  ])
  func `names`(_ given: Login) throws {
    let path = try folder.write(
      "anna:{PLAIN}bare\nanna@example.org:{PLAIN}address\nben:{PLAIN}ben\ncleo@example.net:{PLAIN}cleo\n#anna:{PLAIN}bare\n"
    )
    let directory = directory(path, defaultDomain: given.defaultDomain)
    #expect(try login(given.name, given.password, directory)?.name == given.identity)
  }

  @Test func `identity holds what the mailbox needs`() throws {
    let path = try folder.write("anna:{PLAIN}x::::/home/anna::userdb_mail=maildir:/m/anna")
    let identity = try login("Anna", "x", directory(path, defaultDomain: "example.org"))
    #expect(identity == Identity(user: "anna", domain: "example.org", home: "/home/anna", maildir: "/m/anna"))
  }

  @Test func `first file with the name decides`() throws {
    let first = try folder.write("anna:!\nben:{PLAIN}one\n")
    let second = try folder.write("anna:{PLAIN}x\nben@example.org:{PLAIN}two\ncleo:{PLAIN}x\n", to: "more")
    let directory = directory(first, second, defaultDomain: "example.org")
    #expect(try login("anna", "x", directory) == nil)
    #expect(try login("ben", "one", directory) != nil)
    #expect(try login("ben@example.org", "two", directory) == nil)
    #expect(try login("cleo", "x", directory) != nil)
    let entry = try #require(directory.entry("anna"))
    #expect(entry.source == first && entry.account.line == 1 && entry.account.status == .disabled)
    #expect(entry.identity.name == "anna@example.org")
    #expect(directory.entry("nobody") == nil)
  }

  @Test func `networks`() throws {
    let path = try folder.write("anna:{PLAIN}x::::::allow_nets=192.0.2.0/31,2001:db8::/64")
    let directory = directory(path)
    for (peer, isAllowed) in [
      ("192.0.2.1", true), ("192.0.2.2", false), ("2001:db8::1", true), ("::1", false),
    ] {
      let candidate = directory.lookup("anna", service: "pop3", peer: try IPAddress(parsing: peer))
      #expect((try candidate.verify(SecretBytes("x")).identity != nil) == isAllowed)
    }
  }

  // MARK: - What a refusal costs

  private static let digest = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
  private static let refusedLogins = [
    "nobody", "disabled", "locked", "elsewhere", "broken", "", "bad/name", "\u{1}",
    String(repeating: "x", count: 999),
  ]

  /// For unknown, disabled, broken or impossible names, and clients not allowed from here, the check has the
  /// same scheme and cost as for a wrong password. They are never let in, not even by the password that the
  /// stand-in's owner has.
  @Test(arguments: refusedLogins) func `refusal is the work of a wrong password`(_ name: String) throws {
    let path = try folder.write(
      """
      anna:$2y$10$\(Self.digest)
      ben:$2a$10$\(Self.digest)
      cleo:{PLAIN}U*U
      disabled:{PLAIN}U*U::::::nologin
      locked:!$2y$05$\(Self.digest)
      elsewhere:{PLAIN}U*U::::::allow_nets=203.0.113.9
      broken:{PLAIN}U*U::::::proxy
      """)
    let directory = directory(path)
    let known = directory.lookup("anna", service: "pop3", peer: somewhere)
    let refused = directory.lookup(name, service: "pop3", peer: somewhere)
    #expect(refused.choices.last?.stored?.scheme == known.choices.first?.stored?.scheme)
    #expect(refused.isExpensive && known.isExpensive)
    #expect(try refused.verify(SecretBytes("U*U")).identity == nil)
  }

  /// The work is really done: measured in the thread's processor time, which other load does not change much.
  @Test func `processor time`() throws {
    let path = try folder.write("anna:$2y$10$\(Self.digest)\nlocked:!\n")
    let directory = directory(path)
    func time(_ name: String, _ password: String) throws -> Int {
      let candidate = directory.lookup(name, service: "pop3", peer: somewhere)
      var start = timespec()
      var end = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
      #expect(try candidate.verify(SecretBytes(password)).identity == nil)
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
      return (end.tv_sec - start.tv_sec) * 1_000_000_000 + end.tv_nsec - start.tv_nsec
    }
    let wrong = try time("anna", "wrong")
    for (name, password) in [
      ("nobody", "wrong"), ("locked", "wrong"), ("anna", ""), ("anna", "a\0b"),
      ("anna", String(repeating: "x", count: 999)),
      ("../anna", "wrong"),
    ] {
      #expect(try time(name, password) > wrong / 4)
    }
  }

  // MARK: - Changes of the file

  @Test func `changed file is picked up`() throws {
    let path = try folder.write("anna:{PLAIN}one\nben:{PLAIN}x\n")
    let directory = directory(path)
    #expect(try login("anna", "one", directory) != nil)
    #expect(try login("ben", "x", directory) != nil)
    try folder.replace("anna:{PLAIN}two\n")
    #expect(try login("anna", "one", directory) == nil)
    #expect(try login("anna", "two", directory) != nil)
    #expect(try login("ben", "x", directory) == nil)
    try folder.write("anna:{PLAIN}three!\n")
    #expect(try login("anna", "three!", directory) != nil)
  }

  /// The same inode, size and times for two contents. Two writes within one tick of the file system's clock
  /// cause this. Here a mapping does: writes to its page, if that is dirty already, do not touch the times.
  @Test(arguments: [(0 as Int64, true), (3600, false)])
  func `rewrite that the stamp does not show`(secondsAhead: Int64, isNoticed: Bool) throws {
    clock.set(secondsAhead: secondsAhead)
    let path = try folder.write("anna:{PLAIN}one\n")
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    let mapping = try #require(mmap(nil, 16, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
    defer { munmap(mapping, 16) }
    func write(_ text: String) { mapping.copyMemory(from: text, byteCount: text.utf8.count) }
    func stamp() -> FileStamp {
      var status = stat()
      #expect(stat(path, &status) == 0)
      return FileStamp(status)
    }
    let directory = directory(path)
    write("anna:{PLAIN}one")
    let before = stamp()
    #expect(try login("anna", "one", directory) != nil)
    write("anna:{PLAIN}two")
    // Write-back may come in between; then the times do change, and there is nothing to see.
    let isSilent = stamp() == before
    #expect(try (login("anna", "two", directory) != nil) == (isNoticed || !isSilent))
  }

  @Test func `unreadable or vanished file keeps the last good version`() throws {
    let path = try folder.write("anna:{PLAIN}one\n")
    let directory = directory(path)
    #expect(try login("anna", "one", directory) != nil)
    #expect(directory.health().first?.problem == nil)

    unlink(path)
    #expect(try login("anna", "one", directory) != nil)
    #expect(directory.health().first?.problem == .file(.unreadable(errno: ENOENT)))
    #expect(directory.health().first?.counts?.active == 1)

    mkdir(path, 0o700)
    #expect(directory.health().first?.problem == .file(.notRegularFile))
    rmdir(path)
    mkfifo(path, 0o600)
    #expect(directory.health().first?.problem == .file(.notRegularFile))
    unlink(path)

    try folder.write("")
    #expect(truncate(path, PasswdFile.maxLength + 1) == 0)
    #expect(directory.health().first?.problem == .file(.tooLarge))
    #expect(try login("anna", "one", directory) != nil)

    try folder.replace("anna:{PLAIN}two\n")
    #expect(try login("anna", "one", directory) == nil)
    #expect(try login("anna", "two", directory) != nil)
    #expect(directory.health().first?.problem == nil)
  }

  /// Until every file was read once, a refusal means nothing. A file behind the missing one may not let in an
  /// account that the missing one disables.
  @Test func `file that was never read`() throws {
    let present = try folder.write("anna:{PLAIN}x\n")
    let missing = "\(folder.path)/more"
    let before = directory(missing, present)
    let after = directory(present, missing)
    #expect(throws: VerificationError.accountsUnavailable) { try login("anna", "x", before) }
    #expect(try login("anna", "x", after) != nil)
    #expect(throws: VerificationError.accountsUnavailable) { try login("anna", "wrong", after) }
    #expect(throws: VerificationError.accountsUnavailable) { try login("nobody", "x", after) }
    try folder.write("anna:!\n", to: "more")
    #expect(try login("anna", "x", before) == nil)
    #expect(try login("anna", "x", after) != nil)
  }

  @Test func `concurrent logins during changes`() async throws {
    let path = try folder.write("anna:{PLAIN}x\nben:{PLAIN}0\n")
    clock.set(secondsAhead: 0)
    let directory = directory(path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<200 {
            let candidate = directory.lookup("anna", service: "pop3", peer: somewhere)
            let identity = try candidate.verify(SecretBytes("x")).identity
            #expect(identity != nil)
          }
        }
      }
      for version in 1...50 { try folder.replace("anna:{PLAIN}x\nben:{PLAIN}\(version)\n") }
      try await group.waitForAll()
    }
    #expect(try login("ben", "50", directory) != nil)
  }
}
